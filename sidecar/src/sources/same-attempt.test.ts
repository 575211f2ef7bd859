// Logins that stand in more logs than one: told once, and none lost.

import type { Event } from "@ostraka/agents/kernel";
import { expect, test } from "vitest";
import { openFormat } from "./formats.ts";
import { SameAttempts } from "./same-attempt.ts";

const OPTIONS = { host: "web-1", realm: "r", year: 2026 };
const MESSAGE = "Failed password for alice from 203.0.113.9 port 4444 ssh2";
const SYSLOG = `Mar  3 04:05:06 web-1 sshd[7]: ${MESSAGE}`;
const JOURNAL = JSON.stringify({
  ...{ __REALTIME_TIMESTAMP: `${Date.UTC(2026, 2, 3, 4, 5, 6, 123)}000`, _HOSTNAME: "web-1" },
  ...{ SYSLOG_IDENTIFIER: "sshd", _PID: "7", MESSAGE },
});

function eventOf(format: string, line: string): Event {
  const parsed = openFormat(format, OPTIONS)?.parse(line, `${format}:1`);
  if (parsed?.outcome !== "event") throw new Error(`${format}: ${parsed?.outcome}`);
  return parsed.event;
}
const inFile = () => eventOf("auth-log", SYSLOG);

test("a login in auth.log and in the journal is one, whichever is read first", () => {
  const [file, journal] = [inFile(), eventOf("auto", JOURNAL)];
  expect(journal).toMatchObject({ kind: "login-failed", address: file.address });
  for (const order of [
    [file, journal],
    [journal, file],
  ] as const) {
    const same = new SameAttempts();
    expect(same.take("first", order[0])).toBe(order[0]);
    expect(same.take("second", order[1])).toBeUndefined();
  }
});

test("two logins of one second in one log stay two, and the other log adds what it has more", () => {
  const same = new SameAttempts();
  expect(same.take("a", inFile())?.count).toBe(1);
  expect(same.take("a", inFile())?.count).toBe(1);
  expect(same.take("b", { ...inFile(), count: 5 })?.count).toBe(3);
  expect(same.take("a", inFile())).toBeUndefined();
});

test.each([
  ["another second", { timeMs: Date.UTC(2026, 2, 3, 4, 5, 7) }],
  ["another account", { account: "user:r/bob" as Event["account"] }],
  ["another outcome", { kind: "login-succeeded" as const }],
  ["another service", { service: "nginx" }],
  ["no address", { address: undefined as never }],
])("what is of %s is another", (_what, over) => {
  const same = new SameAttempts();
  same.take("a", inFile());
  const other = { ...inFile(), ...over } as Event;
  expect(same.take("b", other)).toBe(other);
});
