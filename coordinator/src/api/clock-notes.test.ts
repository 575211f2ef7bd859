import { expect, test } from "vitest";
import { type ClockFacts, clockNotes } from "./clock-notes.ts";

const NOW_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

function notes(off: number, wallOff = 0): string[] {
  const facts: ClockFacts = {
    machineTimeMs: NOW_MS,
    wallMs: NOW_MS + wallOff,
    ownName: "coordinator-1",
    ticks: [
      { name: "coordinator-1", tickedMs: NOW_MS },
      { name: "coordinator-3", tickedMs: NOW_MS + off },
    ],
  };
  return clockNotes(facts);
}

test("a coordinator whose clock is an hour ahead is named", () => {
  expect(notes(HOUR_MS)).toEqual([
    expect.stringMatching(/^coordinator-3 has said a time 3600 s ahead .*once that time has come$/),
  ]);
});

test("one that said nothing for an hour is not called slow", () => {
  expect(notes(-HOUR_MS)).toEqual([]);
});

test("a coordinator names its own clock when that is behind", () => {
  expect(notes(0, -HOUR_MS)).toEqual([expect.stringMatching(/^coordinator-1's clock is 3600 s b/)]);
});

test("a minute is no matter", () => {
  expect(notes(60_000, -60_000)).toEqual([]);
});
