import type { Log } from "@ostraka/host";
import { expect, test } from "vitest";
import { TraceLog } from "./trace-log.ts";

function stand() {
  const lines: { level: string; fields: Record<string, unknown> }[] = [];
  const take = (level: string) => (fields: Record<string, unknown>) =>
    lines.push({ level, fields });
  const log = { info: take("info"), warn: take("warn") } as unknown as Log;
  const now = { wallMs: 1_000, monoMs: 0 };
  const clock = { wallMs: () => now.wallMs, monotonicMs: () => now.monoMs };
  return { lines, now, traces: new TraceLog(log, clock) };
}

test("a trace is a line with the wall time, and its place in a ledger keeps a name", () => {
  const { lines, traces } = stand();
  traces.write({ what: "leased", subject: "address:203.0.113.7" });
  traces.write({ what: "unverified", at: "c:12", code: "wrong-epoch" });
  expect(lines).toEqual([
    { level: "info", fields: { what: "leased", at: 1_000, subject: "address:203.0.113.7" } },
    {
      level: "warn",
      fields: { what: "unverified", at: 1_000, index: "c:12", code: "wrong-epoch" },
    },
  ]);
});

test("equal complaints beyond a few are counted, other ones are still heard", () => {
  const { lines, now, traces } = stand();
  for (let i = 0; i < 25; i++)
    traces.write({ what: "rejected", kind: "head", code: "unknown-key" });
  expect(lines).toHaveLength(10);
  traces.write({ what: "rejected", kind: "ack", code: "unknown-key" });
  expect(lines).toHaveLength(11);
  now.monoMs = 10_000;
  traces.write({ what: "rejected", kind: "head", code: "unknown-key" });
  expect(lines[11]?.fields).toMatchObject({ what: "not-shown", count: 15 });
  expect(lines).toHaveLength(13);
});

test("what is no complaint is never left out", () => {
  const { lines, traces } = stand();
  for (let i = 0; i < 25; i++) traces.write({ what: "signalled" });
  expect(lines).toHaveLength(25);
});
