// `node test/bench/source-speed.ts`: lines a second of the text and JSON readers, one format a row,
// from text to event on one core. A measurement of made-up lines; asserts nothing.

import { openFormat } from "../../sidecar/src/sources/formats.ts";

const LINES = 100_000;
const RUNS = 3;

const ip = (i: number) => `203.0.113.${(i % 250) + 1}`;
const clock = (i: number) =>
  `${String(Math.floor(i / 3600) % 24).padStart(2, "0")}:` +
  `${String(Math.floor(i / 60) % 60).padStart(2, "0")}:${String(i % 60).padStart(2, "0")}`;

const ROWS: readonly (readonly [format: string, line: (i: number) => string])[] = [
  [
    "auth-log",
    (i) =>
      `Mar 30 ${clock(i)} web-1 sshd[${i % 9999}]: Failed password for u${i % 50} from ${ip(i)} ` +
      `port ${i % 60000} ssh2`,
  ],
  [
    "dovecot",
    (i) =>
      `Mar 30 ${clock(i)} mail dovecot: imap-login: Disconnected (auth failed, 1 attempts): ` +
      `user=<u${i % 50}>, method=PLAIN, rip=${ip(i)}, lip=10.0.0.1, TLS, session=<a${i}>`,
  ],
  [
    "nginx",
    (i) =>
      `${ip(i)} - - [30/Mar/2026:${clock(i)} +0000] "GET /page/${i % 90} HTTP/1.1" 200 5120 "-" ` +
      '"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/102.0"',
  ],
  [
    "vaultwarden",
    (i) =>
      `[2026-03-30 ${clock(i)}.129][vaultwarden::api::identity][ERROR] Username or password is ` +
      `incorrect. Try again. IP: ${ip(i)}. Username: u${i % 50}@example.com.`,
  ],
  [
    "authelia",
    (i) =>
      `time="2026-03-30T${clock(i)}Z" level=error msg="Unsuccessful 1FA authentication attempt by ` +
      `user 'u${i % 50}'" method=POST path=/api/firstfactor remote_ip=${ip(i)}`,
  ],
  [
    "aws.cloudtrail",
    (i) =>
      JSON.stringify({
        eventVersion: "1.08",
        userIdentity: { type: "IAMUser", accountId: "123456789012", userName: `u${i % 50}` },
        eventTime: `2026-03-30T${clock(i)}Z`,
        eventSource: "s3.amazonaws.com",
        eventName: "GetObject",
        awsRegion: "eu-central-1",
        sourceIPAddress: ip(i),
        userAgent: "aws-cli/2.0",
        requestParameters: { bucketName: "b", key: `k${i % 900}` },
        responseElements: null,
      }),
  ],
];

const only = process.argv[2];
for (const [format, line] of ROWS.filter(([name]) => only === undefined || name === only)) {
  const lines = Array.from({ length: LINES }, (_, i) => line(i));
  for (const name of format === "auth-log" ? [format] : [format, "auto"]) {
    process.stdout.write(`${format.padEnd(16)} as ${name.padEnd(16)} ${speedOf(lines, name)}\n`);
  }
}

/** The best of a few runs: others share the machine. */
function speedOf(lines: readonly string[], name: string): string {
  let best = 0;
  let events = 0;
  for (let run = 0; run < RUNS; run++) {
    const parser = openFormat(name, { host: "web-1", realm: "bench", year: 2026 });
    if (parser === undefined) throw new Error(`${name} is no format`);
    events = 0;
    const startMs = performance.now();
    for (const [i, line] of lines.entries()) {
      if (parser.parse(line, `bench:${i}`).outcome === "event") events++;
    }
    best = Math.max(best, lines.length / ((performance.now() - startMs) / 1000));
  }
  const share = events === lines.length ? "" : ` (${events} of ${lines.length} read)`;
  return `${Math.round(best).toLocaleString("en-US").padStart(10)} lines/s${share}`;
}
