import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  LearnedRun,
  MONDAY,
  normalFrom,
  openChance,
  ranksOf,
  seenAt,
  shareAtMost,
} from "../../../testkit/learned-run.ts";
import { durationTail, sizeTail } from "./quantile.ts";

/** A value in an hour of its own. */
const size = (sizeBytes: number) => seenAt(MONDAY + hours++ * HOUR_MS, { sizeBytes });
let hours = 0;

function usual(values: number, seed = 1): LearnedRun {
  const chance = openChance(seed);
  const run = new LearnedRun(sizeTail);
  for (let n = 0; n < values; n++) run.tell(size(20_000 * 2 ** (2 * normalFrom(chance))));
  return run;
}

describe("size and duration tails", () => {
  test("find a gigabyte beside kilobytes strange, the more the larger, and a kilobyte not", () => {
    const run = usual(500);
    const said = [1e3, 2e4, 1e6, 1e7, 1e9, 1e11].map((bytes) => run.copy().tell(size(bytes)));
    expect(said).toEqual([...said].sort((a, b) => a - b));
    expect(said[0]).toBeLessThan(1);
    expect(said[4]).toBeGreaterThan(12);
  });

  test("know the size from the duration, and neither from what has none", () => {
    const run = new LearnedRun(durationTail);
    for (let n = 0; n < 40; n++) run.tell(seenAt(MONDAY, { durationMs: 100, sizeBytes: n ** 9 }));
    expect(run.copy().tell(seenAt(MONDAY, { durationMs: 100 }))).toBeLessThan(2);
    expect(run.copy().tell(seenAt(MONDAY, { durationMs: 1e6 }))).toBeGreaterThan(8);
    expect(run.tell(seenAt(MONDAY))).toBeNaN();
    expect(run.tell(seenAt(MONDAY, { durationMs: -1 }))).toBeNaN();
    expect(run.tell(seenAt(MONDAY, { durationMs: Infinity }))).toBeNaN();
    expect(run.describe(seenAt(MONDAY))).toBe("valueMs=-1 asLargeOrLarger=0 past=40");
  });

  test("speak once an hour about a heap of large values, and on about small ones", () => {
    const run = usual(500);
    const now = size(1);
    const told = (sizeBytes: number, timeMs = now.timeMs) =>
      run.tell({ ...now, sizeBytes, timeMs }, false);
    expect(told(1e9)).toBeGreaterThan(12);
    for (let n = 0; n < 20; n++) expect(told(1e9 + n)).toBeNaN();
    expect(told(2e4)).toBeLessThan(4);
    expect(told(1e9, now.timeMs + HOUR_MS)).toBeGreaterThan(12);
  });

  test("say nothing before sixteen values", () => {
    const run = new LearnedRun(sizeTail);
    const said = Array.from({ length: 17 }, () => run.tell(size(100)));
    expect(said.slice(0, 16).every(Number.isNaN)).toBe(true);
    expect(said[16]).not.toBeNaN();
  });

  test("rank evenly while values come from one distribution", () => {
    const chance = openChance(5);
    const run = new LearnedRun(sizeTail);
    const said: number[] = [];
    for (let n = 0; n < 3_000; n++) said.push(run.tell(size(2 ** (14 + 3 * normalFrom(chance)))));
    const ranks = ranksOf(said, 100);
    for (const p of [0.01, 0.05, 0.1, 0.25, 0.5, 0.75]) {
      expect(Math.abs(shareAtMost(ranks, p) - p)).toBeLessThan(0.03);
    }
  });

  test("move up one bucket a value, and take 183 beside 600 until a size is no surprise", () => {
    const chance = openChance(6);
    const run = usual(600, 2);
    const large = () => size(1e9 * 2 ** (normalFrom(chance) / 2));
    const first = Array.from({ length: 6 }, () => {
      const said = run.copy().tell(size(1e9));
      run.tell(size(1e9));
      return said;
    });
    expect(first[0]).toBeGreaterThan(11);
    expect(first[5]).toBeGreaterThan(8);
    let taught = 6;
    while (taught < 2_000 && run.copy().tell(size(1e9)) > 2) {
      run.tell(large());
      taught++;
    }
    expect(taught).toBe(183);
  });

  test("are taught one large value an hour, the one that was spoken about", () => {
    const run = usual(500);
    const now = size(1e9);
    const before = run.copy();
    run.tell(now, false);
    for (let n = 0; n < 9; n++) run.tell(now, true);
    expect(run.describe(now)).toBe(before.describe(now));
    for (let n = 0; n < 9; n++) run.tell({ ...now, timeMs: now.timeMs + HOUR_MS }, true);
    const one = before.copy();
    one.tell({ ...now, timeMs: now.timeMs + HOUR_MS }, true);
    expect(run.describe(now)).toBe(one.describe(now));
  });
});
