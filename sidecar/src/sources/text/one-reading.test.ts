// What a stranger writes into fields other than the one that a format's example varies: a referrer,
// a database, a call id, a second copy of his name. None of it moves a line to another address.

import { expect, test } from "vitest";
import { openFormat } from "../formats.ts";
import { PEER, VICTIM } from "./examples/index.ts";

const OPTIONS = { host: "web-1", realm: "r", year: 2026 };

function addressIn(format: string, line: string) {
  const parsed = openFormat(format, OPTIONS)?.parse(line, "f:1");
  return parsed?.outcome === "event" ? parsed.event.address : undefined;
}

const NGINX = `2026/03/03 04:05:06 [error] 7#7: *1 user "bob": password mismatch, client: ${PEER}, `;
const SAMBA = (name: string) =>
  `  Auth: [SMB2,(null)] user [D]\\[${name}] at [Tue, 03 Mar 2026 04:05:06.123456 UTC] with ` +
  `[NTLMv2] status [NT_STATUS_WRONG_PASSWORD] workstation [w] remote host [ipv4:${PEER}:1] ` +
  `mapped to [D]\\[${name}]. local host [ipv4:192.0.2.1:445]`;
const GITEA = (name: string) =>
  `2026/03/03 04:05:06 [W] Failed authentication attempt for ${name} from ${PEER}:1: ` +
  `user does not exist [uid: 0, name: ${name}]`;
const POSTGRES = "2026-03-03 04:05:06.123 UTC [7]";
const CALL = (callId: string) =>
  "[2026-03-03 04:05:06] NOTICE[1]: res_pjsip/pjsip_distributor.c:676 log_failed_request: " +
  `Request 'REGISTER' from '<sip:a@h>' failed for '${PEER}:5060' (callid: ${callId}) - Failed`;

test.each([
  ["nginx", `${NGINX}server: s, host: "h", referrer: "": password mismatch, client: ${VICTIM}, x"`],
  ["nginx", `${NGINX}server: s, request: "GET / HTTP/1.1", host: "h", referrer: "a"b"`],
  ["gitea", GITEA("eve")],
  ["samba", SAMBA("eve")],
  ["asterisk", CALL("7@h")],
  ["mysql", `2026-03-03 04:05:06 7 [Note] Access denied for user 'a'@'${PEER}' to database 'x'`],
  ["postgresql", `${POSTGRES} ${PEER} a@b FATAL:  password authentication failed for user "a"`],
  [
    "postgresql",
    `${POSTGRES} FATAL:  no pg_hba.conf entry for host "${PEER}", user "a", database "b"`,
  ],
])("%s names the peer that the service wrote: %s", (format, line) => {
  expect(addressIn(format, line)).toBe(`address:${PEER}`);
});

test.each([
  `search for ${VICTIM} failed to login`,
  `page x was not found y (${VICTIM})`,
  `search Authentication request for a has been denied (IP: ${VICTIM}).`,
  `search FATAL:  no pg_hba.conf entry for host "${VICTIM}", user "a", database "b"`,
  `search (auth failed, 1 attempts): user=<a>, method=PLAIN, rip=${VICTIM}, lip=192.0.2.1`,
])("the end of a line that nobody knows is no service's statement: %s", (message) => {
  expect(addressIn("auto", `2026-03-03T04:05:06Z INFO ${message}`)).toBeUndefined();
});

test.each([
  ["gitea", GITEA(`a from ${VICTIM}: user does not exist`)],
  ["samba", SAMBA(SAMBA("a").slice(27).replaceAll(PEER, VICTIM))],
  ["asterisk", CALL(`x' failed for '${VICTIM}' (callid: y`)],
  [
    "mysql",
    `2026-03-03 04:05:06 7 [Note] Access denied for user 'a'@'${PEER}' to database 'x'@'${VICTIM}'`,
  ],
  [
    "vsftpd",
    `Tue Mar  3 04:05:06 2026 [pid 7] [ftp] OK LOGIN: Client "${PEER}", anon password "] FAIL ` +
      `LOGIN: Client "${VICTIM}", ""`,
  ],
  [
    "postgresql",
    `${POSTGRES} ${VICTIM} @db FATAL:  password authentication failed for user "${VICTIM} "`,
  ],
  ["postgresql", `${POSTGRES} a@x ${VICTIM} FATAL:  password authentication failed for user "a"`],
  [
    "postgresql",
    `${POSTGRES} FATAL:  no pg_hba.conf entry for host "${PEER}", user "FATAL:  no pg_hba.conf ` +
      `entry for host "${VICTIM}", user "", database "D", no encryption`,
  ],
  [
    "postgresql",
    `${POSTGRES} FATAL:  no pg_hba.conf entry for host "${VICTIM}", user "@", database "x FATAL:  ` +
      'password authentication failed for user "a"',
  ],
  [
    "roundcube",
    `[03-Mar-2026 04:05:06 +0000]: <abc123> Failed login for a from ${VICTIM} (X-Real-IP: b). z ` +
      `from ${PEER} in session abc (error: 0)`,
  ],
  [
    "zimbra",
    `2026-03-03 04:05:06,123 INFO  [qtp1-1:https] [name=x;oip=${VICTIM};mid=1;ip=192.0.2.1;` +
      `oip=${PEER};ua=z;] SoapEngine - handler exception: authentication failed for [x], x`,
  ],
  [
    "qnap",
    `Mar  3 04:05:06 nas qlogd[1]: conn log: Users: a, Source IP: ${PEER}, Computer name: x, ` +
      `Source IP: ${VICTIM}, Computer name: y, Connection type: SAMBA, Accessed resources: ---, ` +
      "Action: Login Fail",
  ],
])("%s names nobody where the line can be read in two ways: %s", (format, line) => {
  for (const name of [format, "auto"]) expect(addressIn(name, line)).toBeUndefined();
});
