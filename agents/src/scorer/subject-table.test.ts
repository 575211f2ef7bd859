import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { openEnsemble } from "./ensemble.ts";
import { memoryOf, openSubjectState, type SubjectState } from "./subject-state.ts";
import { SubjectTable } from "./subject-table.ts";

const ensemble = openEnsemble();

function openTable(max: number): SubjectTable {
  return new SubjectTable({
    max,
    open: (subject) => openSubjectState(subject, ensemble),
    onEvicted: () => undefined,
  });
}

function address(n: number): SubjectText {
  return `address:10.${n >> 16}.${(n >> 8) & 255}.${n & 255}` as SubjectText;
}

function earn(table: SubjectTable, n: number): SubjectState {
  const state = table.touch(address(n));
  state.logins = 1;
  table.settle(state);
  return state;
}

describe("a full subject table", () => {
  test("forgets the subject touched longest ago", () => {
    const table = openTable(3);
    for (const n of [1, 2, 3, 1, 4]) table.touch(address(n));
    expect(table.peek(address(2))).toBeUndefined();
    expect(table.peek(address(1))).toBeDefined();
    expect(table.size).toBe(3);
    expect(table.evictions).toBe(1);
  });

  test("keeps who has earned it through a flood of invented addresses", () => {
    const table = openTable(1_000);
    const kept = [1, 2, 3].map((n) => earn(table, n));
    for (let n = 10; n < 50_000; n++) table.settle(table.touch(address(n)));
    expect(table.size).toBe(1_000);
    for (const state of kept) expect(table.peek(state.subject)).toBe(state);
  });

  test("gives the earned no more than half, oldest touch out first", () => {
    const table = openTable(10);
    for (let n = 0; n < 8; n++) earn(table, n);
    const { young, earned } = table.rows();
    expect(earned.map((state) => state.subject)).toEqual([3, 4, 5, 6, 7].map(address));
    expect(young.map((state) => state.subject)).toEqual([0, 1, 2].map(address));
  });

  test("counts a lease, a pardon and a level of 10 dB as earned, and a level below it not", () => {
    const earnedBy = (change: (state: SubjectState) => unknown): boolean => {
      const table = openTable(10);
      const state = table.touch(address(1));
      change(state);
      table.settle(state);
      return table.rows().earned.length === 1;
    };
    const open = (state: SubjectState, value: number) => {
      for (let i = 0; i < state.lineup.declared.length; i++) memoryOf(state, i).open = value;
    };
    expect(earnedBy((state) => Object.assign(state, { leaseUntilMs: 1 }))).toBe(true);
    expect(earnedBy((state) => Object.assign(state, { pardonedBeforeMs: 1 }))).toBe(true);
    expect(earnedBy((state) => open(state, 10.1))).toBe(true);
    expect(earnedBy((state) => open(state, 9.9))).toBe(false);
  });
});
