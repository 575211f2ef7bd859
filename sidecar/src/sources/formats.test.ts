// The first look at a line: JSON, pairs or text, one record or many, whole or spread, and whatever
// a stranger may make of it. Nothing throws.

import type { Event } from "@ostraka/agents/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FormatLine, formatNames, isFormat, openFormat } from "./formats.ts";
import { RECORD_CHARS_MAX, RECORD_DEPTH_MAX } from "./limits.ts";

const OPTIONS = { host: "web-1", realm: "r", year: 2026 };
const parser = (format = "auto") => {
  const opened = openFormat(format, OPTIONS);
  if (opened === undefined) throw new Error(`no format ${format}`);
  return opened;
};
const record = (name: string) =>
  JSON.stringify({
    ...{ eventTime: "2026-03-03T04:05:06Z", eventSource: "s3.amazonaws.com", eventName: name },
    ...{ sourceIPAddress: "203.0.113.9", userIdentity: { userName: "eve" } },
  });
const eventsOf = (lines: readonly FormatLine[]): readonly Event[] =>
  lines.flatMap((line) =>
    line.outcome === "event" ? [line.event] : line.outcome === "events" ? [...line.events] : [],
  );
const parseAll = (text: string, format?: string) => {
  const opened = parser(format);
  return text.split("\n").map((line, i) => opened.parse(line, `f:${i}`));
};
const actions = (text: string) => eventsOf(parseAll(text)).map(({ action }) => action);

describe("JSON", () => {
  test("is one record a line", () => {
    expect(actions(`${record("A")}\n${record("B")}`)).toEqual(["A", "B"]);
  });

  test("is an array in one line, or wrapped as CloudTrail delivers it", () => {
    expect(actions(`[${record("A")},${record("B")}]`)).toEqual(["A", "B"]);
    expect(actions(`{"Records":[${record("A")},${record("B")}]}`)).toEqual(["A", "B"]);
  });

  test("of several records gives them in the order of their times, in which they happened", () => {
    const at = (name: string, second: number) =>
      record(name).replace("04:05:06", `04:05:0${second}`);
    const list = [at("C", 3), at("A", 1), at("B", 2)].join(",");
    expect(actions(`{"Records":[${list}]}`)).toEqual(["A", "B", "C"]);
  });

  test("of several records gives each event a place of its own", () => {
    const ids = eventsOf(parseAll(`[${record("A")},${record("B")}]`)).map(({ id }) => id);
    expect(ids).toEqual(["f:0/0", "f:0/1"]);
  });

  test.each([2, 3, "\t"])("is an array printed for people, indented by %j", (indent) => {
    const list = [record("A"), record("B")].map((text) => JSON.parse(text));
    expect(actions(JSON.stringify(list, null, indent))).toEqual(["A", "B"]);
    expect(actions(JSON.stringify({ Records: list }, null, indent))).toEqual(["A", "B"]);
  });

  test("that was cut costs its own record and not the next one", () => {
    const pretty = JSON.stringify(JSON.parse(record("A")), null, 2);
    const cut = pretty.split("\n").slice(0, 3).join("\n");
    expect(actions(`${cut}\n${record("B")}\n${record("C")}`)).toEqual(["B", "C"]);
    expect(actions(`${record("A").slice(0, 40)}}\n${record("B")}`)).toEqual(["B"]);
  });

  test("of the greatest depth is read, and one level more is refused", () => {
    const nested = (levels: number) => `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    const deep = parser().parse(nested(RECORD_DEPTH_MAX), "f:1");
    expect(deep).toEqual({ outcome: "refused", reason: "too-deep" });
    expect(parser().parse(nested(RECORD_DEPTH_MAX - 1), "f:1")).toEqual({
      outcome: "refused",
      reason: "no-time",
    });
  });

  test("with brackets within its texts is no deeper for them", () => {
    const text = record(`${"[{".repeat(40)}\\"`);
    expect(eventsOf([parser().parse(text, "f:1")])).toHaveLength(1);
  });

  test("longer than a record may be is refused", () => {
    const long = `{"a":"${"x".repeat(RECORD_CHARS_MAX)}"}`;
    expect(parser().parse(long, "f:1")).toEqual({ outcome: "refused", reason: "too-long" });
  });

  test.each(["{", "{}", "[]", "[1]", '{"a":', "{]", "[[]]", '{"Records":[1]}', "[{}, 1]"])(
    "%j is refused or waited for",
    (text) => {
      expect(["refused", "continued", "events"]).toContain(parser().parse(text, "f:1").outcome);
      expect(eventsOf([parser().parse(text, "f:1")])).toEqual([]);
    },
  );
});

