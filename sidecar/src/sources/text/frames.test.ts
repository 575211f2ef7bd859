// Lines with a frame of their own: times, access logs, audit records, Windows events,
// conversations. For each accept the nearest reject.

import type { Event } from "@ostraka/agents/kernel";
import { describe, expect, test } from "vitest";
import { SyslogClock } from "../auth-log/syslog-time.ts";
import { openFormat } from "../formats.ts";
import { readStamp } from "./stamp.ts";

const PEER = "203.0.113.9";
const OPTIONS = { host: "web-1", realm: "r", year: 2026 };
const read = (lines: readonly string[], format = "auto"): (Event | undefined)[] => {
  const parser = openFormat(format, OPTIONS);
  return lines.map((line, i) => {
    const parsed = parser?.parse(line, `f:${i}`);
    return parsed?.outcome === "event" ? parsed.event : undefined;
  });
};
const one = (line: string, format?: string) => read([line], format)[0];

describe("the time at the head of a line", () => {
  const clock = () => new SyslogClock({ year: 2026, zone: "Europe/Berlin" });
  const UTC = Date.UTC(2026, 2, 3, 4, 5, 6);
  test.each([
    ["2026-03-03 05:05:06,123 x", UTC + 123],
    ["2026/03/03 05:05:06.123456 x", UTC + 123],
    ["[2026-03-03 05:05:06.123 +01:00] x", UTC + 123],
    ["[2026-03-03 04:05:06.123+0000][x", UTC + 123],
    ["[2026-03-03 04:05:06 UTC] x", UTC],
    ["2026-03-03T04:05:06Z x", UTC],
    ["2026:03:03-05:05:06: x", UTC],
    ["2026-03-03  5:05:06 x", UTC],
    ["Tue Mar  3 05:05:06 2026 x", UTC],
    ["[Tue Mar 03 05:05:06.123456 2026] x", UTC + 123],
    ["Tue, 03 Mar 2026 04:05:06 UTC x", UTC],
    ["[03/Mar/2026:05:05:06 +0100] x", UTC],
    ["03-Mar-2026 05:05:06 x", UTC],
    ["03/03/26 05:05:06.123 x", UTC + 123],
    ["03/03/2026, 5:05:06 AM x", UTC],
    ["260303 05:05:06 x", UTC],
    ["[20260303-05:05:06] x", UTC],
    ["[Mar  3 05:05:06] x", UTC],
    ["I0303 05:05:06.123456 7 x", UTC + 123],
    ["1772510706.123 x", UTC + 123],
    ["W, [2026-03-03T05:05:06.123456 #7] x", UTC + 123],
    ["(W) 2026-03-03T05:05:06 - x", UTC],
    ["ERROR    2026-03-03T05:05:06 - x", UTC],
  ])("%s", (line, timeMs) => {
    expect(readStamp(line, clock())?.timeMs).toBe(timeMs);
  });

  test.each([
    ...["2026-02-30 05:05:06 x", "2026-03-03 25:05:06 x", "[Tue Mrz 03 05:05:06 2026] x", "x"],
    ...["32-Mar-2026 05:05:06 x", "260332 05:05:06 x", "17725107 x", "", "["],
  ])("%s is none", (line) => {
    expect(readStamp(line, clock())).toBeUndefined();
  });
});

