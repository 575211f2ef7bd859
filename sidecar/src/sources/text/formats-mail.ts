// Text formats of mail servers. Addresses are read where the server writes them; names are greedy,
// so that of two readings the right-most one, the server's own, wins.

import { IP } from "./template.ts";
import {
  accepted,
  failed,
  type LineShape,
  lineOf,
  notice,
  type TextFormat,
} from "./text-format.ts";

const DOVECOT_LOGIN =
  "^(?:(?:imap|pop3|managesieve|sieve|submission)-login: )?(?:Info: )?[^<>]{0,512}";
const DOVECOT_WHO = `: (?:user=<(?<user>.*)>, )?(?:method=[\\w-]{0,32}, )?rip=${IP}(?:, .*)?$`;
const DOVECOT_WORKER =
  "^(?:dovecot: )?(?:Info: )?(?:auth(?:-worker)?(?:\\(\\w+\\))?(?:<\\d+>)?: )?(?:Info: )?" +
  "(?:conn \\S{1,64} \\([^()]{0,64}\\): )?(?:auth-worker<\\d+>: )?(?:auth\\([a-z]+\\): )?";

// Dovecot 1.x to 2.4: login processes say how a connection ended, workers why.
const DOVECOT: TextFormat = {
  name: "dovecot",
  programs: [
    ...["dovecot", "dovecot-auth", "auth", "auth-worker", "imap-login", "pop3-login"],
    ...["managesieve-login", "submission-login"],
  ],
  lines: [
    lineOf(
      "login-failed",
      "rip=",
      new RegExp(
        `${DOVECOT_LOGIN}\\((?:auth failed, (?<count>\\d{1,4}) attempts[^()]{0,64}|` +
          `tried to use dis\\w{1,16} \\w{1,16} auth|proxy dest auth failed)\\)` +
          `(?: \\(auth_failed\\))?${DOVECOT_WHO}`,
        "s",
      ),
      { layer: "login" },
    ),
    lineOf(
      "login-probed",
      "rip=",
      new RegExp(
        `${DOVECOT_LOGIN}\\((?:disconnected (?:before auth was ready|during TLS handshake)|` +
          "client didn't finish SASL auth)[^()]{0,64}\\)" +
          `(?: \\([a-z_]{1,40}\\))?${DOVECOT_WHO}`,
        "s",
      ),
    ),
    lineOf(
      "service-notice",
      "(no auth attempts",
      new RegExp(
        `${DOVECOT_LOGIN}\\(no auth attempts[^()]{0,64}\\)(?: \\([a-z_]{1,40}\\))?${DOVECOT_WHO}`,
        "s",
      ),
    ),
    lineOf(
      "login-succeeded",
      "rip=",
      new RegExp(
        `^(?:imap|pop3|managesieve|submission)-login: (?:Info: )?Login${DOVECOT_WHO}`,
        "s",
      ),
    ),
    lineOf(
      "login-failed",
      "unknown user",
      new RegExp(
        `${DOVECOT_WORKER}[a-z-]{2,16}\\((?<user>.*),${IP}(?:,<?[^<>]{0,64}>?)?\\): unknown user`,
      ),
      { layer: "auth", isUnknown: true },
    ),
    lineOf(
      "login-failed",
      "): ",
      new RegExp(
        `${DOVECOT_WORKER}[a-z-]{2,16}\\((?<user>.*),${IP}(?:,<?[^<>]{0,64}>?)?\\): ` +
          "(?:Password mismatch|[Ii]nvalid credentials|pam_authenticate\\(\\) failed: " +
          "(?:Authentication failure|Permission denied|User not known))",
      ),
      { layer: "auth" },
    ),
    lineOf(
      "login-failed",
      "Password mismatch",
      new RegExp(
        `^(?:auth: )?auth\\((?<user>.*),${IP},sasl:[\\w-]{1,32}\\)(?:<[^<>]*>)?: (?:Info: )?` +
          "[a-z-]{2,16}: (?:Password mismatch|unknown user)",
      ),
      { layer: "auth" },
    ),
  ],
};

const POSTFIX_CLIENT = `[^\\s\\[\\]]{1,255}\\[${IP}\\](?::\\d{1,5})?`;

