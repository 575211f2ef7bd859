// One made-up line of every declared format, as a function of the name that a stranger typed, and
// the nearest line that must not be held against anybody. For tests alone: whoever declares a format
// adds its example here.

export interface FormatExample {
  readonly format: string;
  readonly line: (user: string) => string;
  /** What the line above must never be taken for: a line that names nobody. */
  readonly reject: string;
  readonly kind?: "login-probed";
}

/** The peer in every example. */
export const PEER = "203.0.113.9";
/** An address that only a stranger's own words name. */
export const VICTIM = "198.51.100.66";

const syslog = (tag: string, message: string) => `Mar  3 04:05:06 host ${tag}: ${message}`;
const iso = (message: string) => `2026-03-03 04:05:06,123 ${message}`;
const access = (user: string, status: number) =>
  `${PEER} - ${user} [03/Mar/2026:04:05:06 +0000] "GET / HTTP/1.1" ${status} 12 "-" "x"`;
const nginx = (text: string) =>
  `2026/03/03 04:05:06 [error] 7#7: *1 ${text}, client: ${PEER}, server: s, request: "GET / ` +
  'HTTP/1.1", host: "h"';
const apache = (text: string) =>
  `[Tue Mar 03 04:05:06.123456 2026] [auth_basic:error] [pid 7] [client ${PEER}:4444] ${text}`;

export const MAIL_EXAMPLES: readonly FormatExample[] = [
  {
    format: "dovecot",
    line: (user) =>
      syslog(
        "dovecot",
        `imap-login: Disconnected (auth failed, 1 attempts): user=<${user}>, method=PLAIN, ` +
          `rip=${PEER}, lip=192.0.2.1, TLS`,
      ),
    reject: syslog(
      "dovecot",
      `imap-login: Disconnected (no auth attempts): user=<>, rip=${PEER}, lip=192.0.2.1`,
    ),
  },
  {
    format: "dovecot",
    line: (user) => syslog("dovecot", `auth-worker(9): pam(${user},${PEER}): unknown user`),
    reject: syslog("dovecot", `auth-worker(9): pam(a,${PEER}): lookup`),
  },
  {
    format: "postfix",
    line: (user) =>
      syslog(
        "postfix/smtpd[7]",
        `warning: unknown[${PEER}]: SASL LOGIN authentication failed: ${user}`,
      ),
    reject: syslog(
      "postfix/smtpd[7]",
      `warning: unknown[${PEER}]: SASL LOGIN authentication failed: ` +
        "Connection lost to authentication server",
    ),
  },
  {
    format: "exim",
    line: (user) =>
      `2026-03-03 04:05:06 plain_login authenticator failed for (mail) [${PEER}]: ` +
      `535 Incorrect authentication data (set_id=${user})`,
    reject: `2026-03-03 04:05:06 plain_login authenticator warned for (mail) [${PEER}]: 235 ok`,
  },
  {
    format: "sendmail",
    line: (user) =>
      syslog(
        "sm-mta[7]",
        `x1234567890: AUTH failure (LOGIN): user not found (-20), user=${user}, relay=[${PEER}]`,
      ),
    reject: syslog("sm-mta[7]", `x1234567890: AUTH success (LOGIN), user=a, relay=[${PEER}]`),
  },
  {
    format: "courier",
    line: (user) => syslog("imapd", `LOGIN FAILED, user=${user}, ip=[${PEER}]`),
    reject: syslog("imapd", `LOGOUT, user=a, ip=[${PEER}]`),
  },
  {
    format: "cyrus",
    line: (user) => syslog("cyrus/imap[7]", `badlogin: c.example [${PEER}] plaintext ${user} no`),
    reject: syslog("cyrus/imap[7]", `starttls: TLSv1.3 [${PEER}] no authentication`),
  },
  {
    format: "opensmtpd",
    line: (user) =>
      syslog(
        "smtpd[7]",
        `0123456789abcdef smtp failed-command address=${PEER} host=h command="AUTH ${user}" ` +
          'result="535 Authentication failed"',
      ),
    reject: syslog("smtpd[7]", `0123456789abcdef smtp connected address=${PEER} host=h`),
  },
  {
    format: "mailu-admin",
    line: () =>
      iso(`WARNING in limiter: Authentication attempt from ${PEER} has been rate-limited.`),
    reject: iso(`WARNING in limiter: Authentication attempt from ${PEER} has been taken.`),
  },
  {
    format: "zimbra",
    line: (user) =>
      iso(
        `WARN  [qtp-1:https] [name=n;oip=${PEER};ua=z;] security - cmd=Auth; account=${user}; ` +
          `error=authentication failed for [${user}]`,
      ),
    reject: iso(`INFO  [qtp-1:https] [name=n;oip=${PEER};ua=z;] soap - AuthRequest elapsed=3`),
  },
  {
    format: "roundcube",
    line: (user) =>
      `[03-Mar-2026 04:05:06 +0000]: <a1b2c3d4> Failed login for ${user} from ${PEER} in session ` +
      "a1b2 (error: 0)",
    reject: `[03-Mar-2026 04:05:06 +0000]: <a1b2c3d4> Successful login for a (ID: 1) from ${PEER}`,
  },
  {
    format: "sogo",
    line: (user) =>
      `Mar  3 04:05:06 sogod [7]: SOGoRootPage Login from '${PEER}' for user '${user}' might not ` +
      "have worked - password policy: 65535  grace: -1  expire: -1  bound: 0",
    reject: `Mar  3 04:05:06 sogod [7]: SOGoRootPage successful login from '${PEER}' for user 'a'`,
  },
  {
    format: "squirrelmail",
    line: (user) =>
      `03/03/2026 04:05:06 [LOGIN_ERROR] ${user} (mail.example) from ${PEER}: Unknown user`,
    reject: `03/03/2026 04:05:06 [LOGIN] a (mail.example) from ${PEER}: done`,
  },
  {
    format: "horde",
    line: (user) =>
      syslog("HORDE", `[horde] FAILED LOGIN for ${user} [${PEER}] to Horde [pid 7 on line 1]`),
    reject: syslog("HORDE", `[horde] Login success for a [${PEER}] to Horde [pid 7 on line 1]`),
  },
];

