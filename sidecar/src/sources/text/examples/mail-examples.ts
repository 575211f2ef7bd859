// Examples of mail servers, for tests alone; example.ts says what one is.
// Every line is made up here.

import { type FormatExample, PEER, syslog } from "./example.ts";

const iso = (message: string) => `2026-03-03 04:05:06,123 ${message}`;

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