// The client's host name and address come from postfix's own look-up, BEFORE anything that the
// client said.
const POSTFIX: TextFormat = {
  name: "postfix",
  programs: ["postfix*"],
  lines: [
    lineOf(
      "service-notice",
      "SASL",
      new RegExp(
        `^warning: ${POSTFIX_CLIENT}: SASL [A-Za-z0-9-]{2,32} authentication failed: ` +
          "(?:Connection lost to authentication server|Invalid authentication mechanism).*$",
        "s",
      ),
    ),
    lineOf(
      "login-failed",
      "authentication failed",
      new RegExp(
        `^warning: ${POSTFIX_CLIENT}: SASL [A-Za-z0-9-]{2,32} authentication failed(?:: .*|:)?$`,
        "s",
      ),
      { method: "sasl" },
    ),
    lineOf(
      "login-probed",
      "reject: ",
      new RegExp(
        `^(?:NOQUEUE|[0-9A-Za-z]{6,20}): (?:milter-)?reject: [A-Z]{3,8} from ` +
          `(?:${POSTFIX_CLIENT.replace("{1,255}", "{0,255}")}): [45]\\d\\d .*$`,
        "s",
      ),
      { action: "reject" },
    ),
    lineOf(
      "login-probed",
      "improper command pipelining",
      new RegExp(`^improper command pipelining after [A-Z]{3,8} from ${POSTFIX_CLIENT}.*$`, "s"),
    ),
    lineOf(
      "login-probed",
      "too many errors",
      new RegExp(`^too many errors after [A-Z]{3,8} from ${POSTFIX_CLIENT}$`),
    ),
    lineOf(
      "login-probed",
      "lost connection after",
      new RegExp(
        `^(?:NOQUEUE: )?lost connection after (?:CONNECT|STARTTLS|EHLO|HELO|UNKNOWN)[^\\[]{0,64} ` +
          `from ${POSTFIX_CLIENT}$`,
      ),
    ),
    lineOf(
      "login-probed",
      "rate limit exceeded",
      new RegExp(
        `^warning: [A-Z][a-z ]{4,40} rate limit exceeded: \\d{1,9} from ${POSTFIX_CLIENT} ` +
          "for service \\S{1,64}$",
      ),
    ),
    // An attempt that was refused, and no later one that was taken.
    lineOf(
      "login-failed",
      " auth=0/",
      new RegExp(`^disconnect from ${POSTFIX_CLIENT} [a-z0-9=/ ]{0,200}auth=0/\\d{1,5} .*$`),
      { method: "sasl", layer: "end" },
    ),
    lineOf(
      "login-probed",
      "from [",
      new RegExp(
        `^(?:PREGREET \\d{1,9} after [\\d.]{1,12}|HANGUP after [\\d.]{1,12}|` +
          `COMMAND (?:TIME|COUNT|LENGTH) LIMIT) from \\[${IP}\\]:\\d{1,5}.*$`,
        "s",
      ),
    ),
    notice("connect from <w>"),
    notice("disconnect from <*>"),
  ],
};

const EXIM_HOST =
  `(?:H=)?(?:\\([^()\\s]{0,255}\\) |[^\\s()\\[\\]]{1,255} ` + `(?:\\([^()\\s]{0,255}\\) )?)?`;

const EXIM_CALLS: readonly LineShape[] = [
  lineOf(
    "login-probed",
    "SMTP",
    new RegExp(
      `^(?:\\[\\d+\\] )?(?:SMTP call from|no MAIL in SMTP connection ` +
        `from) ${EXIM_HOST}\\[${IP}\\]` +
        "(?::\\d{1,5})?(?: I=\\[[^\\[\\]]+\\](?::\\d{1,5})?)?(?: .*)?$",
      "s",
    ),
  ),
  lineOf(
    "login-failed",
    "SMTP protocol error in",
    new RegExp(
      `^(?:\\[\\d+\\] )?SMTP protocol error in "AUTH [^"]{0,256}" ${EXIM_HOST}\\[${IP}\\]` +
        "(?::\\d{1,5})?(?: I=\\[[^\\[\\]]+\\](?::\\d{1,5})?)? AUTH command used " +
        "when not advertised$",
    ),
    { layer: "protocol" },
  ),
];

