// Examples of remote shells, file transfer and desktops, for tests alone; see example.ts.
// Every line is made up here.

import { type FormatExample, PEER, syslog } from "./example.ts";

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
      `2026-03-03T04:05:06+0000 [SSHService b'x' on ` +
      `HoneyPotSSHTransport,1,${PEER}] login attempt ` +
      `[${user}] failed`,
    reject: `2026-03-03T04:05:06+0000 [HoneyPotSSHTransport,1,${PEER}] Connection lost`,
  },
  {
    format: "sshesame",
    line: (user) =>
      `2026/03/03 04:05:06 [${PEER}:4444] authentication for user "${user}" with ` +
      `password "p" rejected`,
    reject: `2026/03/03 04:05:06 [${PEER}:4444] connection closed`,
  },
  {
    format: "mikrotik",
    line: (user) =>
      `2026-03-03T04:05:06+00:00 gw system,error,critical login failure for user ${user} from ` +
      `${PEER} via ssh`,
    reject:
      `2026-03-03T04:05:06+00:00 gw system,info,account user a logged out ` +
      `from ${PEER} via ssh`,
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