export const LOGIN_EXAMPLES: readonly FormatExample[] = [
  {
    format: "dropbear",
    line: (user) => syslog("dropbear[7]", `Bad password attempt for '${user}' from ${PEER}:4444`),
    reject: syslog("dropbear[7]", `Child connection from ${PEER}:4444`),
  },
  {
    format: "proftpd",
    line: (user) =>
      syslog(
        "proftpd[7]",
        `srv (c.example[${PEER}]) - USER ${user} (Login failed): Incorrect password`,
      ),
    reject: syslog("proftpd[7]", `srv (c.example[${PEER}]) - FTP session opened.`),
  },
  {
    format: "vsftpd",
    line: (user) => `Tue Mar  3 04:05:06 2026 [pid 7] [${user}] FAIL LOGIN: Client "${PEER}"`,
    reject: `Tue Mar  3 04:05:06 2026 [pid 7] CONNECT: Client "${PEER}"`,
  },
  {
    format: "pure-ftpd",
    line: (user) =>
      syslog("pure-ftpd", `(?@${PEER}) [WARNING] Authentication failed for user [${user}]`),
    reject: syslog("pure-ftpd", `(?@${PEER}) [INFO] New connection from ${PEER}`),
  },
  {
    format: "wuftpd",
    line: (user) => syslog("ftpd[7]", `failed login from c.example [${PEER}], ${user}`),
    reject: syslog("ftpd[7]", `login from c.example [${PEER}]`),
  },
  {
    format: "xrdp",
    line: (user) => `[20260303-04:05:06] [INFO ] AUTHFAIL: user=${user} ip=${PEER} time=1772510706`,
    reject: `[20260303-04:05:06] [INFO ] connection from ip=${PEER}`,
  },
  {
    format: "guacamole",
    line: (user) =>
      syslog(
        "tomcat9[7]",
        "[http-1] WARN  o.a.g.r.auth.AuthenticationService - Authentication attempt " +
          `from ${PEER} for user "${user}" failed.`,
      ),
    reject: syslog("tomcat9[7]", `[http-1] INFO  o.a.g.r.auth - User joined from ${PEER}.`),
  },
  {
    format: "endlessh",
    line: () => `2026-03-03T04:05:06.123Z ACCEPT host=${PEER} port=4 fd=4 n=1/9`,
    reject: "2026-03-03T04:05:06.123Z Port 22",
    kind: "login-probed",
  },
  {
    format: "endlessh-go",
    line: () => `I0303 04:05:06.123456 7 main.go:99] ACCEPT host=${PEER} port=4 n=1/9`,
    reject: "I0303 04:05:06.123456 7 main.go:99] Starting",
    kind: "login-probed",
  },
  {
    format: "cowrie",
    line: (user) =>
      `2026-03-03T04:05:06+0000 [SSHService b'x' on HoneyPotSSHTransport,1,${PEER}] login attempt ` +
      `[${user}] failed`,
    reject: `2026-03-03T04:05:06+0000 [HoneyPotSSHTransport,1,${PEER}] Connection lost`,
  },
  {
    format: "sshesame",
    line: (user) =>
      `2026/03/03 04:05:06 [${PEER}:4444] authentication for user "${user}" with password "p" rejected`,
    reject: `2026/03/03 04:05:06 [${PEER}:4444] connection closed`,
  },
  {
    format: "mikrotik",
    line: (user) =>
      `2026-03-03T04:05:06+00:00 gw system,error,critical login failure for user ${user} from ` +
      `${PEER} via ssh`,
    reject: `2026-03-03T04:05:06+00:00 gw system,info,account user a logged out from ${PEER} via ssh`,
  },
  {
    format: "screensharingd",
    line: (user) =>
      syslog(
        "screensharingd[7]",
        `Authentication: FAILED :: User Name: ${user} :: Viewer Address: ${PEER} :: Type: DH`,
      ),
    reject: syslog(
      "screensharingd[7]",
      `Authentication: SUCCEEDED :: User Name: a :: Viewer Address: ${PEER} :: Type: DH`,
    ),
  },
  {
    format: "telnetd",
    line: (user) => syslog("login[7]", `FAILED LOGIN 1 FROM ${PEER} FOR ${user}, Bad password`),
    reject: syslog("login[7]", `LOGIN ON pts/1 BY a FROM ${PEER}`),
  },
];

