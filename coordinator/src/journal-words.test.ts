import { Ledger } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { catchingUpNote, keptNotes, stopConditions, stopText } from "./journal-words.ts";

const NONE = { damage: undefined, stalled: undefined, obstacle: undefined };
const STALLED = { ...NONE, stalled: { position: 12, why: "invariant broken: x" } };

describe("why deciding has stopped", () => {
  test("is empty while it goes on, and names damage before a machine that fails", () => {
    expect(stopText(Ledger.CONTROL, NONE)).toBe("");
    expect(stopText(Ledger.CONTROL, STALLED)).toBe(
      "this coordinator's machine fails at c:12 (invariant broken: x) and has stopped there",
    );
    expect(stopText(Ledger.SIGNALS, { ...STALLED, damage: "message s:3 is gone" })).toBe(
      "JOURNAL_DAMAGED: message s:3 is gone",
    );
  });

  test("is told once for each cause and journal, with what to do", () => {
    const told = (ledger: 1 | 2, facts: Parameters<typeof stopConditions>[2]) =>
      stopConditions("coordinator-1", ledger, facts).map(({ id, text }) => [id, text]);
    expect(told(Ledger.CONTROL, NONE)).toEqual([]);
    expect(told(Ledger.CONTROL, { ...NONE, obstacle: "promises-short: 1 of 2" })).toEqual([]);
    expect(told(Ledger.CONTROL, { ...NONE, damage: "gone" })).toEqual([
      [
        "journal-damaged/c",
        expect.stringMatching(/control journal .* coordinator-1: ostraka status/),
      ],
    ]);
    expect(told(Ledger.SIGNALS, STALLED)).toEqual([
      ["machine-stalled/s", expect.stringMatching(/fails at s:12 .*: ostraka journal status/)],
    ]);
    const obstacle = "promises-contradict: heads 1a and 2b";
    expect(told(Ledger.SIGNALS, { ...NONE, obstacle })).toEqual([
      ["histories-contradict/s", expect.stringMatching(/ostraka journal repair --ledger signals/)],
    ]);
  });
});

test("what is kept is said with what stands for the rest, and nothing of a whole copy", () => {
  const kept = { prunedPosition: 99, snapshotPosition: 140 };
  const note = keptNotes("coordinator-1", Ledger.CONTROL, kept);
  expect(note).toEqual([expect.stringMatching(/coordinator-1 keeps .* c:100 on, .* c:140$/)]);
  expect(keptNotes("coordinator-1", Ledger.CONTROL, { ...kept, prunedPosition: 0 })).toEqual([]);
  expect(catchingUpNote("coordinator-2", Ledger.SIGNALS)).toMatch(/^signals: .*signs nothing yet/);
});