describe("a line that another program wrapped", () => {
  const inner = "Invalid login as eve from 203.0.113.9";
  const time = "2026-03-03T04:05:06.123456789Z";
  const docker = (log: string) => JSON.stringify({ log: `${log}\n`, stream: "stderr", time });
  const journal = (tag: string) =>
    JSON.stringify({
      ...{ MESSAGE: inner, SYSLOG_IDENTIFIER: tag, _PID: "7" },
      __REALTIME_TIMESTAMP: "1772510706123456",
    });
  test.each([
    ["Docker's record", "webmin", docker(inner)],
    [
      "Docker's record of a line with its own time",
      "auto",
      docker(`Mar  3 04:05:06 h webmin[7]: ${inner}`),
    ],
    ["the container runtime's line", "webmin", `${time} stdout F ${inner}`],
    ["journald's record", "auto", journal("webmin")],
    [
      "a sentence within JSON",
      "audiobookshelf",
      '{"timestamp":"2026-03-03 04:05:06.123","message":"Failed login from ip 203.0.113.9 (x)"}',
    ],
    [
      "a line with colours",
      "auto",
      `\u001b[33mMar  3 04:05:06\u001b[0m h webmin[7]: \u001b[1m${inner}\u001b[0m`,
    ],
    [
      "JSON behind a syslog tag",
      "auto",
      `Mar  3 04:05:06 h x[7]: {"msg":"login failed","ip":"203.0.113.9"}`,
    ],
  ])("%s is read as what was wrapped", (_what, format, line) => {
    const [event] = eventsOf([parser(format).parse(line, "f:1")]);
    expect(event).toMatchObject({ kind: "login-failed", address: "address:203.0.113.9" });
    expect(Math.floor((event?.timeMs ?? 0) / 1000)).toBe(Date.UTC(2026, 2, 3, 4, 5, 6) / 1000);
  });

  test.each([
    ["twice", docker(docker(inner))],
    ["under a tag that is none", journal("a b: webmin")],
    ["without a time", JSON.stringify({ log: inner, stream: "stderr" })],
  ])("%s is not", (_what, line) => {
    const held = eventsOf([parser().parse(line, "f:1")]).filter(({ address }) => address);
    expect(held).toEqual([]);
  });

  const access =
    '203.0.113.9 - - [03/Mar/2026:04:05:06 +0000] "POST /login HTTP/1.1" 401 1 "-" "x"';
  const [head, rest] = [
    "192.0.2.7 - - [03/Mar/2026",
    access.replace("203.0.113.9", "198.51.100.66"),
  ];
  const cut = (log: string) => JSON.stringify({ log, stream: "stderr", time });
  const journalCut = (MESSAGE: string, isCut: boolean) =>
    JSON.stringify({
      ...{ MESSAGE, SYSLOG_IDENTIFIER: "web", _STREAM_ID: "1" },
      __REALTIME_TIMESTAMP: "1772510706123456",
      ...(isCut && { _LINE_BREAK: "line-max" }),
    });
  test.each([
    ["Docker", cut(head), docker(rest), docker(access)],
    [
      "the container runtime",
      `${time} stdout P ${head}`,
      `${time} stdout F ${rest}`,
      `${time} stdout F ${access}`,
    ],
    ["journald", journalCut(head, true), journalCut(rest, false), journalCut(access, false)],
  ])("the rest of a line that %s cut is no line; the next one is", (_what, ...lines) => {
    const events = eventsOf(parseAll(lines.join("\n"), "access-log"));
    expect(events.map(({ address }) => address)).toEqual(["address:203.0.113.9"]);
  });

  test("a name that goes on with a key of its own leaves pairs without an address", () => {
    const pairs = 'time=2026-03-03T04:05:06Z msg="login failed" ip=203.0.113.9 user=eve';
    const [own, two] = eventsOf(parseAll(`${pairs}\n${pairs} client_ip=198.51.100.66`, "logfmt"));
    expect(own).toMatchObject({ kind: "login-failed", address: "address:203.0.113.9" });
    expect(two).toMatchObject({ kind: "login-failed" });
    expect(two?.address).toBeUndefined();
  });

  test("does not swallow what follows a brace that was never closed", () => {
    const lines = parseAll(`{\nMar  3 04:05:06 h webmin[7]: ${inner}`);
    expect(eventsOf(lines)).toMatchObject([{ kind: "login-failed" }]);
  });
});