export const WEB_EXAMPLES: readonly FormatExample[] = [
  {
    format: "apache",
    line: (user) => apache(`AH01618: user ${user} not found: /`),
    reject: apache("AH00128: File does not exist: /var/www/x"),
  },
  {
    format: "nginx",
    line: (user) => nginx(`user "${user}" was not found in "/etc/nginx/.htpasswd"`),
    reject: nginx('open() "/var/www/x" failed (2: No such file or directory)'),
  },
  { format: "nginx", line: (user) => access(user, 401), reject: access("-", 200) },
  {
    format: "lighttpd",
    line: (user) =>
      `2026-03-03 04:05:06: (mod_auth.c.9) password doesn't match for / username: ${user}, IP: ${PEER}`,
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
      `2026/03/03 04:05:06.123456 [error] POST ${PEER} /control/login: invalid username or password`,
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
      `[2026-03-03 04:05:06,123] [INFO] [paperless.auth] Login failed for user \`${user}\` from IP ` +
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
      `[2026-03-03 04:05:06.123] ERROR: [Auth] Failed login attempt for username "${user}" from ip ` +
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
      `03/03/26 04:05:06.123456 web_php[7].ERR [${PEER}] [Could not retrieve user ${user} details] ` +
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
      `[2026-03-03 04:05:06,123]  WARN {cps.web:9} Login failed for user "${user}" IP-address: ${PEER}`,
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
      `2026-03-03T04:05:06Z [ERROR] [/core/login.go:9]: Failed to authenticate user: ${user} from ${PEER}`,
    reject: `2026-03-03T04:05:06Z [INFO] [/core/login.go:9]: Authenticated user from ${PEER}`,
  },
];

const asterisk = (event: string, user: string) =>
  `[2026-03-03 04:05:06] SECURITY[7] res_security_log.c: SecurityEvent="${event}",` +
  `EventTV="2026-03-03T04:05:06.123+0000",Severity="Error",Service="SIP",EventVersion="2",` +
  `AccountID="${user}",SessionID="0x1",LocalAddress="IPV4/UDP/192.0.2.1/5060",` +
  `RemoteAddress="IPV4/UDP/${PEER}/5060",Challenge="1"`;

