// Text formats of mail servers: mailboxes and web mail, beside those that take mail in. Addresses
// are read where the server writes them; names are greedy, so that of two readings the right-most
// one, the server's own, wins.

import { SMTP_FORMATS } from "./formats-smtp.ts";
import { IP } from "./template.ts";
import { accepted, failed, lineOf, type TextFormat } from "./text-format.ts";

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
  ...SMTP_FORMATS,
  COURIER,
  CYRUS,
  ...OTHERS,
];
