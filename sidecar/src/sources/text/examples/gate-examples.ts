// Examples of firewalls, gateways, hypervisors and small services, for tests alone; example.ts says
// what one is. Every line is made up here.

import { type FormatExample, PEER, syslog } from "./example.ts";

const ORACLE = (mi: string) =>
  `<co ts="2026-03-03T04:05:06.18" pi="8b0.13.2" sc="tcp" tr="+TCP|192.0.2.1|25|${PEER}|4444" ` +
  `ap="+TCP" mi="${mi}" us="eve" di="535 5.7.8"/>`;
const PALO = (what: string) =>
  `Mar  3 04:05:06 fw 1,2026/03/03 04:05:06,0123,SYSTEM,auth,2561,2026/03/03 04:05:06,vsys1,` +
  `auth-fail,,0,0,general,medium,"${what}",1,0x0`;

export const GATE_EXAMPLES: readonly FormatExample[] = [
  {
    format: "cisco",
    line: (user) =>
      `Mar  3 04:05:06 fw %ASA-6-605004: Login denied from ${PEER}/4444 to outside:192.0.2.1/ssh ` +
      `for user "${user}"`,
    reject: `Mar  3 04:05:06 fw %ASA-6-302013: Built outbound TCP connection 1 for ${PEER}/443`,
  },
  {
    format: "cisco",
    line: (user) =>
      "Mar  3 04:05:06 fw %ASA-6-113015: AAA user authentication Rejected : reason = Invalid " +
      `password : local database : user = ${user} : user IP = ${PEER}`,
    reject: `Mar  3 04:05:06 fw %ASA-6-113012: AAA user authentication Successful : user = a`,
  },
  {
    format: "cisco",
    line: (user) =>
      `Mar  3 04:05:06 sw %SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: ${user}] [Source: ` +
      `${PEER}] [localport: 22] [Reason: Login Authentication Failed] at 04:05:06 UTC Tue`,
    reject: `Mar  3 04:05:06 sw %SYS-5-CONFIG_I: Configured from console by a on vty0 (${PEER})`,
  },
  {
    format: "paloalto",
    line: (user) =>
      PALO(`failed authentication for user '${user}'.  Reason: Invalid password. From: ${PEER}.`),
    reject: PALO(`authenticated for user 'a'. From: ${PEER}.`),
  },
  {
    format: "esxi",
    line: (user) => syslog("Hostd[7]", `Rejected password for user ${user} from ${PEER}`),
    reject: syslog("Hostd[7]", `Event 7 : User a@${PEER} logged out`),
  },
  {
    format: "joomla",
    line: () =>
      `2026-03-03T04:05:06+00:00\tINFO ${PEER}\tjoomlafailure\tUsername and password do not match.`,
    reject: `2026-03-03T04:05:06+00:00\tINFO ${PEER}\tupdate\tUpdate finished.`,
  },
  {
    format: "sabnzbd",
    line: () =>
      "2026-03-03 04:05:06,123::WARNING::[interface:290] Unsuccessful login attempt from " +
      `${PEER} [x]`,
    reject: `2026-03-03 04:05:06,123::INFO::[interface:290] Login from ${PEER}`,
  },
  {
    format: "assp",
    line: () =>
      `Mar-03-26 04:05:06 Invalid-Login [SSL-out] ${PEER} max sender authentication errors (5) ` +
      "exceeded -- dropping connection",
    reject: `Mar-03-26 04:05:06 [Worker_1] ${PEER} message ok`,
  },
  {
    format: "domino",
    line: (user) =>
      `03/03/2026 04:05:06 AM  SMTP Server: Authentication failed for user ${user} ; connecting ` +
      `host ${PEER}`,
    reject: `03/03/2026 04:05:06 AM  SMTP Server: ${PEER} connected`,
  },
  {
    format: "3proxy",
    line: () =>
      `03-03-2026 04:05:06 +0000 PROXY.3128 00004 eve ${PEER}:4444 0.0.0.0:0 0 0 0 GET_http://a/`,
    reject:
      `03-03-2026 04:05:06 +0000 PROXY.3128 00000 eve ${PEER}:4444 192.0.2.1:80 9 9 0 ` +
      "GET_http://a/",
  },
  { format: "oracle-ims", line: () => ORACLE("Authentication failed"), reject: ORACLE("OK") },
  {
    format: "fail2ban",
    line: () => `2026-03-03 04:05:06,123 fail2ban.actions [7]: NOTICE  [sshd] Ban ${PEER}`,
    reject: `2026-03-03 04:05:06,123 fail2ban.actions [7]: NOTICE  [sshd] Unban ${PEER}`,
    kind: "login-probed",
  },
  {
    format: "counter-strike",
    line: (user) => `L 03/03/2026 - 04:05:06: Bad Rcon: "rcon 1 "${user}" x" from "${PEER}:4444"`,
    reject: `L 03/03/2026 - 04:05:06: Rcon: "rcon 1 "x" y" from "${PEER}:4444"`,
  },
  {
    format: "znc",
    line: (user) => `[2026-03-03 04:05:06] [${user}] failed to login from ${PEER}`,
    reject: `[2026-03-03 04:05:06] [a] connected to ZNC from ${PEER}`,
  },
  {
    format: "portsentry",
    line: () =>
      syslog("portsentry[7]", `attackalert: Connect from host: ${PEER}/${PEER} to TCP port: 143`),
    reject: syslog("portsentry[7]", "attackalert: Host is already blocked"),
    kind: "login-probed",
  },
  {
    format: "scanlogd",
    line: () => syslog("scanlogd", `${PEER} to 192.0.2.1 ports 80, 81, 83, TOS 00 @04:05:06`),
    reject: syslog("scanlogd", "started"),
    kind: "login-probed",
  },
];