describe("an access log", () => {
  const line = (user: string, request: string, status: number) =>
    `${PEER} - ${user} [03/Mar/2026:04:05:06 +0000] "${request}" ${status} 12 "-" "curl/8"`;
  test.each([
    ["eve", "GET /a HTTP/1.1", 401, "login-failed"],
    ["-", "GET /a HTTP/1.1", 401, "login-probed"],
    ["-", "POST /login HTTP/1.1", 401, "login-failed"],
    ["-", "POST /%6Cogin// HTTP/1.1", 401, "login-failed"],
    ["-", `POST /login?a=${"a".repeat(5_000)} HTTP/1.1`, 401, "login-failed"],
    ["-", "POST /api/users HTTP/1.1", 403, "request"],
    ["-", "POST /wp-login.php HTTP/1.1", 200, "login-failed"],
    ["-", "POST /wp-login.php HTTP/1.1", 302, "login-succeeded"],
    ["-", "GET /wp-login.php HTTP/1.1", 200, "request"],
    ["-", "GET /?a=/login HTTP/1.1", 403, "request"],
  ])("of %s asking %j, answered %i, is %s", (user, request, status, kind) => {
    expect(one(line(user, request, status))).toMatchObject({
      ...{ kind, address: `address:${PEER}`, userAgent: "curl/8", sizeBytes: 12 },
      action: request.split(" ")[0],
    });
  });

  test("with a virtual host before the address is read, and an ident reply is no address", () => {
    const plain = line("eve", "GET / HTTP/1.1", 401);
    expect(one(`www.example ${plain}`)?.address).toBe(`address:${PEER}`);
    const forged = plain.replace(" - eve", " 198.51.100.66 - eve");
    expect([undefined, `address:${PEER}`]).toContain(one(forged)?.address);
    // A host that the client asked for by its address looks the same.
    expect([undefined, `address:${PEER}`]).toContain(one(`198.51.100.66 ${plain}`)?.address);
  });

  test("with a time and a request in a name is none, or the name would set the clock", () => {
    const name = 'a [03/Mar/2099:04:05:06 +0000] "GET / HTTP/1.1" 401 1';
    expect(one(line(name, "GET / HTTP/1.1", 401))?.address).toBeUndefined();
  });

  test("keeps no query of a request", () => {
    expect(one(line("-", "GET /a?token=secret HTTP/1.1", 200))?.target).toBe("/a");
  });

  test("with a quote in what the client sent is read up to it and no further", () => {
    const forged = line("-", 'GET /\\" 401 1 \\"x HTTP/1.1', 200);
    expect(one(forged)).toMatchObject({ kind: "request", address: `address:${PEER}` });
  });
});

describe("the audit system", () => {
  const audit = (type: string, rest: string) => `type=${type} msg=audit(1772510706.123:9): ${rest}`;
  test("names nobody where a host name writes an address of its own", () => {
    const login = (host: string) =>
      audit("USER_LOGIN", `pid=1 msg='op=login hostname=${host} addr=${PEER} res=failed'`);
    expect(one(login("x"))).toMatchObject({ kind: "login-failed", address: `address:${PEER}` });
    for (const host of ["x addr=198.51.100.66", "x' addr=198.51.100.66"]) {
      expect(one(login(host))?.address).toBeUndefined();
    }
  });

  test("names a program that ran, and for whom", () => {
    const line = audit(
      "SYSCALL",
      'arch=c000003e syscall=59 success=yes auid=1000 uid=0 comm="base64" exe="/usr/bin/base64"',
    );
    expect(one(line)).toMatchObject({
      ...{ kind: "activity", process: "/usr/bin/base64", account: "user:r/uid-1000" },
      ...{ recordType: "linux.auditd", timeMs: 1772510706123 },
    });
  });

  test("names a refused login by its address", () => {
    const line = audit(
      "USER_LOGIN",
      `pid=7 uid=0 auid=4294967295 msg='op=login acct="eve" exe="/usr/sbin/sshd" hostname=? ` +
        `addr=${PEER} terminal=ssh res=failed'`,
    );
    expect(one(line)).toMatchObject({ kind: "login-failed", address: `address:${PEER}` });
  });

  test("has no field that a process wrote twice", () => {
    const line = audit("SYSCALL", `syscall=59 success=yes exe="/bin/a" exe="/bin/b" auid=7`);
    expect(one(line)?.process).toBe("/bin/a");
  });
});

