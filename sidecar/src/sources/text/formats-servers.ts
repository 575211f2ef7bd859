// Text formats of all kinds of servers that let people in: chat, proxies, monitors, old mail.
// Addresses are read where the server writes them, never out of a name.

import { IP } from "./template.ts";
import { failed, failedUnknown, lineOf, notice, probed, type TextFormat } from "./text-format.ts";

const V4 = "(?<ip>\\d{1,3}(?:\\.\\d{1,3}){3})";

export const SERVER_FORMATS: readonly TextFormat[] = [
  {
    name: "ejabberd",
    aliases: ["ejabberd-auth"],
    programs: ["ejabberd"],
    lines: [
      lineOf(
        "login-failed",
        "Failed ",
        new RegExp(
          "^(?:\\[?(?:info|warning|error)\\]? )?[^']{0,256}Failed " +
            "(?:c2s \\S{1,32} )?authentication " +
            `for (?<user>.*) from (?:IP )?(?:::ffff:)?${IP}(?: \\(\\{\\{.*)?(?:: .{0,128})?$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "kerio",
    lines: [
      failed("Failed <w> login from <ip>, user <user>"),
      failed("Failed <w> login from <ip> with SASL method <w>"),
      failedUnknown("User <user> doesn't exist. Attempt from IP address <ip>"),
      failedUnknown("User <user> doesn't exist. Attempt from IP address <ip>."),
      failed("Authentication failed for user <user>. Attempt from IP address <ip>."),
      probed("SMTP Spam attack detected from <ip>, client closed connection before SMTP greeting"),
      probed("IP address <ip> found in DNS blacklist <*>"),
      probed("Relay attempt from IP address <ip>"),
      probed("Attempt to deliver to unknown recipient <*>, from <*>, IP address <ip>"),
      probed("Attempt to deliver to unknown recipient <*>, from <*>, IP address <ip>."),
    ],
  },
  {
    name: "monit",
    programs: ["monit"],
    lines: [
      failedUnknown(
        "error    : Warning: Client '<ip>' supplied unknown user '<user>' accessing " +
          "monit httpd",
      ),
      failed(
        "error    : Warning: Client '<ip>' supplied wrong password for user '<user>' " +
          "accessing monit httpd",
      ),
      failedUnknown("error    : HttpRequest: access denied -- client <ip>: unknown user '<user>'"),
      failed(
        "error    : HttpRequest: access denied -- client <ip>: wrong password for user '<user>'",
      ),
      failed("HttpRequest: access denied -- client <ip>: wrong password for user '<user>'"),
      failedUnknown("HttpRequest: access denied -- client <ip>: unknown user '<user>'"),
    ],
  },
  {
    name: "monitorix",
    lines: [
      failed("- AUTHERR - [<ip>] Authentication error: <user>"),
      probed("- NOTALLOWED - [<ip>] <*>"),
      probed("- NOTEXIST - [<ip>] <*>"),
    ],
  },
  {
    name: "openwebmail",
    lines: [
      failedUnknown("- [<n>] (<ip>) <user> - login error - no such user - loginname=<*>"),
      failed("- [<n>] (<ip>) <user> - login error - <*>"),
      failed("- [<n>] (<ip>) <user> - userinfo error - <*>"),
    ],
  },
  {
    name: "perdition",
    programs: ["perdition*"],
    lines: [
      lineOf(
        "login-failed",
        'status="failed',
        new RegExp(
          `^Auth: ${V4}:\\d{1,5}->[0-9a-fA-F.:]{2,51} .*authentication_id="(?<user>.*)" ` +
            'server="[^"]{0,255}" .*status="failed: [\\w -]{1,64}"$',
          "s",
        ),
      ),
      lineOf(
        "login-failed",
        "Fatal Error reading authentication information",
        new RegExp(
          `^Fatal Error reading authentication information from client ${V4}:\\d{1,5}->` +
            "[0-9a-fA-F.:]{2,51}: Exiting child$",
        ),
      ),
    ],
  },
  {
    name: "solid-pop3d",
    programs: ["spop3d", "solid-pop3d"],
    lines: [
      failedUnknown("authentication failed: no such user: <user> - <ip>"),
      failedUnknown("authentication failed: no such user - <ip>"),
      failed("authentication failed: <*> - <ip>"),
    ],
  },
  {
    name: "uw-imap",
    aliases: ["uwimap-auth", "uwimap"],
    programs: ["imapd", "ipop3d", "imapsd", "ipop3sd", "ipop2d"],
    isTaggedOnly: true,
    lines: [
      failed("Login failed user=<user> auth=<w> host=<w> [<ip>]"),
      failed("Login failed user=<user> auth=<w> host=[<ip>]"),
      failed("<AUTHENTICATE|Login> <w> failure host=<w> [<ip>]"),
      failed("Login excessive failures user=<user> auth=<w> host=<w> [<ip>]", { layer: "end" }),
      failed("Login disabled user=<user> auth=<w> host=<w> [<ip>]"),
    ],
  },
  {
    name: "danted",
    aliases: ["dante"],
    programs: ["danted", "sockd"],
    lines: [
      lineOf(
        "login-failed",
        "error after reading",
        new RegExp(
          `^info: block\\(\\d{1,6}\\): tcp\\/accept \\]: ${V4}\\.\\d{1,5} \\S{3,64}: error after ` +
            "reading \\d{1,9} bytes? in \\d{1,9} seconds?: (?:could not access " +
            "user|system password " +
            "authentication failed for user|pam_authenticate\\(\\) for user) .*$",
          "s",
        ),
      ),
    ],
  },
  {
    name: "squid",
    programs: ["squid*"],
    lines: [
      lineOf(
        "login-probed",
        "DENIED",
        new RegExp(
          `^\\d{1,10} ${IP} TCP_DENIED(?:_\\w{1,16})?/(?:403|407) \\d{1,12} [A-Z]{3,10} .*$`,
          "s",
        ),
      ),
      lineOf(
        "login-probed",
        "NONE/4",
        new RegExp(`^\\d{1,10} ${IP} NONE/4\\d\\d \\d{1,12} [A-Z]{3,10} .*$`, "s"),
      ),
    ],
  },
  {
    name: "xinetd",
    aliases: ["xinetd-fail"],
    programs: ["xinetd"],
    lines: [
      probed("FAIL: <w> address from=<ip>"),
      probed("FAIL: <w> libwrap from=<ip>"),
      probed("libwrap refused connection to <w> from <ip>"),
      probed("libwrap refused connection to <w> (libwrap=<w>) from <ip>"),
    ],
  },
  {
    name: "nrpe",
    aliases: ["nagios"],
    programs: ["nrpe"],
    lines: [
      probed("<?Error: >Host <ip> is not allowed to talk to us!"),
      probed("<?Error: >Request packet from <ip> <*>"),
    ],
  },
  {
    name: "named",
    aliases: ["named-refused", "bind9"],
    programs: ["named"],
    lines: [
      lineOf(
        "login-probed",
        "denied",
        new RegExp(
          `^(?:[\\w-]{1,32}: )?(?:(?:error|info|notice|warning): )?client ` +
            `(?:@0x[0-9a-f]{1,16} )?${IP}` +
            "#\\d{1,5}(?: \\([^()]{0,255}\\))?: (?:view [^:\\s]{1,255}: " +
            ")?(?:query(?: \\(cache\\))?|" +
            "(?:zone transfer|update(?: forwarding)?|notify)) '.*' " +
            "?.{0,64}denied(?:\\. .*| \\(.*)?$",
          "s",
        ),
      ),
    ],
  },
  {
    name: "nsd",
    programs: ["nsd"],
    lines: [
      lineOf(
        "login-probed",
        "refused",
        new RegExp(`^(?:info: )?axfr for \\S{1,255} from (?:client )?${IP} refused.*$`, "s"),
      ),
      lineOf(
        "login-probed",
        "ratelimit block",
        new RegExp(
          `^(?:info: )?ratelimit block \\S{1,255} type \\w{1,16} ` +
            `target \\S{3,64} query ${IP} TYPE\\d{1,5}$`,
        ),
      ),
    ],
  },
  {
    name: "centreon",
    lines: [failed("|<w>|[WEB] [<ip>] Authentication failed for '<user>' : <*>")],
    isTaggedOnly: true,
  },
  {
    name: "gin",
    aliases: ["gotify"],
    lines: [
      lineOf(
        "login-failed",
        "| 401 |",
        new RegExp(
          `^\\| 401 \\| {1,12}[\\d.]{1,12}[µnm]?s \\| {1,40}${IP} \\| POST {1,8}".*"$`,
          "s",
        ),
      ),
      lineOf(
        "service-notice",
        " | ",
        new RegExp(
          `^\\| \\d{3} \\| {1,12}[\\d.]{1,12}[µnm]?s \\| {1,40}${IP} \\| [A-Z]{3,8} {1,8}".*"$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "emby",
    lines: [
      failed("<Warn|Error> HttpServer: AUTH-ERROR: <ip> - <*>"),
      failed("<Warn|Error> Server: AUTH-ERROR: <ip> - <*>"),
      failed(
        "<Info|Warn> UserManager: Authentication request for <user> has been denied (IP: <ip>).",
      ),
    ],
  },
  {
    name: "thehive",
    lines: [
      lineOf(
        "login-failed",
        "/login took ",
        new RegExp(
          "^\\[(?:info|warn)\\] [\\w.]{1,80}AccessLogFilter (?:\\[[0-9a-f|]{0,64}\\] )?" +
            `${IP} POST /api/(?:v\\d/)?login took \\d{1,9}ms and returned 401 .*$`,
          "s",
        ),
      ),
      notice("<*>AccessLogFilter <*>"),
    ],
  },
  {
    name: "iis",
    aliases: ["w3c"],
    lines: [
      lineOf(
        "login-failed",
        " 401 ",
        new RegExp(
          `^[0-9a-fA-F.:]{2,45} [A-Z]{3,10} \\S{1,2048} \\S{1,4096} \\d{1,5} ` +
            `(?<user>(?!- )\\S{1,256}) ${IP} ` +
            "\\S{1,2048}(?: \\S{1,2048})? 401 \\d{1,3} \\d{1,12}(?: .*)?$",
          "s",
        ),
      ),
    ],
  },
  {
    name: "mailcow",
    programs: ["php-fpm"],
    lines: [failed("mailcow UI: Invalid password for <user> by <ip>")],
  },
  {
    name: "filebrowser",
    programs: ["filebrowser"],
    lines: [
      failed("/api/login: 403 <ip> <lt>nil<gt>"),
      failed("/api/login: 403 <ip:port> <lt>nil<gt>"),
    ],
  },
  {
    name: "synapse",
    aliases: ["matrix-synapse"],
    lines: [
      lineOf(
        "login-failed",
        "/login HTTP",
        new RegExp(
          "^- synapse\\.access\\.[\\w.]{1,64} - \\d{1,6} - INFO - [\\w-]{1,32} - " +
            `${IP} - [\\w.]{1,64} - \\{[^{}]{0,255}\\} Processed request: [^"]{1,200} 403 ` +
            '"POST /_matrix/client/[\\w.]{1,16}/login HTTP/[\\d.]{1,4}" .*$',
          "s",
        ),
      ),
    ],
  },
  {
    name: "humhub",
    aliases: ["yii"],
    lines: [failed("[<ip>][<]*>][<]*>][<warning|error>][<]*>] Could not login <*>")],
  },
  {
    name: "suhosin",
    isTaggedOnly: true,
    lines: [
      lineOf(
        "login-probed",
        "(attacker '",
        new RegExp(
          `^(?:.{0,128}: )?ALERT - .* \\(attacker '${IP}', file ` +
            `'[^']{0,512}'(?:, line \\d{1,9})?\\)$`,
          "s",
        ),
      ),
    ],
  },
];