export const INFRA_EXAMPLES: readonly FormatExample[] = [
  {
    format: "mysql",
    line: (user) =>
      `2026-03-03T04:05:06.123456Z 9 [Note] [MY-010926] [Server] Access denied for user ` +
      `'${user}'@'${PEER}' (using password: YES)`,
    reject: `2026-03-03T04:05:06.123456Z 9 [Note] Aborted connection 9 to db: 'd' host: '${PEER}'`,
  },
  {
    format: "postgresql",
    line: (user) =>
      `2026-03-03 04:05:06.123 UTC [7] ${PEER}(4444) FATAL:  password authentication failed for ` +
      `user "${user}"`,
    reject: `2026-03-03 04:05:06.123 UTC [7] ${PEER}(4444) LOG:  connection authorized: user=a`,
  },
  {
    format: "mssql",
    line: (user) =>
      `2026-03-03 04:05:06.12 Logon       Login failed for user '${user}'. Reason: Password did ` +
      `not match that for the login provided. [CLIENT: ${PEER}]`,
    reject: `2026-03-03 04:05:06.12 Logon       Login succeeded for user 'a'. [CLIENT: ${PEER}]`,
  },
  {
    format: "mongodb-text",
    line: (user) =>
      `2026-03-03T04:05:06.123+0000 I ACCESS   [conn7] SCRAM-SHA-1 authentication failed for ` +
      `${user} on admin from client ${PEER}:4444 ; UserNotFound: no user`,
    reject: `2026-03-03T04:05:06.123+0000 I NETWORK  [conn7] end connection ${PEER}:4444`,
  },
  {
    format: "openvpn",
    line: () =>
      `2026-03-03 04:05:06 ${PEER}:4444 TLS Auth Error: Auth Username/Password verification ` +
      "failed for peer",
    reject: `2026-03-03 04:05:06 ${PEER}:4444 TLS: Initial packet from [AF_INET]${PEER}:4444`,
  },
  {
    format: "wireguard",
    line: () =>
      syslog("kernel", `[82508.1] wireguard: wg0: Invalid handshake initiation from ${PEER}:4444`),
    reject: syslog("kernel", `[82508.1] wireguard: wg0: Sending keepalive to peer (${PEER}:4444)`),
  },
  {
    format: "softether",
    line: (user) =>
      `2026-03-03 04:05:06.123 [HUB "VPN"] Connection "CID-1": User authentication failed. The ` +
      `user name that has been provided was "${user}", from ${PEER}.`,
    reject: `2026-03-03 04:05:06.123 [HUB "VPN"] Connection "CID-1" from ${PEER} ended.`,
  },
  {
    format: "asterisk",
    line: (user) => asterisk("InvalidPassword", user),
    reject: asterisk("ChallengeSent", "a"),
  },
  {
    format: "freeswitch",
    line: (user) =>
      "2026-03-03 04:05:06.123456 96.83% [WARNING] sofia_reg.c:3223 SIP auth failure (REGISTER) " +
      `on sofia profile 'internal' for [${user}] from ip ${PEER}`,
    reject:
      "2026-03-03 04:05:06.123456 96.83% [DEBUG] sofia_reg.c:3223 SIP auth challenge (REGISTER) " +
      `on sofia profile 'internal' for [a] from ip ${PEER}`,
  },
  {
    format: "teamspeak3",
    line: (user) =>
      `2026-03-03 04:05:06.123456|INFO    |Query         |   |query from 7 ${PEER}:4444 attempted to login as ${user}`,
    reject: `2026-03-03 04:05:06.123456|INFO    |Query         |   |query from 7 ${PEER}:4444 closed`,
  },
  {
    format: "murmur",
    line: (user) =>
      `<W>2026-03-03 04:05:06.123 1 => <7:${user}(-1)> Rejected connection from ${PEER}:4444: ` +
      "Invalid server password",
    reject: `<W>2026-03-03 04:05:06.123 1 => <7:(-1)> New connection: ${PEER}:4444`,
  },
  {
    format: "webmin",
    line: (user) => syslog("webmin[7]", `Invalid login as ${user} from ${PEER}`),
    reject: syslog("webmin[7]", `Logout by a from ${PEER}`),
  },
  {
    format: "proxmox",
    line: (user) =>
      syslog(
        "pvedaemon[7]",
        `authentication failure; rhost=${PEER} user=${user} msg=Authentication failure`,
      ),
    reject: syslog("pvedaemon[7]", `<root@pam> starting task from ${PEER}`),
  },
  {
    format: "proxmox-backup",
    line: (user) =>
      `2026-03-03T04:05:06+00:00: authentication failure; rhost=[::ffff:${PEER}]:4444 ` +
      `user=${user} msg=account disabled`,
    reject: `2026-03-03T04:05:06+00:00: successful auth; rhost=[::ffff:${PEER}]:4444`,
  },
  {
    format: "cpanel",
    line: () =>
      `[2026-03-03 04:05:06 +0000] info [cpaneld] ${PEER} - a "POST /login/ HTTP/1.1" FAILED ` +
      "LOGIN cpaneld: invalid cpanel user a",
    reject: `[2026-03-03 04:05:06 +0000] info [cpaneld] ${PEER} - a "GET / HTTP/1.1" DONE`,
  },
  {
    format: "directadmin",
    line: (user) => `2026:03:03-04:05:06: '${PEER}' 3 failed login attempts. Account '${user}'`,
    reject: `2026:03:03-04:05:06: successful login to 'a' from ${PEER}`,
  },
  {
    format: "hestiacp",
    line: (user) => `2026-03-03 04:05:06 ${user} ${PEER} failed to login`,
    reject: `2026-03-03 04:05:06 a ${PEER} logged out`,
  },
  {
    format: "plesk",
    line: (user) =>
      syslog("plesk[7]", `panel: Failed login attempt with login '${user}' from IP ${PEER}`),
    reject: syslog("plesk[7]", `panel: Session of 'a' from IP ${PEER} ended`),
  },
  {
    format: "froxlor",
    line: (user) =>
      syslog(
        "Froxlor",
        `[Login Action ${PEER}] User '${user}' tried to login with wrong password.`,
      ),
    reject: syslog("Froxlor", `[Login Action ${PEER}] User 'a' logged out.`),
  },
  {
    format: "pfsense",
    line: (user) =>
      syslog(
        "php-fpm[7]",
        `/index.php: webConfigurator authentication error for user '${user}' from: ${PEER}`,
      ),
    reject: syslog("php-fpm[7]", `/index.php: Configuration Change: a@${PEER}`),
  },
  {
    format: "opnsense",
    line: (user) =>
      syslog("audit[7]", `/index.php: Web GUI authentication error for '${user}' from ${PEER}`),
    reject: syslog("audit[7]", `/index.php: User logged out for user 'a' from: ${PEER}`),
  },
  {
    format: "synology-dsm",
    line: (user) =>
      syslog("synoscgi_x[7]", `User [${user}] from [${PEER}] failed to sign in to [DSM].`),
    reject: syslog("synoscgi_x[7]", `User [a] from [${PEER}] signed out of [DSM].`),
  },
  {
    format: "qnap",
    line: (user) =>
      syslog(
        "qulogd[7]",
        `conn log: Users: ${user}, Source IP: ${PEER}, Computer name: ---, Connection type: HTTP, ` +
          "Accessed resources: Administration, Action: Login Fail",
      ),
    reject: syslog(
      "qulogd[7]",
      `conn log: Users: a, Source IP: ${PEER}, Computer name: ---, Connection type: HTTP, ` +
        "Accessed resources: Administration, Action: Logout",
    ),
  },
  {
    format: "lemonldap-ng",
    line: (user) => syslog("LLNG[7]", `[warn] Bad password for ${user} (${PEER})`),
    reject: syslog("LLNG[7]", `[notice] Session of a ended (${PEER})`),
  },
  {
    format: "apereo-cas",
    line: (user) =>
      "2026-03-03 04:05:06,123 INFO [org.apereo.inspektr.audit.support.Slf4jLoggingAuditTrail] - " +
      `Tue Mar 03 04:05:06 CET 2026|CAS|Supplied credentials: [c]|AUTHENTICATION_FAILED|${user}|` +
      `${PEER}|192.0.2.1`,
    reject:
      "2026-03-03 04:05:06,123 INFO [org.apereo.inspektr.audit.support.Slf4jLoggingAuditTrail] - " +
      `Tue Mar 03 04:05:06 CET 2026|CAS|TGT|TICKET_GRANTING_TICKET_CREATED|a|${PEER}|192.0.2.1`,
  },
  {
    format: "samba",
    line: (user) =>
      `  Auth: [SMB2,(null)] user [W]\\[${user}] at [Tue, 03 Mar 2026 04:05:06.123456 UTC] with ` +
      `[NTLMv2] status [NT_STATUS_WRONG_PASSWORD] workstation [M] remote host [ipv4:${PEER}:4444] ` +
      "mapped to [W]\\[a]. local host [ipv4:192.0.2.1:445] ",
    reject:
      "  Auth: [SMB2,(null)] user [W]\\[a] at [Tue, 03 Mar 2026 04:05:06.123456 UTC] with " +
      `[NTLMv2] status [NT_STATUS_OK] workstation [M] remote host [ipv4:${PEER}:4444] became [W]\\[a]`,
  },
];

export const EXAMPLES: readonly FormatExample[] = [
  ...MAIL_EXAMPLES,
  ...LOGIN_EXAMPLES,
  ...WEB_EXAMPLES,
  ...INFRA_EXAMPLES,
];