const EXIM: TextFormat = {
  name: "exim",
  aliases: ["exim4"],
  programs: ["exim*"],
  lines: [
    lineOf(
      "login-failed",
      "authenticator failed for",
      new RegExp(
        `^(?:\\[\\d+\\] )?[a-z0-9_]{1,64} authenticator failed for ${EXIM_HOST}\\[${IP}\\]` +
          "(?::\\d{1,5})?(?: I=\\[[^\\[\\]]+\\](?::\\d{1,5})?)?(?: U=\\S{1,64})?: " +
          "535 Incorrect authentication data(?: \\(set_id=(?<user>.*)\\))?[ ,]{0,2}(?:\\S.*)?$",
        "s",
      ),
      { method: "sasl" },
    ),
    lineOf(
      "login-probed",
      "rejected",
      new RegExp(
        `^(?:\\[\\d+\\] )?${EXIM_HOST}\\[${IP}\\](?::\\d{1,5})?(?: [A-Z]{1,3}=\\S{1,255}){0,6} ` +
          "(?:F=\\S{0,255} )?(?:temporarily )?rejected " +
          "(?:RCPT|VRFY|EXPN|EHLO|HELO|AUTH|after DATA|MAIL)\\b.*$",
        "s",
      ),
      { action: "reject" },
    ),
    ...EXIM_CALLS,
  ],
};

const SENDMAIL: TextFormat = {
  name: "sendmail",
  programs: ["sendmail", "sm-mta", "sm-acceptingconnections"],
  lines: [
    lineOf(
      "login-failed",
      "AUTH failure",
      new RegExp(
        `^[A-Za-z0-9]{6,20}: AUTH failure \\([A-Z0-9-]{2,32}\\): .*` +
          `, relay=(?:[^\\s,\\[\\]]{1,255} )?\\[${IP}\\](?: \\(may be forged\\))?$`,
        "s",
      ),
      { method: "sasl" },
    ),
    lineOf(
      "login-probed",
      "did not issue",
      new RegExp(
        `^(?:[A-Za-z0-9]{6,20}: )?(?:[^\\s\\[\\]]{1,255} )?\\[${IP}\\](?: \\(may be forged\\))? ` +
          "did not issue [A-Z/]{3,40} during connection to \\S{1,32}$",
      ),
    ),
    lineOf(
      "login-failed",
      "after auth",
      new RegExp(
        `^(?:[A-Za-z0-9]{6,20}: )?lost input channel from (?:[^\\s\\[\\]]{1,255} )?\\[${IP}\\]` +
          "(?: \\(may be forged\\))? to \\S{1,32} after auth$",
      ),
      { layer: "end" },
    ),
    // arg1 is the client's: without a bracket or a comma it cannot hold a relay.
    lineOf(
      "login-probed",
      "ruleset=check_",
      new RegExp(
        `^[A-Za-z0-9]{6,20}: ruleset=check_\\w{1,32}, arg1=[^,\\[\\]]{0,255}, ` +
          `relay=(?:[^\\s,\\[\\]]{1,255} )?\\[${IP}\\](?: \\(may be forged\\))?, ` +
          `reject=[45]\\d\\d.*$`,
        "s",
      ),
      { action: "reject" },
    ),
    lineOf(
      "login-failed",
      "possible SMTP attack",
      new RegExp(
        `^[A-Za-z0-9]{6,20}: (?:[^\\s\\[\\]]{1,255} )?\\[${IP}\\](?: \\(may be forged\\))?: ` +
          "possible SMTP attack: command=AUTH, count=\\d{1,5}$",
      ),
      { method: "sasl", layer: "end" },
    ),
  ],
};

const COURIER: TextFormat = {
  name: "courier",
  aliases: ["courier-auth", "courier-smtp"],
  programs: [
    "imapd",
    "imapd-ssl",
    "pop3d",
    "pop3d-ssl",
    "courieresmtpd",
    "courierpop3login",
    "courierpop3d",
    "authdaemond",
    "imaplogin",
  ],
  isTaggedOnly: true,
  lines: [
    failed("LOGIN FAILED, user=<user>, ip=[<ip>]"),
    failed("LOGIN FAILED, method=<w>, ip=[<ip>]"),
    accepted("LOGIN, user=<user>, ip=[<ip>], <c*>, protocol=<w>"),
    accepted("LOGIN, user=<user>, ip=[<ip>], port=[<n>], protocol=<w>"),
    lineOf(
      "login-failed",
      "535 Authentication failed",
      new RegExp(
        `^error,relay=${IP},(?:port=\\d{1,5},)?msg="535 Authentication failed\\.",.*$`,
        "s",
      ),
    ),
    lineOf(
      "login-probed",
      "error,relay=",
      new RegExp(`^error,relay=${IP},(?:port=\\d{1,5},)?.*$`, "s"),
    ),
  ],
};

