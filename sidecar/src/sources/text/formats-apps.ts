// Text formats of applications that log to a file of their own: a time, a level, then these lines.
// Addresses are read where the application writes them, never out of a name.

import { IP } from "./template.ts";
import { accepted, failed, lineOf, notice, type TextFormat } from "./text-format.ts";

export const APP_FORMATS: readonly TextFormat[] = [
  {
    name: "adguardhome",
    lines: [
      failed("[error] POST <ip> /control/login: invalid username or password"),
      // Behind a trusted proxy, whose address stands first.
      failed("[error] POST <w> /control/login: from ip <ip>: invalid username or password"),
      failed("[info] auth: failed to login user <q*> from <ip>"),
    ],
  },
  {
    name: "gitea",
    aliases: ["forgejo", "gogs"],
    programs: ["gitea", "forgejo"],
    lines: [
      lineOf(
        "login-failed",
        "Failed authentication attempt for",
        new RegExp(
          "^(?:\\S{1,160} )?\\[[A-Z]\\] (?:\\[[0-9a-f-]{4,40}\\] )?Failed authentication " +
            `attempt for (?<user>.*) from ${IP}(?::\\d{1,5})?: user does not exist.*$`,
          "s",
        ),
        { isUnknown: true },
      ),
      lineOf(
        "login-failed",
        "Failed authentication attempt",
        new RegExp(
          "^(?:\\S{1,160} )?\\[[A-Z]\\] (?:\\[[0-9a-f-]{4,40}\\] )?(?:Invalid user |" +
            "Failed authentication attempt )(?:for )?(?<user>.*) from " +
            "(?<ip>\\[[0-9a-fA-F:.]{2,45}\\](?::\\d{1,5})?|[0-9a-fA-F.:]{2,51})(?:: .*)?$",
          "s",
        ),
      ),
    ],
  },
  {
    name: "redmine",
    lines: [
      failed("WARN -- : Failed login for '<user>' from <ip> at <*>"),
      lineOf(
        "login-failed",
        "Failed login for",
        new RegExp(
          "^(?:[A-Z], \\[\\S+ #\\d+\\]  ?WARN -- : |#\\d+\\]  ?WARN -- : )(?:\\[[0-9a-f-]+\\] )?" +
            `Failed login for '(?<user>.*)' from ${IP} at [-\\d: UTC+]{10,40}$`,
          "s",
        ),
      ),
      lineOf(
        "login-succeeded",
        "Successful authentication for",
        new RegExp(
          "^(?:[A-Z], \\[\\S+ #\\d+\\]  ?INFO -- : |#\\d+\\]  ?INFO -- : )(?:\\[[0-9a-f-]+\\] )?" +
            `Successful authentication for '(?<user>.*)' from ${IP} at [-\\d: UTC+]{10,40}$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "jellyfin",
    programs: ["jellyfin"],
    lines: [
      failed(
        "<w> [<n>] Jellyfin.Server.Implementations.Users.UserManager: Authentication request " +
          'for "<user>" has been denied (IP: "<ip>").',
      ),
      failed('<*>Authentication request for "<user>" has been denied (IP: "<ip>").'),
      failed("<*>Authentication request for <user> has been denied (IP: <ip>)."),
      accepted('<*>Authentication request for "<user>" has succeeded.'),
    ],
  },
  {
    name: "jellyseerr",
    aliases: ["overseerr"],
    lines: [
      failed(
        "[<w>][<w>]: Failed sign-in attempt using invalid <q*> password " +
          '{"ip":"<ip>","email":"<user>"}',
      ),
      failed('[<w>][<w>]: Failed <q*>{"account":{"ip":"<ip>","email":"<q>",<*>'),
      failed('[<w>][<w>]: Failed login attempt <q*> {"account":{"ip":"<ip>"}}'),
    ],
  },
  {
    name: "ombi",
    lines: [failed("[<W|w>arning] Failed login attempt by IP: <ip>")],
  },
  {
    name: "bitwarden",
    lines: [
      failed("[<WRN|Warning|ERR|INF>] Failed login attempt<?, 2FA invalid>. <ip>"),
      failed("[<WRN|Warning|ERR|INF>] Failed login attempt. <ip>"),
      failed("Failed login attempt<?, 2FA invalid>. <ip>"),
    ],
  },
  {
    name: "vaultwarden",
    aliases: ["bitwarden_rs"],
    programs: ["vaultwarden"],
    lines: [
      failed(
        "[<]*>][ERROR] Username or password is incorrect. Try again. IP: <ip>. " +
          "Username: <user>.",
      ),
      failed(
        "[<]*>][ERROR] Username or password is incorrect. Try again. IP: <ip>. " +
          "Username: <user>",
      ),
      failed("[<]*>][ERROR] Invalid admin token<.|!> IP: <ip>"),
      failed("[<]*>][ERROR] Invalid admin token<.|!> IP: <ip>. Username: <user>"),
      failed("[<]*>][ERROR] Invalid TOTP code! Server time: <*> IP: <ip>"),
      failed("[<]*>][ERROR] Invalid <*> code!<*> IP: <ip>"),
      failed("[<]*>][ERROR] Token is invalid! IP: <ip>"),
      failed("[<]*>][ERROR] <2FA token not provided|This user has been disabled>. <*>IP: <ip>"),
      accepted("[<]*>][INFO] User <user> logged in successfully. IP: <ip>"),
    ],
  },
  {
    name: "paperless-ngx",
    aliases: ["paperless"],
    lines: [
      failed("[<w>] [paperless.auth] Login failed for user `<user>` from IP `<ip>`."),
      failed("[<w>] [paperless.auth] Login failed for user `<user>` from private IP `<ip>`."),
      failed("[<w>] [paperless_auth] Login failed for user `<user>` from <?private >IP `<ip>`."),
    ],
  },
  {
    name: "nextcloud",
    aliases: ["owncloud"],
    programs: ["nextcloud", "Nextcloud", "ownCloud"],
    lines: [failed("{core} Login failed: '<user>' (Remote IP: '<ip>')")],
  },
  {
    name: "immich",
    lines: [
      failed(
        "WARN [<AuthService|Api:AuthService>] Failed login attempt for user <user> from ip " +
          "address <ip>",
      ),
      lineOf(
        "login-failed",
        "Failed login attempt for user",
        new RegExp(
          "^WARN {1,4}\\[[\\w:~-]{1,80}\\] (?:\\{.*\\} )?Failed login attempt for user " +
            `(?<user>.*) from ip address ${IP}$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "audiobookshelf",
    lines: [
      lineOf(
        "login-failed",
        "Failed login attempt for",
        new RegExp(
          "^(?:ERROR|WARN): \\[\\w{1,32}\\] Failed login attempt for (?:username|user) " +
            `"(?<user>.*)" from ip ${IP} \\((?<why>[^()]{0,64})\\)(?: \\([\\w.:]+\\))?$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "home-assistant",
    aliases: ["hass", "homeassistant"],
    lines: [
      lineOf(
        "login-failed",
        "Login attempt or request with invalid authentication from",
        new RegExp(
          "^(?:\\d{1,3} )?WARNING \\([^" +
            "()]{1,40}\\) \\[homeassistant\\.components\\.http\\.ban\\] " +
            "Login attempt or request with invalid authentication from (?:[^\\s()]{1,255} )?" +
            `\\(?${IP}\\)?[.]? ?(?:\\(.*\\)\\.?|Requested URL: .*)?$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "mealie",
    lines: [
      failed("<?- >Incorrect username or password from <ip>"),
      failed("WARNING: Incorrect username or password from <ip>"),
    ],
  },
  {
    name: "qbittorrent",
    lines: [
      lineOf(
        "login-failed",
        "WebAPI login failure",
        new RegExp(
          "^- WebAPI login failure\\. Reason: [a-zA-Z ]{1,64}, " +
            `(?:attempt count: \\d{1,6}, )?IP: ${IP}, username: (?<user>.*)$`,
          "s",
        ),
      ),
      accepted("- WebAPI login success. IP: <ip>"),
    ],
  },
  {
    name: "uptime-kuma",
    lines: [
      failed("[AUTH] WARN: Incorrect username or password for user <user>. IP=<ip>"),
      failed(
        "[AUTH] WARN: <Too many failed requests|Invalid token provided> for user <user>. " +
          "IP=<ip>",
      ),
      failed("[AUTH] WARN: Invalid token provided for user <user>. IP=<ip>"),
      accepted("[AUTH] INFO: Successfully logged in user <user>. IP=<ip>"),
      notice("[AUTH] INFO: Login by <w> + <*>"),
    ],
  },
  {
    name: "technitium",
    lines: [
      lineOf(
        "login-failed",
        "Invalid username or password for user",
        new RegExp(
          "^\\[(?<ip>\\[[0-9a-fA-F:.]{2,45}\\](?::\\d{1,5})?" +
            "|[0-9a-fA-F.:]{2,51})\\] (?:\\[.{0,256}\\] )?" +
            "DnsServerCore\\.DnsWebServiceException: Invalid username or password for user: " +
            "(?<user>.*)$",
          "s",
        ),
      ),
    ],
  },
  {
    name: "zoneminder",
    programs: ["web_php", "zmweb"],
    lines: [
      lineOf(
        "login-failed",
        "Could not retrieve user",
        new RegExp(
          `^(?:web_php\\[\\d+\\]\\.)?(?:ERR|WAR) \\[${IP}\\] \\[Could not retrieve user ` +
            "(?<user>.*) details\\] at .*$",
          "s",
        ),
        { isUnknown: true },
      ),
      lineOf(
        "login-failed",
        "Login denied for user",
        new RegExp(
          `^(?:web_php\\[\\d+\\]\\.)?(?:ERR|WAR) \\[${IP}\\] \\[Login denied for user ` +
            '"(?<user>.*)"\\] at .*$',
          "s",
        ),
      ),
      lineOf(
        "login-succeeded",
        "Login successful for user",
        new RegExp(
          `^(?:web_php\\[\\d+\\]\\.)?INF \\[${IP}\\] \\[Login successful for user ` +
            '"(?<user>.*)"\\] at .*$',
          "s",
        ),
      ),
    ],
  },
];
