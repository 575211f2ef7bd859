// Access lines of proxies and of cloud stores, neither in the common nor in the combined format:
// Nginx Proxy Manager, HAProxy's HTTP format, AWS's Application Load Balancer and S3. Owns their
// shapes; what a request comes to is access-log.ts's. The address is the peer's own and stands
// before the first word that a client wrote.

import type { SyslogClock } from "../auth-log/syslog-time.ts";
import { type Access, accessOf } from "./access-log.ts";
import { readStamp } from "./stamp.ts";

const IP = "(?<ip>[0-9a-fA-F.:]{2,45})";
const QUOTED = '"((?:[^"\\\\]|\\\\.)*)"';
/** `METHOD TARGET PROTOCOL`, or what came instead. */
const REQUEST = QUOTED.replace("(", "(?<request>");

// [TIME] CACHE UPSTREAM STATUS - METHOD SCHEME HOST "TARGET" [Client A] … "AGENT" "REFERER"
// Only one `[Client …]` may be there: a second one would be the client's own words.
const NPM = new RegExp(
  "^(?!.*\\[Client .*\\[Client )\\[(?<time>\\d\\d/[A-Z][a-z]{2}/\\d{4}:[^\\]]{8,20})\\] " +
    "\\S{1,16} (?:\\S{1,16} )?(?<status>\\d{3}) - " +
    `(?<method>[A-Z]{3,10}) \\S{2,8} \\S{1,255} ${QUOTED.replace("(", "(?<target>")} ` +
    `\\[Client ${IP}\\] (?:\\[[^\\]]{0,256}\\] ){0,6}${QUOTED.replace("(", "(?<agent>")}`,
);
// A:PORT [TIME] FRONT BACK/SERVER TIMES STATUS BYTES - - FLAGS CONNS QUEUES {…} "REQUEST"
const HAPROXY = new RegExp(
  `^${IP}:\\d{1,5} \\[(?<time>\\d\\d/[A-Z][a-z]{2}/\\d{4}:[^\\]]{8,20})\\] \\S{1,128} ` +
    "(?!\\S{1,128}/<NOSRV> [-\\d/+]{5,60} \\+?401 )\\S{1,128}/\\S{1,128} [-\\d/+]{5,60} " +
    "\\+?(?<status>\\d{3}) \\+?(?<size>\\d{1,15}) \\S{1,512} \\S{1,512} \\S{4} [\\d/]{5,60} " +
    `[\\d/]{3,30} (?:\\{[^}]{0,2048}\\} ){0,2}${REQUEST}$`,
);
// TYPE TIME LB A:PORT TARGET:PORT T T T STATUS STATUS IN OUT "REQUEST" "AGENT"
const ALB = new RegExp(
  "^(?:https?|h2|wss?|grpcs?) (?<time>\\d{4}-\\d\\d-\\d\\dT[\\d:.]{8,15}Z) \\S{1,256} " +
    `${IP}:\\d{1,5} \\S{1,64} [-\\d.]{1,16} [-\\d.]{1,16} [-\\d.]{1,16} (?<status>\\d{3}) ` +
    `(?:\\d{3}|-) \\d{1,15} (?<size>\\d{1,15}) ${REQUEST} ${QUOTED.replace("(", "(?<agent>")}`,
);
// OWNER BUCKET [TIME] A REQUESTER ID OPERATION KEY "REQUEST" STATUS …
const S3 = new RegExp(
  "^[0-9a-f]{64} \\S{1,64} \\[(?<time>\\d\\d/[A-Z][a-z]{2}/\\d{4}:[^\\]]{8,20})\\] " +
    `${IP} \\S{1,512} [0-9A-Z]{8,32} [A-Z]{3,10}\\.[A-Z_.]{1,64} \\S{1,4096} ${REQUEST} ` +
    "(?<status>\\d{3}) ",
);
const SHAPES = [NPM, HAPROXY, ALB, S3] as const;
/** Reads one access; nothing when the line is none of these, "bad-time" when its time is none. */
export function readProxyAccess(line: string, clock: SyslogClock): Access | "bad-time" | undefined {
  // A line that could be any of these holds one of these; most lines hold neither.
  if (!line.includes(" HTTP/") && !line.includes("[Client ")) return undefined;
  for (const shape of SHAPES) {
    const groups = shape.exec(line)?.groups;
    if (groups === undefined) continue;
    const stamp = readStamp(`${groups["time"]} `, clock);
    if (stamp === undefined) return "bad-time";
    const { method, target } = groups;
    return accessOf({
      ip: groups["ip"] as string,
      timeMs: stamp.timeMs,
      status: Number(groups["status"]),
      request: groups["request"] ?? `${method} ${target}`,
      agent: groups["agent"],
      size: groups["size"],
    });
  }
  return undefined;
}
