// Examples of databases, tunnels and telephony, for tests alone; example.ts says what one is.
// Every line is made up here.

import { type FormatExample, PEER, syslog } from "./example.ts";

const asterisk = (event: string, user: string) =>
  `[2026-03-03 04:05:06] SECURITY[7] res_security_log.c: SecurityEvent="${event}",` +
  `EventTV="2026-03-03T04:05:06.123+0000",Severity="Error",Service="SIP",EventVersion="2",` +
  `AccountID="${user}",SessionID="0x1",LocalAddress="IPV4/UDP/192.0.2.1/5060",` +
  `RemoteAddress="IPV4/UDP/${PEER}/5060",Challenge="1"`;

export const INFRA_EXAMPLES: readonly FormatExample[] = [
  {
    format: "mysql",
    line: (user) =>
      `2026-03-03T04:05:06.123456Z 9 [Note] [MY-010926] [Server] Access denied for user ` +
      `'${user}'@'${PEER}' (using password: YES)`,
    reject: `2026-03-03T04:05:06.123456Z 9 [Note] Aborted connection 9 to db: 'd' host: '${PEER}'`,
  },
  {
    format: "postgresql",
    line: (user) =>
      `2026-03-03 04:05:06.123 UTC [7] ${PEER}(4444) FATAL:  password authentication failed for ` +
      `user "${user}"`,
    reject: `2026-03-03 04:05:06.123 UTC [7] ${PEER}(4444) LOG:  connection authorized: user=a`,
  },
  {
    format: "mssql",
    line: (user) =>
      `2026-03-03 04:05:06.12 Logon       Login failed for user '${user}'. Reason: Password did ` +
      `not match that for the login provided. [CLIENT: ${PEER}]`,
    reject: `2026-03-03 04:05:06.12 Logon       Login succeeded for user 'a'. [CLIENT: ${PEER}]`,
  },
  {
    format: "mongodb-text",
    line: (user) =>
      `2026-03-03T04:05:06.123+0000 I ACCESS   [conn7] SCRAM-SHA-1 authentication failed for ` +
      `${user} on admin from client ${PEER}:4444 ; UserNotFound: no user`,
    reject: `2026-03-03T04:05:06.123+0000 I NETWORK  [conn7] end connection ${PEER}:4444`,
  },
  {
    format: "openvpn",
    line: () =>
      `2026-03-03 04:05:06 ${PEER}:4444 TLS Auth Error: Auth Username/Password verification ` +
      "failed for peer",
    reject: `2026-03-03 04:05:06 ${PEER}:4444 TLS: Initial packet from [AF_INET]${PEER}:4444`,
  },
  {
    format: "wireguard",
    line: () =>
      syslog("kernel", `[82508.1] wireguard: wg0: Invalid handshake initiation from ${PEER}:4444`),
    reject: syslog("kernel", `[82508.1] wireguard: wg0: Sending keepalive to peer (${PEER}:4444)`),
  },
  {
    format: "softether",
    line: (user) =>
      `2026-03-03 04:05:06.123 [HUB "VPN"] Connection "CID-1": User authentication failed. The ` +
      `user name that has been provided was "${user}", from ${PEER}.`,
    reject: `2026-03-03 04:05:06.123 [HUB "VPN"] Connection "CID-1" from ${PEER} ended.`,
  },
  {
    format: "asterisk",
    line: (user) => asterisk("InvalidPassword", user),
    reject: asterisk("ChallengeSent", "a"),
  },
  {
    format: "freeswitch",
    line: (user) =>
      "2026-03-03 04:05:06.123456 96.83% [WARNING] sofia_reg.c:3223 SIP auth failure (REGISTER) " +
      `on sofia profile 'internal' for [${user}] from ip ${PEER}`,
    reject:
      "2026-03-03 04:05:06.123456 96.83% [DEBUG] sofia_reg.c:3223 SIP auth challenge (REGISTER) " +
      `on sofia profile 'internal' for [a] from ip ${PEER}`,
  },
  {
    format: "teamspeak3",
    line: (user) =>
      `2026-03-03 04:05:06.123456|INFO    |Query         |   |query from ` +
      `7 ${PEER}:4444 attempted to login as ${user}`,
    reject:
      `2026-03-03 04:05:06.123456|INFO    |Query         |   |query from ` +
      `7 ${PEER}:4444 closed`,
  },
  {
    format: "murmur",
    line: (user) =>
      `<W>2026-03-03 04:05:06.123 1 => <7:${user}(-1)> Rejected connection from ${PEER}:4444: ` +
      "Invalid server password",
    reject: `<W>2026-03-03 04:05:06.123 1 => <7:(-1)> New connection: ${PEER}:4444`,
  },
  {
    format: "webmin",
    line: (user) => syslog("webmin[7]", `Invalid login as ${user} from ${PEER}`),
    reject: syslog("webmin[7]", `Logout by a from ${PEER}`),
  },
  {
    format: "proxmox",
    line: (user) =>
      syslog(
        "pvedaemon[7]",
        `authentication failure; rhost=${PEER} user=${user} msg=Authentication failure`,
      ),
    reject: syslog("pvedaemon[7]", `<root@pam> starting task from ${PEER}`),
  },
  {
    format: "proxmox-backup",
    line: (user) =>
      `2026-03-03T04:05:06+00:00: authentication failure; rhost=[::ffff:${PEER}]:4444 ` +
      `user=${user} msg=account disabled`,
    reject: `2026-03-03T04:05:06+00:00: successful auth; rhost=[::ffff:${PEER}]:4444`,
  },
  {
    format: "cpanel",
    line: () =>
      `[2026-03-03 04:05:06 +0000] info [cpaneld] ${PEER} - a "POST /login/ HTTP/1.1" FAILED ` +
      "LOGIN cpaneld: invalid cpanel user a",
    reject: `[2026-03-03 04:05:06 +0000] info [cpaneld] ${PEER} - a "GET / HTTP/1.1" DONE`,
  },
  {
    format: "directadmin",
    line: (user) => `2026:03:03-04:05:06: '${PEER}' 3 failed login attempts. Account '${user}'`,
    reject: `2026:03:03-04:05:06: successful login to 'a' from ${PEER}`,
  },
  {
    format: "hestiacp",
    line: (user) => `2026-03-03 04:05:06 ${user} ${PEER} failed to login`,
    reject: `2026-03-03 04:05:06 a ${PEER} logged out`,
  },
  {
    format: "plesk",
    line: (user) =>
      syslog("plesk[7]", `panel: Failed login attempt with login '${user}' from IP ${PEER}`),
    reject: syslog("plesk[7]", `panel: Session of 'a' from IP ${PEER} ended`),
  },
  {
    format: "froxlor",
    line: (user) =>
      syslog(
        "Froxlor",
        `[Login Action ${PEER}] User '${user}' tried to login with wrong password.`,
      ),
    reject: syslog("Froxlor", `[Login Action ${PEER}] User 'a' logged out.`),
  },
  {
    format: "pfsense",
    line: (user) =>
      syslog(
        "php-fpm[7]",
        `/index.php: webConfigurator authentication error for user '${user}' from: ${PEER}`,
      ),
    reject: syslog("php-fpm[7]", `/index.php: Configuration Change: a@${PEER}`),
  },
  {
    format: "opnsense",
    line: (user) =>
      syslog("audit[7]", `/index.php: Web GUI authentication error for '${user}' from ${PEER}`),
    reject: syslog("audit[7]", `/index.php: User logged out for user 'a' from: ${PEER}`),
  },
  {
    format: "synology-dsm",
    line: (user) =>
      syslog("synoscgi_x[7]", `User [${user}] from [${PEER}] failed to sign in to [DSM].`),
    reject: syslog("synoscgi_x[7]", `User [a] from [${PEER}] signed out of [DSM].`),
  },
  {
    format: "qnap",
    line: (user) =>
      syslog(
        "qulogd[7]",
        `conn log: Users: ${user}, Source IP: ${PEER}, Computer name: ---, ` +
          `Connection type: HTTP, ` +
          "Accessed resources: Administration, Action: Login Fail",
      ),
    reject: syslog(
      "qulogd[7]",
      `conn log: Users: a, Source IP: ${PEER}, Computer name: ---, Connection type: HTTP, ` +
        "Accessed resources: Administration, Action: Logout",
    ),
  },
  {
    format: "lemonldap-ng",
    line: (user) => syslog("LLNG[7]", `[warn] Bad password for ${user} (${PEER})`),
    reject: syslog("LLNG[7]", `[notice] Session of a ended (${PEER})`),
  },
  {
    format: "apereo-cas",
    line: (user) =>
      "2026-03-03 04:05:06,123 INFO [org.apereo.inspektr.audit.support.Slf4jLoggingAuditTrail] - " +
      `Tue Mar 03 04:05:06 CET 2026|CAS|Supplied credentials: [c]|AUTHENTICATION_FAILED|${user}|` +
      `${PEER}|192.0.2.1`,
    reject:
      "2026-03-03 04:05:06,123 INFO [org.apereo.inspektr.audit.support.Slf4jLoggingAuditTrail] - " +
      `Tue Mar 03 04:05:06 CET 2026|CAS|TGT|TICKET_GRANTING_TICKET_CREATED|a|${PEER}|192.0.2.1`,
  },
  {
    format: "samba",
    line: (user) =>
      `  Auth: [SMB2,(null)] user [W]\\[${user}] at [Tue, 03 Mar 2026 04:05:06.123456 UTC] with ` +
      `[NTLMv2] status [NT_STATUS_WRONG_PASSWORD] workstation [M] remote host ` +
      `[ipv4:${PEER}:4444] ` +
      "mapped to [W]\\[a]. local host [ipv4:192.0.2.1:445] ",
    reject:
      "  Auth: [SMB2,(null)] user [W]\\[a] at [Tue, 03 Mar 2026 04:05:06.123456 UTC] with " +
      `[NTLMv2] status [NT_STATUS_OK] workstation [M] remote host ` +
      `[ipv4:${PEER}:4444] became [W]\\[a]`,
  },
];