describe("pairs", () => {
  const line = (over: string) =>
    `time="2026-03-03T04:05:06Z" level=error msg="Unsuccessful 1FA authentication attempt by user ` +
    `'eve'" method=POST path=/api/firstfactor remote_ip=203.0.113.9${over}`;

  test("of logfmt are a record", () => {
    expect(eventsOf([parser("authelia").parse(line(""), "f:1")])).toMatchObject([
      {
        ...{ kind: "login-failed", service: "authelia", address: "address:203.0.113.9" },
        account: "user:r/eve",
      },
    ]);
  });

  test("that name two addresses under one key name none", () => {
    const [event] = eventsOf([parser().parse(line(" remote_ip=198.51.100.66"), "f:1")]);
    expect(event?.address).toBeUndefined();
  });

  test("of Keycloak are read behind its logger, and a name in them moves nothing", () => {
    const keycloak = (name: string) =>
      "2026-03-03 04:05:06,123 WARN  [org.keycloak.events] (executor-thread-7) type=LOGIN_ERROR, " +
      `realmId=r, clientId=c, userId=null, ipAddress=203.0.113.9, error=user_not_found, ` +
      `username=${name}`;
    expect(eventsOf([parser("keycloak").parse(keycloak("eve"), "f:1")])).toMatchObject([
      { kind: "login-failed", address: "address:203.0.113.9", isAccountKnown: false },
    ]);
    const [forged] = eventsOf([parser().parse(keycloak("a, ipAddress=198.51.100.66"), "f:1")]);
    expect(forged?.address).toBeUndefined();
  });
});

describe("a name of a format", () => {
  test("opens it, and every listed one does", () => {
    for (const name of formatNames()) expect(openFormat(name, OPTIONS)).toBeDefined();
    expect(formatNames()).toContain("dovecot");
  });

  test("that nobody has opens nothing", () => {
    expect(openFormat("dovecott", OPTIONS)).toBeUndefined();
    expect(isFormat("__proto__")).toBe(false);
  });

  test("of one log is not another's: an auth-log reads no JSON", () => {
    expect(eventsOf([parser("auth-log").parse(record("A"), "f:1")])).toEqual([]);
  });
});

test("no line makes any parser throw", () => {
  const jsonish = fc.json({ maxDepth: 3 }).map((text) => text.slice(0, 400));
  const head = fc.constantFrom(
    ...[
      "",
      "Mar  3 04:05:06 h t[1]: ",
      "2026-03-03T04:05:06Z ",
      "[",
      "{",
      "type=SYSCALL msg=audit(",
    ],
    ...[
      "<Event xmlns='x'><EventID>4625</EventID>",
      "203.0.113.9 - - [03/Mar/2026:04:05:06 +0000] ",
    ],
  );
  const opened = ["auto", "json", "dovecot", "aws.cloudtrail"].map((name) => parser(name));
  fc.assert(
    fc.property(head, fc.oneof(jsonish, fc.string({ unit: "binary" })), (start, rest) => {
      for (const each of opened) each.parse(`${start}${rest}`, "f:1");
    }),
    { numRuns: 400, seed: 11 },
  );
});

describe("a firewall's pairs with a day and a time of their own", () => {
  const pairs =
    'date=2026-03-03 time=04:05:06 devname="fw" logdesc="Admin login failed" user="eve" ' +
    'srcip=203.0.113.9 action="login" status="failed"';

  test.each(["", "Mar  3 04:05:06 fw ", "<134>Mar  3 04:05:06 fw "])(
    "are read behind %j",
    (head) => {
      expect(eventsOf(parseAll(head + pairs))).toMatchObject([
        {
          ...{ kind: "login-failed", address: "address:203.0.113.9", account: "user:r/eve" },
          timeMs: Date.UTC(2026, 2, 3, 4, 5, 6),
        },
      ]);
    },
  );

  test("name nobody where a name brought a second address", () => {
    const forged = pairs.replace('user="eve"', 'user="eve" srcip=198.51.100.66');
    expect(eventsOf(parseAll(forged))[0]?.address).toBeUndefined();
  });

  test("are none behind other pairs, nor without a time of day", () => {
    expect(eventsOf(parseAll(`a="b" ${pairs}`))).toEqual([]);
    expect(eventsOf(parseAll(pairs.replace(" time=04:05:06", "")))).toEqual([]);
  });
});
