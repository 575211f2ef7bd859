// Examples of servers of all other kinds, for tests alone; example.ts says what one is.
// Every line is made up here.

import { type FormatExample, PEER, syslog } from "./example.ts";

export const SERVER_EXAMPLES: readonly FormatExample[] = [
  {
    format: "ejabberd",
    line: (user) =>
      "2026-03-03 04:05:06.123 [info] <0.1.0>@ejabberd_c2s:x:9 (tls|<0.2.0>) Failed c2s PLAIN " +
      `authentication for ${user} from ${PEER}: Invalid username or password`,
    reject:
      "2026-03-03 04:05:06.123 [info] <0.1.0>@ejabberd_c2s:x:9 (tls|<0.2.0>) Accepted c2s PLAIN " +
      `authentication for a from ${PEER}`,
  },
  {
    format: "kerio",
    line: (user) => `[03/Mar/2026 04:05:06] Failed IMAP login from ${PEER}, user ${user}`,
    reject: `[03/Mar/2026 04:05:06] IMAP login from ${PEER}, user a`,
  },
  {
    format: "monit",
    line: (user) =>
      `[UTC Mar  3 04:05:06] error    : HttpRequest: access denied -- client ${PEER}: wrong ` +
      `password for user '${user}'`,
    reject: "[UTC Mar  3 04:05:06] info     : monit HTTP server started",
  },
  {
    format: "monitorix",
    line: (user) => `Tue Mar  3 04:05:06 2026 - AUTHERR - [${PEER}] Authentication error: ${user}`,
    reject: `Tue Mar  3 04:05:06 2026 - GET - [${PEER}] /`,
  },
  {
    format: "openwebmail",
    line: (user) =>
      `Tue Mar  3 04:05:06 2026 - [7] (${PEER}) ${user} - login error - no such user - ` +
      `loginname=${user}`,
    reject: `Tue Mar  3 04:05:06 2026 - [7] (${PEER}) a - login - session`,
  },
  {
    format: "perdition",
    line: (user) =>
      syslog(
        "perdition.imaps[7]",
        `Auth: ${PEER}:4444->192.0.2.1:993 client-secure=ssl authorisation_id=NONE ` +
          `authentication_id="${user}" server="i.example:993" protocol=IMAP4S server-secure=ssl ` +
          'status="failed: Re-Authentication Failure"',
      ),
    reject: syslog(
      "perdition.imaps[7]",
      `Auth: ${PEER}:4444->192.0.2.1:993 client-secure=ssl authorisation_id=NONE ` +
        'authentication_id="a" server="i.example:993" protocol=IMAP4S status="ok"',
    ),
  },
  {
    format: "solid-pop3d",
    line: (user) => syslog("spop3d[7]", `authentication failed: no such user: ${user} - ${PEER}`),
    reject: syslog("spop3d[7]", `user a authenticated - ${PEER}`),
  },
  {
    format: "uw-imap",
    line: (user) =>
      syslog("ipop3d[7]", `Login failed user=${user} auth=a host=c.example [${PEER}]`),
    reject: syslog("ipop3d[7]", `Login user=a host=c.example [${PEER}] nmsgs=0/0`),
  },
  {
    format: "danted",
    line: (user) =>
      syslog(
        "danted[7]",
        `info: block(1): tcp/accept ]: ${PEER}.50550 192.0.2.1.1080: error after ` +
          `reading 35 bytes ` +
          `in 0 seconds: could not access user "${user}"'s records in the system password file`,
      ),
    reject: syslog("danted[7]", `info: pass(1): tcp/accept [: ${PEER}.50550 192.0.2.1.1080`),
  },
  {
    format: "squid",
    line: (user) =>
      `1772510706.123 0 ${PEER} TCP_DENIED/407 364 GET http://x/ ${user} HIER_NONE/- -`,
    reject: `1772510706.123 0 ${PEER} TCP_MISS/200 364 GET http://x/ a HIER_DIRECT/192.0.2.1 -`,
    kind: "login-probed",
  },
  {
    format: "xinetd",
    line: () => syslog("xinetd[7]", `FAIL: telnet address from=${PEER}`),
    reject: syslog("xinetd[7]", `START: telnet pid=8 from=${PEER}`),
    kind: "login-probed",
  },
  {
    format: "nrpe",
    line: () => syslog("nrpe[7]", `Error: Host ${PEER} is not allowed to talk to us!`),
    reject: syslog("nrpe[7]", `Connection from ${PEER} closed`),
    kind: "login-probed",
  },
  {
    format: "named",
    line: () => syslog("named[7]", `client ${PEER}#4444: query (cache) 'x.example/A/IN' denied`),
    reject: syslog("named[7]", `client ${PEER}#4444: query 'x.example/A/IN' approved`),
    kind: "login-probed",
  },
  {
    format: "nsd",
    line: () => `[1772510706] nsd[7]: info: axfr for x.example. from client ${PEER} refused`,
    reject: `[1772510706] nsd[7]: info: axfr for x.example. from client ${PEER} served`,
    kind: "login-probed",
  },
  {
    format: "centreon",
    line: (user) =>
      `2026-03-03 04:05|-1|0|0|[WEB] [${PEER}] Authentication failed for '${user}' : password ` +
      "mismatch",
    reject: `2026-03-03 04:05|-1|0|0|[WEB] [${PEER}] Authentication succeeded for 'a'`,
  },
  {
    format: "gin",
    line: () => `[GIN] 2026/03/03 - 04:05:06 | 401 |     123.4µs |    ${PEER} | POST     "/client"`,
    reject: `[GIN] 2026/03/03 - 04:05:06 | 401 |     123.4µs |    ${PEER} | GET      "/client"`,
  },
  {
    format: "emby",
    line: (user) =>
      `2026-03-03 04:05:06.123 Warn HttpServer: AUTH-ERROR: ${PEER} - Invalid user ${user}`,
    reject: `2026-03-03 04:05:06.123 Info HttpServer: HTTP Response 200 to ${PEER}`,
  },
  {
    format: "thehive",
    line: () =>
      `2026-03-03 04:05:06,123 [info] o.t.s.AccessLogFilter [0001|] ${PEER} POST /api/login took ` +
      "9ms and returned 401 63 bytes",
    reject:
      `2026-03-03 04:05:06,123 [info] o.t.s.AccessLogFilter [0001|] ${PEER} POST /api/login took ` +
      "9ms and returned 200 63 bytes",
  },
  {
    format: "iis",
    line: (user) =>
      `2026-03-03 04:05:06 192.0.2.1 GET /owa/ - 443 ${user.replace(/\s/g, "+")} ${PEER} Mozilla ` +
      "- 401 1 1326 15",
    reject: `2026-03-03 04:05:06 192.0.2.1 GET /owa/ - 443 - ${PEER} Mozilla - 401 1 1326 15`,
  },
  {
    format: "mailcow",
    line: (user) => syslog("php-fpm[7]", `mailcow UI: Invalid password for ${user} by ${PEER}`),
    reject: syslog("php-fpm[7]", `mailcow UI: Login of a by ${PEER}`),
  },
  {
    format: "filebrowser",
    line: () => `2026/03/03 04:05:06 /api/login: 403 ${PEER}:4444 <nil>`,
    reject: `2026/03/03 04:05:06 /api/renew: 200 ${PEER}:4444 <nil>`,
  },
  {
    format: "synapse",
    line: () =>
      `2026-03-03 04:05:06,123 - synapse.access.http.8008 - 448 - INFO - POST-5 - ${PEER} - ` +
      "8008 - {None} Processed request: 0.3sec/0.0sec 65B 403 " +
      '"POST /_matrix/client/r0/login HTTP/1.1" "x" [0 dbevts]',
    reject:
      `2026-03-03 04:05:06,123 - synapse.access.http.8008 - 448 - INFO - POST-5 - ${PEER} - ` +
      "8008 - {None} Processed request: 0.3sec/0.0sec 65B 200 " +
      '"POST /_matrix/client/r0/login HTTP/1.1" "x" [0 dbevts]',
  },
  {
    format: "humhub",
    line: (user) =>
      `2026-03-03 04:05:06 [${PEER}][-][-][warning][user] Could not login user ${user}`,
    reject: `2026-03-03 04:05:06 [${PEER}][-][-][info][user] Login of a`,
  },
  {
    format: "suhosin",
    line: (user) =>
      syslog(
        "suhosin[7]",
        `ALERT - tried to register forbidden variable '${user}' (attacker ` +
          `'${PEER}', file '/x.php')`,
      ),
    reject: syslog("suhosin[7]", `NOTICE - request of (client '${PEER}', file '/x.php')`),
    kind: "login-probed",
  },
];
