// Text formats of remote shells, file transfer, desktops and honeypots. Addresses are read where
// the server writes them; a honeypot has no accounts, so every name there is an unknown one.

import { IP } from "./template.ts";
import {
  accepted,
  failed,
  failedUnknown,
  lineOf,
  notice,
  probed,
  type TextFormat,
} from "./text-format.ts";

// `host.example (client.example[192.0.2.7]): `; the address is the server's own, before any name.
const PROFTPD =
  "^(?:proftpd(?:\\[\\d+\\])?:? )?(?:[^\\s()]{1,255} )?" +
  `\\([^()\\[\\]]{0,255}\\[${IP}\\]\\)(?::| -)? (?:- )?`;

export const LOGIN_FORMATS: readonly TextFormat[] = [
  {
    name: "dropbear",
    programs: ["dropbear"],
    lines: [
      failed("<B|b>ad password attempt for '<user>' from <ip:port>"),
      failed("<B|b>ad PAM password attempt for '<user>' from <ip:port>"),
      failedUnknown("<L|l>ogin attempt for nonexistent user from <ip:port>"),
      failedUnknown("<L|l>ogin attempt for nonexistent user '<user>' from <ip:port>"),
      failed("<L|l>ogin attempt with wrong user <user> from <ip:port>"),
      failed(
        "<E|e>xit before auth (user '<q*>', <count> fails): Max auth tries reached - " +
          "user '<user>' from <ip:port>",
        { layer: "end" },
      ),
      failed(
        "<E|e>xit before auth from <lt><ip:port><gt>: (user '<q*>', <count> fails): " +
          "Max auth tries reached - user '<user>'",
        { layer: "end" },
      ),
      failed(
        "<E|e>xit before auth from <lt><ip:port><gt>: Max auth tries reached - " + "user '<user>'",
        { layer: "end" },
      ),
      accepted("<P|p>assword auth succeeded for '<user>' from <ip:port>", { method: "password" }),
      accepted("<P|p>ubkey auth succeeded for '<user>' with key <*> from <ip:port>", {
        method: "publickey",
      }),
      accepted("<P|p>ubkey auth succeeded for '<user>' with <w> key <w> from <ip:port>", {
        method: "publickey",
      }),
      probed("<E|e>xit before auth from <lt><ip:port><gt>: <*>"),
      notice("<C|c>hild connection from <w>"),
      notice("<E|e>xit <*>"),
    ],
  },
  {
    name: "proftpd",
    programs: ["proftpd"],
    lines: [
      lineOf(
        "login-failed",
        "(Login failed)",
        new RegExp(`${PROFTPD}USER (?<user>.*) \\(Login failed\\): .*$`, "s"),
      ),
      lineOf(
        "login-failed",
        "no such user found",
        new RegExp(`${PROFTPD}USER (?<user>.*): no such user found from .*$`, "s"),
        { isUnknown: true },
      ),
      lineOf(
        "login-failed",
        "SECURITY VIOLATION",
        new RegExp(`${PROFTPD}SECURITY VIOLATION:? (?<user>[Rr]oot) login attempted\\.?$`),
        { isRoot: true },
      ),
      lineOf(
        "login-failed",
        "Maximum login attempts",
        new RegExp(`${PROFTPD}Maximum login attempts \\((?<count>\\d{1,4})\\) exceeded.*$`),
        { layer: "end" },
      ),
      lineOf(
        "login-succeeded",
        "Login successful",
        new RegExp(`${PROFTPD}USER (?<user>.*): Login successful\\.?$`, "s"),
      ),
      lineOf(
        "service-notice",
        "FTP session",
        new RegExp(`${PROFTPD}FTP session (?:opened|closed)\\.?$`),
      ),
    ],
  },
  {
    name: "vsftpd",
    programs: ["vsftpd"],
    lines: [
      lineOf(
        "login-failed",
        "FAIL LOGIN: Client",
        new RegExp(
          `^(?:\\[pid \\d+\\] )?\\[(?<user>.*)\\] FAIL LOGIN: Client "${IP}"` +
            '(?:, "[^"]{0,128}")?$',
          "s",
        ),
      ),
      lineOf(
        "login-succeeded",
        "OK LOGIN: Client",
        new RegExp(
          `^(?:\\[pid \\d+\\] )?\\[(?<user>.*)\\] OK LOGIN: Client "${IP}"` +
            '(?:, anon password ".*")?$',
          "s",
        ),
      ),
      lineOf(
        "service-notice",
        "CONNECT: Client",
        new RegExp(`^(?:\\[pid \\d+\\] )?CONNECT: Client "${IP}"(?:, "[^"]{0,128}")?$`),
      ),
    ],
  },
  {
    name: "pure-ftpd",
    aliases: ["pureftpd"],
    programs: ["pure-ftpd", "pure-ftpd-mysql", "pure-ftpd-ldap", "pure-ftpd-postgresql"],
    lines: [
      failed("(?@<ip>) [WARNING] Authentication failed for user [<user>]"),
      failed("(<word>@<w>) [WARNING] Authentication failed for user [<*>]"),
      accepted("(?@<ip>) [INFO] <user> is now logged in"),
      notice("(?@<ip>) [INFO] New connection from <w>"),
      notice("(<w>@<ip>) [<INFO|NOTICE|DEBUG>] <*>"),
    ],
  },
  {
    name: "wuftpd",
    programs: ["wu-ftpd", "ftpd", "in.ftpd"],
    lines: [
      failed("failed login from <w> [<ip>]"),
      failed("repeated login failures from <ip> (<p*>)", { layer: "end" }),
      failed("failed login from <w> [<ip>], <user>"),
      failed("FTP LOGIN FAILED (incorrect password) FROM <w> [<ip>], <user>"),
    ],
  },
  {
    name: "xrdp",
    programs: ["xrdp-sesman", "xrdp"],
    lines: [
      failed("[INFO ] AUTHFAIL: user=<user> ip=<ip> time=<n>"),
      failed("[INFO] AUTHFAIL: user=<user> ip=<ip> time=<n>"),
      notice("[INFO ] <*>"),
    ],
  },
  {
    name: "guacamole",
    aliases: ["apache-guacamole"],
    programs: ["guacd", "tomcat*", "guacamole"],
    lines: [
      failed(
        "[<]*>] WARN  o.a.g.r.auth.AuthenticationService - Authentication attempt from " +
          '<ip> for user "<user>" failed.',
      ),
      failed('WARNING: Authentication attempt from <ip> for user "<user>" failed.'),
      failed('<*>Authentication attempt from <ip> for user "<user>" failed.'),
    ],
  },
  {
    name: "endlessh",
    programs: ["endlessh"],
    lines: [
      // A tarpit has no accounts: whoever comes asks for one that does not exist.
      probed("ACCEPT host=<ip> port=<n> fd=<n> n=<n>/<n>", { isUnknown: true }),
      notice("CLOSE host=<ip> port=<n> fd=<n> time=<w> bytes=<n>"),
    ],
  },
  {
    name: "endlessh-go",
    lines: [probed("<n> main.go:<n>] ACCEPT host=<ip> port=<n> n=<n>/<n>", { isUnknown: true })],
  },
  {
    name: "cowrie",
    programs: ["cowrie"],
    lines: [
      lineOf(
        "login-failed",
        "login attempt",
        new RegExp(
          `^(?:\\S+ )?\\[[^\\]]{0,128},\\d+,${IP}\\] login attempt \\[(?<user>.*)\\] ` +
            "(?:failed|succeeded)$",
          "s",
        ),
        { isUnknown: true },
      ),
      lineOf(
        "login-probed",
        "New connection: ",
        new RegExp(
          `^(?:\\S+ )?\\[[\\w.]{1,128}(?:#info)?\\] New connection: ${IP}:\\d{1,5} ` +
            "\\([^()]{1,64}\\) \\[session: \\w{1,40}\\]$",
        ),
        { isUnknown: true },
      ),
    ],
  },
  {
    name: "sshesame",
    programs: ["sshesame"],
    lines: [
      lineOf(
        "login-failed",
        "authentication for user",
        new RegExp(
          `^\\[${IP}:\\d{1,5}\\] authentication for user "(?<user>.*)" ` +
            "(?:without credentials|with (?:password|public key|keyboard interactive) .*) " +
            "(?:accepted|rejected)$",
          "s",
        ),
        { isUnknown: true },
      ),
      lineOf(
        "login-probed",
        "requested",
        new RegExp(`^\\[${IP}:\\d{1,5}\\] \\[channel \\d+\\] .* requested$`, "s"),
      ),
      lineOf("service-notice", "] ", new RegExp(`^\\[${IP}:\\d{1,5}\\] .*$`, "s")),
    ],
  },
  {
    name: "mikrotik",
    aliases: ["routeros", "routeros-auth"],
    programs: ["system,error,critical", "mikrotik", "system"],
    lines: [
      failed("<?system,error,critical >login failure for user <user> from <ip> via <w>"),
      accepted("<?system,info,account >user <user> logged in from <ip> via <w>"),
      notice("<?system,info,account >user <user> logged out from <ip> via <w>"),
    ],
  },
  {
    name: "screensharingd",
    programs: ["screensharingd"],
    lines: [failed("Authentication: FAILED :: User Name: <user> :: Viewer Address: <ip> :: <*>")],
  },
  {
    name: "telnetd",
    programs: ["login", "telnetd", "in.telnetd"],
    lines: [
      failed("FAILED LOGIN <n> FROM <ip> FOR <user>, <*>"),
      failed("FAILED LOGIN (<n>) on '<w>' from '<ip>' FOR '<user>', <*>"),
      failed("invalid password for '<user>' on '<w>' from '<ip>'"),
    ],
  },
];
