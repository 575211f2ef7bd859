// Text formats of databases, tunnels and telephony. Addresses are read where the service writes
// them, never out of what a client said.

import { IP } from "./template.ts";
import { failed, failedUnknown, lineOf, notice, type TextFormat } from "./text-format.ts";

// `NAME/ADDRESS:PORT ` or without the name; IPv6 and its port need brackets to be told apart.
const OPENVPN_PEER =
  "(?:\\S{1,64}/)?(?<ip>\\d{1,3}(?:\\.\\d{1,3}){3}:\\d{1,5}|\\[[0-9a-fA-F:.]{2,45}\\]:\\d{1,5}) ";
/** The server writes the word once; a second one is in a name. */
const NOT_FATAL = "(?:(?!FATAL:).)";

const mysqlDenied = (host: string) =>
  lineOf(
    "login-failed",
    "Access denied for user",
    new RegExp(
      "^(?:\\d{1,20} )?\\[(?:Warning|Note|ERROR)\\] (?:\\[MY-\\d+\\] \\[Server\\] )?" +
        `Access denied for user '(?<user>.*)'@'${host}$`,
      "s",
    ),
  );

const DATABASES: readonly TextFormat[] = [
  {
    name: "mysql",
    aliases: ["mysqld", "mysqld-auth", "mariadb"],
    programs: ["mysqld*", "mariadbd", "mysqld-auth", "mysql"],
    lines: [
      mysqlDenied(`${IP}' \\(using password: (?:YES|NO)\\)`),
      mysqlDenied(`${IP}'(?: to database '.*')?`),
      // By name: without an address the line names nobody.
      mysqlDenied("[\\w.-]{1,255}' \\(using password: (?:YES|NO)\\)"),
    ],
  },
  {
    name: "postgresql",
    aliases: ["postgres", "pgsql"],
    programs: ["postgres", "postgresql"],
    lines: [
      // `%h` or `%r` in log_line_prefix names the client, if it stands BEFORE `%u` and `%d`, which
      // are the client's own words; a user whose name is the address would stand in its place.
      lineOf(
        "login-failed",
        "authentication failed for user",
        new RegExp(
          `^(?:[A-Z]{3,4} )?(?:\\[\\d+(?:-\\d+)?\\] )?(?:\\[[^\\]@]{0,64}\\] )?` +
            `(?:host=)?${IP}(?:\\(\\d{1,5}\\))?[: ]{1,2}.{0,128}?` +
            "FATAL: {1,2}(?:password|PAM|LDAP|Ident|SCRAM|GSSAPI) authentication " +
            'failed for user "(?<user>(?:(?!\\k<ip>).)*)"$',
          "s",
        ),
      ),
      lineOf(
        "login-failed",
        "no pg_hba.conf entry for host",
        new RegExp(
          `^${NOT_FATAL}{0,200}FATAL: {1,2}no pg_hba\\.conf entry for host "${IP}", ` +
            `user "(?<user>${NOT_FATAL}*)", database "${NOT_FATAL}*"(?:, ${NOT_FATAL}*)?$`,
          "s",
        ),
      ),
      failedUnknown('<?FATAL:  >role "<user>" does not exist'),
    ],
  },
  {
    name: "mssql",
    aliases: ["mssql-auth"],
    programs: ["mssql"],
    lines: [
      failedUnknown(
        "Logon       Login failed for user '<user>'. Reason: Could not find a login " +
          "matching the name provided. [CLIENT: <ip>]",
      ),
      lineOf(
        "login-failed",
        "Login failed for user",
        new RegExp(
          `^Logon {1,12}Login failed for user '(?<user>.*)'\\. Reason: .* \\[CLIENT: ${IP}\\]$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "redis",
    lines: [notice("<*># Possible SECURITY ATTACK detected.<*>")],
    isTaggedOnly: true,
  },
  {
    name: "mongodb-text",
    aliases: ["mongodb-auth"],
    lines: [
      lineOf(
        "login-failed",
        "authentication failed for",
        new RegExp(
          "^I (?:ACCESS|-) {1,6}\\[conn\\d+\\] (?:SCRAM-SHA-\\d+|SASL \\S+|MONGODB-CR) " +
            `authentication failed for (?<user>.*) on \\S{1,64} from ` +
            `client ${IP}(?::\\d{1,5})? ; .*$`,
          "s",
        ),
      ),
    ],
  },
];

const TUNNELS: readonly TextFormat[] = [
  {
    name: "openvpn",
    programs: ["ovpn*", "openvpn*"],
    lines: [
      ...[
        "TLS Auth Error: Auth Username\\/Password verification failed for peer",
        "VERIFY ERROR: .*",
        "TLS Error: TLS handshake failed",
        "SENT CONTROL \\[.{0,128}\\]: 'AUTH_FAILED.{0,64}' .*",
        "AUTH: Received control message: AUTH_FAILED.*",
      ].map((rest) => lineOf("login-failed", " ", new RegExp(`^${OPENVPN_PEER}${rest}$`, "s"))),
      lineOf(
        "login-failed",
        "TLS Error: ",
        new RegExp(
          "^(?:\\S{1,64}:\\d{1,5} )?TLS Error: (?:cannot locate HMAC in incoming packet|incoming " +
            `packet authentication failed) ` +
            `from \\[AF_INET6?\\](?<ip>[0-9a-fA-F.:]{2,51}|\\[\\S{2,45}\\]:\\d{1,5})$`,
        ),
      ),
      lineOf(
        "login-probed",
        "client-instance restarting",
        new RegExp(
          `^${OPENVPN_PEER}SIGUSR1\\[soft,(?:connection-reset|tls-error)\\] received, ` +
            "client-instance restarting$",
        ),
      ),
      lineOf("service-notice", " ", new RegExp(`^${OPENVPN_PEER}.*$`, "s")),
    ],
  },
  {
    name: "wireguard",
    programs: ["kernel"],
    isTaggedOnly: true,
    lines: [
      lineOf(
        "login-failed",
        "Invalid handshake initiation from",
        new RegExp(
          "^(?:\\[ {0,8}[\\d.]+\\] )?wireguard: [\\w-]{1,16}: Invalid handshake initiation from " +
            "(?<ip>\\[[0-9a-fA-F:.]{2,45}\\]|[0-9.]{7,15}):\\d{1,5}$",
        ),
        { method: "handshake" },
      ),
      lineOf(
        "login-failed",
        "Invalid MAC of handshake",
        new RegExp(
          "^(?:\\[ {0,8}[\\d.]+\\] )?wireguard: [\\w-]{1,16}: Invalid MAC of handshake, dropping " +
            "packet from (?<ip>\\[[0-9a-fA-F:.]{2,45}\\]|[0-9.]{7,15}):\\d{1,5}$",
        ),
        { method: "handshake" },
      ),
      lineOf(
        "login-probed",
        "no matching peer",
        /^(?:\[ {0,8}[\d.]+\] )?wireguard: .* no matching peer .*$/s,
      ),
    ],
  },
  {
    name: "softether",
    aliases: ["softethervpn"],
    programs: ["vpnserver"],
    lines: [
      lineOf(
        "login-failed",
        "User authentication failed",
        new RegExp(
          '^\\[HUB "[^"]{1,64}"\\]:? Connection "[^"]{1,64}": User ' +
            "authentication failed\\. The user " +
            `name that has been provided was "(?<user>.*)", from ${IP}\\.$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "stunnel",
    programs: ["stunnel*"],
    lines: [
      lineOf(
        "login-probed",
        "accepted connection from",
        new RegExp(
          "^(?:LOG\\d\\[[\\d:]+\\]: )?Service \\[[^\\]]{1,64}\\] accepted connection from " +
            `${IP}:\\d{1,5}$`,
        ),
      ),
    ],
    isTaggedOnly: true,
  },
  {
    name: "ppp",
    aliases: ["accel-ppp"],
    lines: [failed("<w> Authentication failed for <user> from <ip>")],
    isTaggedOnly: true,
  },
];

// Asterisk escapes no quote, and what a client says stands on both sides of the address: a line
// with two remote addresses is none.
function securityEvent(
  kind: "login-failed" | "login-succeeded",
  names: string,
  facts: { isUnknown?: boolean } = {},
) {
  const pattern = new RegExp(
    "^SECURITY\\[\\d+\\](?:\\[C?-?[0-9a-f]*\\])?:? (?:[\\w.:/]{1,80} ?(?:in )?){0,3}" +
      `SecurityEvent="${names}",(?:[A-Za-z]{1,32}="[^"]{0,256}",){0,8}` +
      'AccountID="(?<user>[^"]{0,256})",SessionID="[^"]{0,256}",LocalAddress="[^"]{0,64}",' +
      `RemoteAddress="IPV[46]\\/(?:UDP|TCP|TLS|WS|WSS)\\/${IP}\\/\\d{1,5}"` +
      "(?:(?!RemoteAddress=).)*$",
    "s",
  );
  return lineOf(kind, "SecurityEvent=", pattern, facts);
}

const TELEPHONY: readonly TextFormat[] = [
  {
    name: "asterisk",
    programs: ["asterisk*"],
    lines: [
      securityEvent("login-failed", "(?:ChallengeResponseFailed|InvalidPassword|FailedACL)"),
      securityEvent("login-failed", "InvalidAccountID", { isUnknown: true }),
      securityEvent("login-succeeded", "SuccessfulAuth"),
      lineOf(
        "login-failed",
        "Registration from",
        new RegExp(
          "^(?:NOTICE|WARNING)\\[\\d+\\](?:\\[C-[0-9a-f]+\\])?:? " +
            "(?:[\\w./]{1,64}:(?:\\d{1,6}:?)? ?(?:in )?){1,2}(?:\\w{1,64}: )?" +
            `Registration from '.*' failed for '${IP}(?::\\d{1,5})?' - (?:Wrong ` +
            `password|Device does not match ` +
            "ACL|Peer is not supposed to register|ACL error.*|Not a local domain)$",
          "s",
        ),
      ),
      lineOf(
        "login-failed",
        "Registration from",
        new RegExp(
          "^(?:NOTICE|WARNING)\\[\\d+\\](?:\\[C-[0-9a-f]+\\])?:? " +
            "(?:[\\w./]{1,64}:(?:\\d{1,6}:?)? ?(?:in )?){1,2}(?:\\w{1,64}: )?" +
            `Registration from '.*' failed for '${IP}(?::\\d{1,5})?' - (?:No ` +
            `matching (?:peer|endpoint) found.*|` +
            "Username\\/auth name mismatch)$",
          "s",
        ),
        { isUnknown: true },
      ),
      lineOf(
        "login-failed",
        "Request ",
        new RegExp(
          "^(?:NOTICE|WARNING)\\[\\d+\\](?:\\[C-[0-9a-f]+\\])?:? " +
            "(?:[\\w./]{1,64}:(?:\\d{1,6}:?)? ?(?:in )?){1,2}(?:\\w{1,64}: )?" +
            `Request '\\w+' from '.*' failed for '${IP}(?::\\d{1,5})?' \\(callid: .*\\) - .*$`,
          "s",
        ),
      ),
      lineOf(
        "login-failed",
        "failed to authenticate",
        new RegExp(
          "^(?:NOTICE|WARNING)\\[\\d+\\](?:\\[C-[0-9a-f]+\\])?:? " +
            "(?:[\\w./]{1,64}:(?:\\d{1,6}:?)? ?(?:in )?){1,2}(?:\\w{1,64}: )?" +
            `Host ${IP} failed to authenticate as '(?<user>.*)'$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "freeswitch",
    programs: ["freeswitch"],
    lines: [
      lineOf(
        "login-failed",
        "SIP auth failure",
        new RegExp(
          "^(?:[\\d.]{1,8}% )?\\[WARNING\\] sofia_reg\\.c:\\d{1,6} SIP auth " +
            "failure \\((?:INVITE|REGISTER)\\) " +
            `on sofia profile '[^']{1,64}' for \\[(?<user>.*)\\] from ip ${IP}$`,
          "s",
        ),
      ),
      lineOf(
        "login-failed",
        "Can't find user",
        new RegExp(
          "^(?:[\\d.]{1,8}% )?\\[WARNING\\] sofia_reg\\.c:\\d{1,6} Can't find " +
            "user \\[(?<user>.*)\\] from " +
            `${IP}$`,
          "s",
        ),
        { isUnknown: true },
      ),
      lineOf(
        "service-notice",
        "SIP auth challenge",
        /^(?:[\d.]{1,8}% )?\[(?:DEBUG|WARNING)\] sofia_reg\.c:\d{1,6} SIP auth challenge .*$/s,
      ),
    ],
  },
  {
    name: "teamspeak3",
    aliases: ["teamspeak"],
    lines: [
      lineOf(
        "login-failed",
        "query from",
        new RegExp(
          "^\\|(?:INFO|WARNING) {0,4}\\|(?:Query|ServerMain|CIDRManager) " +
            "{0,16}\\| {0,3}\\d{0,4} {0,3}\\|" +
            `query from \\d+ \\[?${IP}\\]?:\\d{1,5} (?:attempted to login|issued: login) .*$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "murmur",
    aliases: ["mumble"],
    programs: ["murmurd", "mumble-server"],
    lines: [
      lineOf(
        "login-failed",
        "Rejected connection from",
        new RegExp(
          `^(?:<W>)?.{0,40}\\d+ => <\\d+:.*\\(-?\\d+\\)> Rejected connection ` +
            `from ${IP}:\\d{1,5}: ` +
            "(?:Invalid server password|Wrong certificate or password for existing user)$",
          "s",
        ),
      ),
    ],
  },
];

export const INFRA_FORMATS: readonly TextFormat[] = [...DATABASES, ...TUNNELS, ...TELEPHONY];
