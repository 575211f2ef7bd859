import type { Trace } from "@ostraka/agents/kernel";
import { beforeEach, describe, expect, test } from "vitest";
import { RejectLog } from "./reject-log.ts";

const refusal = (key: string, code = "malformed"): Trace => ({
  what: "rejected",
  at: "s:7",
  code,
  key,
  kind: "batch",
});

let lines: Trace[];
let log: RejectLog;
beforeEach(() => {
  lines = [];
  log = new RejectLog((line) => lines.push(line));
});

describe("refusals in the log", () => {
  test("are told at once, and then as a count however many come", () => {
    for (let i = 0; i < 50_000; i++) log.note(refusal("aa"), i / 10);
    expect(lines).toEqual([refusal("aa")]);
    log.tick(9_999);
    expect(lines).toHaveLength(1);
    log.tick(10_000);
    const told = { key: "aa", code: "malformed", kind: "batch", count: 49_999 };
    expect(lines[1]).toEqual({ what: "rejected-more", ...told });
  });

  test("of another sender, or for another reason, are told beside them", () => {
    log.note(refusal("aa"), 0);
    log.note(refusal("bb"), 0);
    log.note(refusal("aa", "replayed"), 0);
    expect(lines).toHaveLength(3);
  });

  test("that stopped are news again when they come back", () => {
    log.note(refusal("aa"), 0);
    log.tick(10_000);
    log.note(refusal("aa"), 20_000);
    expect(lines).toHaveLength(2);
  });

  test("of more senders than are counted apart stay bounded, and are counted together", () => {
    for (let i = 0; i < 5_000; i++) log.note(refusal(`key-${i}`), 0);
    expect(lines.length).toBeLessThanOrEqual(1_025);
    log.tick(10_000);
    expect(lines.at(-1)).toEqual({ what: "rejected-more", senders: "many", count: 3_975 });
  });
});
