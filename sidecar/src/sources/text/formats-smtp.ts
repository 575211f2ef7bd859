// Text formats of servers that take mail in: postfix, exim, sendmail. Addresses are read where the
// server writes them, out of its own look-up; names are greedy, so that of two readings the
// right-most one, the server's own, wins.

import { IP } from "./template.ts";
import { type LineShape, lineOf, notice, type TextFormat } from "./text-format.ts";

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

export const SMTP_FORMATS: readonly TextFormat[] = [POSTFIX, EXIM, SENDMAIL];