describe("a Windows security event", () => {
  const event = (id: number, data: Record<string, string>) =>
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>" +
    `<EventID>${id}</EventID><TimeCreated SystemTime='2026-03-03T04:05:06.1234567Z'/>` +
    "<Computer>dc-1</Computer></System><EventData>" +
    Object.entries(data)
      .map(([name, value]) => `<Data Name='${name}'>${value}</Data>`)
      .join("") +
    "</EventData></Event>";

  test("4625 is a refused login", () => {
    const line = event(4625, {
      ...{ TargetUserName: "eve", IpAddress: PEER, SubStatus: "0xC0000064", LogonType: "3" },
    });
    expect(one(line)).toMatchObject({
      ...{ kind: "login-failed", address: `address:${PEER}`, isAccountKnown: false },
      ...{ account: "user:r/eve", recordType: "windows.eventlogs", device: "dc-1" },
    });
  });

  test("4624 is a login, of a person and not of a service", () => {
    const logon = (type: string) => event(4624, { TargetUserName: "eve", LogonType: type });
    expect(one(logon("10"))?.kind).toBe("login-succeeded");
    expect(one(logon("5"))?.kind).toBe("service-notice");
  });

  test("whose name holds markup names the name and no other address", () => {
    const name = "&lt;/Data&gt;&lt;Data Name='IpAddress'&gt;198.51.100.66";
    const line = event(4625, { TargetUserName: name, IpAddress: PEER });
    expect(one(line)).toMatchObject({ address: `address:${PEER}` });
  });
});

describe("a conversation of several lines", () => {
  const slapd = (text: string) => `Mar  3 04:05:06 ldap slapd[7]: ${text}`;
  test("of slapd joins the peer of a connection with what became of its bind", () => {
    const events = read([
      slapd(`conn=9 fd=3 ACCEPT from IP=${PEER}:4444 (IP=0.0.0.0:389)`),
      slapd('conn=9 op=0 BIND dn="uid=eve,dc=example" method=128'),
      slapd("conn=9 op=0 RESULT tag=97 err=49 text="),
      slapd("conn=8 op=0 RESULT tag=97 err=49 text="),
      slapd("conn=9 fd=3 closed"),
      slapd("conn=9 op=0 RESULT tag=97 err=49 text="),
    ]);
    expect(events.map((event) => event?.address)).toEqual([
      ...[undefined, undefined, `address:${PEER}`, undefined, undefined, undefined],
    ]);
    expect(events[2]).toMatchObject({ kind: "login-failed", account: "user:r/uid=eve,dc=example" });
  });

  test("of charon joins by the number that it gave the exchange", () => {
    const line = (text: string) =>
      `<30>1 2026-03-03T04:05:06+00:00 vpn charon 7 - [meta sequenceId="1"] ${text}`;
    const events = read([
      line(`06[NET] <a|83> received packet: from ${PEER}[4500] to 192.0.2.1[4500] (80 bytes)`),
      line("06[IKE] <a|83> EAP-MS-CHAPv2 verification failed, retry (1)"),
      line("06[IKE] <a|84> EAP-MS-CHAPv2 verification failed, retry (1)"),
    ]);
    expect(events[1]).toMatchObject({ kind: "login-failed", address: `address:${PEER}` });
    expect(events[2]?.address).toBeUndefined();
  });
});

test("a column of Exchange names the client, whatever was said behind it", () => {
  const line = (said: string) =>
    `2026-03-03T04:05:06.123Z,EX\\Default,08DA4F7C11473A60,9,192.0.2.1:25,${PEER}:4444,>,${said},`;
  expect(one(line("535 5.7.3 Authentication unsuccessful"))).toMatchObject({
    ...{ kind: "login-failed", address: `address:${PEER}` },
  });
  expect(one(line("250 ok"))?.kind).toBe("service-notice");
});

test("a tag that stands for a program that is read is read as in an auth-log", () => {
  const line = `Mar  3 04:05:06 h sshd[7]: Failed password for eve from ${PEER} port 4 ssh2`;
  expect(one(line)).toEqual(one(line, "auth-log"));
});