const CYRUS: TextFormat = {
  name: "cyrus",
  aliases: ["cyrus-imap"],
  programs: ["cyrus/*", "imaps", "pop3", "pop3s", "imap", "lmtpunix", "sieve", "timsieved"],
  isTaggedOnly: true,
  lines: [
    lineOf(
      "login-failed",
      "badlogin: ",
      new RegExp(
        `^badlogin: [^\\s\\[\\]]{0,255} ?\\[${IP}\\] (?:plain(?:text)?|PLAIN|LOGIN|CRAM-MD5|` +
          "DIGEST-MD5|APOP|NTLM)(?: .*)?$",
        "s",
      ),
    ),
    lineOf(
      "login-succeeded",
      "login: ",
      new RegExp(`^login: [^\\s\\[\\]]{0,255} ?\\[${IP}\\] (?<user>\\S{1,256}) \\S{1,32}.*$`, "s"),
    ),
  ],
};

const OTHERS: readonly TextFormat[] = [
  {
    name: "opensmtpd",
    programs: ["smtpd"],
    isTaggedOnly: true,
    lines: [
      failed("smtp-in: Authentication failed for user <user> on session <w>"),
      lineOf(
        "login-failed",
        "failed-command",
        new RegExp(
          `^[0-9a-f]{8,20} smtp failed-command address=${IP} .*result="(?:535|503) .*$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "mailu-admin",
    aliases: ["mailu"],
    lines: [
      failed("WARNING in limiter: Authentication attempt from <ip> has been rate-limited."),
      failed(
        "WARNING in limiter: Authentication attempt from <ip> for <user> has been " +
          "rate-limited.",
      ),
      failed(
        "WARNING in limiter: Authentication attempt from <ip> for <user> has been " +
          "rate-limited. (<*>)",
      ),
    ],
  },
  {
    name: "zimbra",
    lines: [
      lineOf(
        "login-failed",
        "authentication failed for",
        new RegExp(
          `^(?:WARN|INFO) {1,2}\\[[^\\]]{1,256}\\] \\[(?:name=[^\\]]{1,256};)?(?:mid=\\d+;)?` +
            `(?:ip=[0-9a-fA-F.:]{2,45};)?oip=${IP};[^\\]]{0,512}\\] \\w+ - ` +
            "(?:\\w+ - )?.*authentication failed for .*$",
          "s",
        ),
      ),
    ],
  },
  {
    name: "roundcube",
    aliases: ["roundcube-auth"],
    programs: ["roundcube"],
    lines: [
      // What a proxy header says, in parentheses behind the address, is the client's own word;
      // where it or the name writes another ` from ADDRESS`, nobody is named (one-reading.ts).
      lineOf(
        "login-failed",
        " for ",
        new RegExp(
          "^(?:errors: |PHP Error: )?(?:<[0-9a-z]{6,12}> )?(?:IMAP Error: )?(?:FAILED login|" +
            "Failed login|Login failed) for (?<user>.*) (?:against \\S{1,255} )?" +
            `from ${IP}(?: ?\\(.*|[. ].*)?$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "sogo",
    programs: ["sogod"],
    lines: [
      lineOf(
        "login-failed",
        "might not have worked",
        new RegExp(
          `^(?:sogod \\[\\d+\\]: )?(?:<0x[0-9a-f]+\\[SOGoRootPage\\]>|SOGoRootPage) Login from ` +
            `'${IP}' for user '(?<user>.*)' might not have worked.*$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "squirrelmail",
    lines: [failed("[LOGIN_ERROR] <user> (<w>) from <ip>: <*>")],
  },
  {
    name: "horde",
    programs: ["HORDE", "horde"],
    lines: [
      failed("<?[error] >[horde] FAILED LOGIN for <user> [<ip>] to Horde <*>"),
      failed("HORDE [error] [horde] FAILED LOGIN for <user> [<ip>] to Horde <*>"),
      failed("[imp] FAILED LOGIN for <user> [<ip>] to <*>"),
      failed("[imp] FAILED LOGIN <ip> to <*> as <user> [<]*>"),
    ],
  },
];

export const MAIL_FORMATS: readonly TextFormat[] = [
  DOVECOT,
  POSTFIX,
  EXIM,
  SENDMAIL,
  COURIER,
  CYRUS,
  ...OTHERS,
];
