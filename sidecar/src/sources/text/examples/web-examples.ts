// Examples of web servers and applications behind them, for tests alone; see example.ts.
// Every line is made up here.

import { type FormatExample, PEER, syslog } from "./example.ts";

const access = (user: string, status: number) =>
  `${PEER} - ${user} [03/Mar/2026:04:05:06 +0000] "GET / HTTP/1.1" ${status} 12 "-" "x"`;
const nginx = (text: string) =>
  `2026/03/03 04:05:06 [error] 7#7: *1 ${text}, client: ${PEER}, server: s, request: "GET / ` +
  'HTTP/1.1", host: "h"';
const apache = (text: string) =>
  `[Tue Mar 03 04:05:06.123456 2026] [auth_basic:error] [pid 7] [client ${PEER}:4444] ${text}`;

export const WEB_EXAMPLES: readonly FormatExample[] = [
  {
    format: "apache",
    line: (user) => apache(`AH01618: user ${user} not found: /`),
    reject: apache("AH00128: File does not exist: /var/www/x"),
  },
  {
    format: "nginx",
    // A colon ends the name of basic authentication and begins its password.
    line: (user) =>
      nginx(`user "${user.replaceAll(":", "")}" was not found in "/etc/nginx/.htpasswd"`),
    reject: nginx('open() "/var/www/x" failed (2: No such file or directory)'),
  },
  { format: "nginx", line: (user) => access(user, 401), reject: access("-", 200) },
  {
    format: "lighttpd",
    line: (user) =>
      `2026-03-03 04:05:06: (mod_auth.c.9) password doesn't match for / ` +
      `username: ${user}, IP: ${PEER}`,
    reject: "2026-03-03 04:05:06: (server.c.9) server started",
  },
  {
    format: "haproxy",
    line: () =>
      syslog(
        "haproxy[7]",
        `${PEER}:4444 [03/Mar/2026:04:05:06.123] www www/<NOSRV> 0/-1/-1/-1/0 401 248 - - ` +
          'PR-- 0/0/0/0/0 0/0 "GET / HTTP/1.1"',
      ),
    reject: syslog(
      "haproxy[7]",
      `${PEER}:4444 [03/Mar/2026:04:05:06.123] www www/a 0/0/0/0/0 200 248 - - ` +
        '---- 0/0/0/0/0 0/0 "GET / HTTP/1.1"',
    ),
  },
  {
    format: "adguardhome",
    line: () =>
      `2026/03/03 04:05:06.123456 [error] POST ${PEER} /control/login: invalid ` +
      `username or password`,
    reject: `2026/03/03 04:05:06.123456 [info] POST ${PEER} /control/logout`,
  },
  {
    format: "gitea",
    line: (user) =>
      "2026/03/03 04:05:06 ...ers/web/auth/auth.go:200:SignInPost() [I] Failed authentication " +
      `attempt for ${user} from ${PEER}:4444: user does not exist [uid: 0, name: n, keyid: 0]`,
    reject: `2026/03/03 04:05:06 ...outers/web/home.go:9:Home() [I] GET / for ${PEER}:4444`,
  },
  {
    format: "redmine",
    line: (user) =>
      `W, [2026-03-03T04:05:06.123456 #7]  WARN -- : Failed login for '${user}' from ${PEER} at ` +
      "2026-03-03 04:05:06 UTC",
    reject: `I, [2026-03-03T04:05:06.123456 #7]  INFO -- : Started GET "/" for ${PEER}`,
  },
  {
    format: "jellyfin",
    line: (user) =>
      "[2026-03-03 04:05:06.123 +00:00] [INF] [7] Jellyfin.Server.Implementations.Users." +
      `UserManager: Authentication request for "${user}" has been denied (IP: "${PEER}").`,
    reject: `[2026-03-03 04:05:06.123 +00:00] [INF] [7] Main: Request from "${PEER}" took 3 ms.`,
  },
  {
    format: "jellyseerr",
    line: (user) =>
      "2026-03-03T04:05:06.123Z [warn][API]: Failed sign-in attempt using invalid Overseerr " +
      `password {"ip":"${PEER}","email":"${user}"}`,
    reject: `2026-03-03T04:05:06.123Z [info][API]: Sign-in {"ip":"${PEER}","email":"a"}`,
  },
  {
    format: "ombi",
    line: () => `2026-03-03 04:05:06.123 +00:00 [Warning] Failed login attempt by IP: ${PEER}`,
    reject: `2026-03-03 04:05:06.123 +00:00 [Information] Request by IP: ${PEER}`,
  },
  {
    format: "bitwarden",
    line: () => `2026-03-03 04:05:06.123 +00:00 [WRN] Failed login attempt, 2FA invalid. ${PEER}`,
    reject: `2026-03-03 04:05:06.123 +00:00 [INF] Request finished. ${PEER}`,
  },
  {
    format: "vaultwarden",
    line: (user) =>
      "[2026-03-03 04:05:06.123][vaultwarden::api::identity][ERROR] Username or password is " +
      `incorrect. Try again. IP: ${PEER}. Username: ${user}.`,
    reject: `[2026-03-03 04:05:06.123][vaultwarden::api::identity][INFO] Seen. IP: ${PEER}.`,
  },
  {
    format: "paperless-ngx",
    line: (user) =>
      `[2026-03-03 04:05:06,123] [INFO] [paperless.auth] Login failed for ` +
      `user \`${user}\` from IP ` +
      `\`${PEER}\`.`,
    reject: "[2026-03-03 04:05:06,123] [INFO] [paperless.tasks] No e-mail",
  },
  {
    format: "nextcloud",
    line: (user) => syslog("nextcloud[7]", `{core} Login failed: '${user}' (Remote IP: '${PEER}')`),
    reject: syslog("nextcloud[7]", `{core} Login done: 'a' (Remote IP: '${PEER}')`),
  },
  {
    format: "immich",
    line: (user) =>
      "[Nest] 7  - 03/03/2026, 4:05:06 AM   WARN [AuthService] Failed login attempt for user " +
      `${user} from ip address ${PEER}`,
    reject: `[Nest] 7  - 03/03/2026, 4:05:06 AM   LOG [Api] Request from ip address ${PEER}`,
  },
  {
    format: "audiobookshelf",
    line: (user) =>
      `[2026-03-03 04:05:06.123] ERROR: [Auth] Failed login attempt for username ` +
      `"${user}" from ip ` +
      `${PEER} (User not found)`,
    reject: `[2026-03-03 04:05:06.123] INFO: [Auth] Logged in "a" from ip ${PEER}`,
  },
  {
    format: "home-assistant",
    line: (user) =>
      "2026-03-03 04:05:06.123 WARNING (MainThread) [homeassistant.components.http.ban] Login " +
      `attempt or request with invalid authentication from c.example (${PEER}). (${user})`,
    reject: `2026-03-03 04:05:06.123 INFO (MainThread) [homeassistant.core] Call from ${PEER}`,
  },
  {
    format: "mealie",
    line: () => `[ERROR|auth|L83] 2026-03-03T04:05:06: Incorrect username or password from ${PEER}`,
    reject: `[INFO|auth|L83] 2026-03-03T04:05:06: Login from ${PEER}`,
  },
  {
    format: "qbittorrent",
    line: (user) =>
      "(W) 2026-03-03T04:05:06 - WebAPI login failure. Reason: invalid credentials, attempt " +
      `count: 1, IP: ${PEER}, username: ${user}`,
    reject: `(N) 2026-03-03T04:05:06 - Peer from IP: ${PEER}`,
  },
  {
    format: "uptime-kuma",
    line: (user) =>
      "2026-03-03T04:05:06.123Z [AUTH] WARN: Incorrect username or password for user " +
      `${user}. IP=${PEER}`,
    reject: `2026-03-03T04:05:06.123Z [AUTH] INFO: Login by token. IP=${PEER}`,
  },
  {
    format: "technitium",
    line: (user) =>
      `[2026-03-03 04:05:06 UTC] [${PEER}:4444] DnsServerCore.DnsWebServiceException: Invalid ` +
      `username or password for user: ${user}`,
    reject: `[2026-03-03 04:05:06 UTC] [${PEER}:4444] User logged out.`,
  },
  {
    format: "zoneminder",
    line: (user) =>
      `03/03/26 04:05:06.123456 web_php[7].ERR [${PEER}] [Could not retrieve ` +
      `user ${user} details] ` +
      "at /usr/share/zoneminder/www/includes/auth.php line 1",
    reject: `03/03/26 04:05:06.123456 web_php[7].INF [${PEER}] [Creating token] at /x line 1`,
  },
  {
    format: "fireflyiii",
    line: (user) =>
      `[2026-03-03 04:05:06] local.WARNING: AUDIT: Login failed. Attempt for user "${user}" ` +
      `failed. (${PEER} -> POST:https://f.example/login)`,
    reject: `[2026-03-03 04:05:06] local.INFO: AUDIT: Page (${PEER} -> GET:https://f.example/)`,
  },
  {
    format: "bookstack",
    line: (user) => `2026-03-03 04:05:06 Failed login for ${user} from ${PEER}`,
    reject: `2026-03-03 04:05:06 Login of a from ${PEER}`,
  },
  {
    format: "meshcentral",
    line: (user) =>
      `2026-03-03 04:05:06 meshcentral: Failed login for ${user} from ${PEER}, port 4`,
    reject: `2026-03-03 04:05:06 meshcentral: Accepted password for a from ${PEER}, port 4`,
  },
  {
    format: "phpmyadmin",
    line: (user) => syslog("phpMyAdmin[7]", `user denied: ${user} (mysql-denied) from ${PEER}`),
    reject: syslog("phpMyAdmin[7]", `user authenticated: a from ${PEER}`),
  },
  {
    format: "drupal",
    line: (user) =>
      syslog(
        "drupal",
        `https://d.example|1772510706|user|${PEER}|https://d.example/user|https://d.example|0||` +
          `Login attempt failed for ${user}.`,
      ),
    reject: syslog(
      "drupal",
      `https://d.example|1772510706|user|${PEER}|https://d.example/user|https://d.example|1||` +
        "Session opened for a.",
    ),
  },
  {
    format: "wordpress",
    line: (user) =>
      syslog("wordpress(b.example)[7]", `Authentication failure for ${user} from ${PEER}`),
    reject: syslog("wordpress(b.example)[7]", `Pingback from ${PEER}`),
  },
  {
    format: "tine20",
    line: (user) =>
      "a1b2c3 -- none -- - 2026-03-03T04:05:06+00:00 WARN (4): Tinebase_Controller::login::106 " +
      `Login with username ${user} from ${PEER} failed (-1)!`,
    reject: "a1b2c3 -- none -- - 2026-03-03T04:05:06+00:00 INFO (6): Tinebase_Core::dispatch",
  },
  {
    format: "seafile",
    line: (user) =>
      "2026-03-03 04:05:06,123 [WARNING] seahub.auth.views:9 login Login attempt limit reached, " +
      `username: ${user}, ip: ${PEER}, attempts: 3`,
    reject: `2026-03-03 04:05:06,123 [INFO] seahub.auth.views:9 login ip: ${PEER}, attempts: 0`,
  },
  {
    format: "calibre-web",
    line: (user) =>
      `[2026-03-03 04:05:06,123]  WARN {cps.web:9} Login failed for user ` +
      `"${user}" IP-address: ${PEER}`,
    reject: `[2026-03-03 04:05:06,123]  INFO {cps.web:9} Page for IP-address: ${PEER}`,
  },
  {
    format: "arr",
    line: (user) => `2026-03-03 04:05:06.1|Warn|Auth|Auth-Failure ip ${PEER} username '${user}'`,
    reject: `2026-03-03 04:05:06.1|Info|Auth|Auth-Logout ip ${PEER} username 'a'`,
  },
  {
    format: "harbor",
    line: (user) =>
      `2026-03-03T04:05:06Z [ERROR] [/core/login.go:9]: Failed to authenticate ` +
      `user: ${user} from ${PEER}`,
    reject: `2026-03-03T04:05:06Z [INFO] [/core/login.go:9]: Authenticated user from ${PEER}`,
  },
];
