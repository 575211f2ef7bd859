import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  normalMarks,
  type Profile,
  probationRows,
  rawMarks,
  sigmoidAt,
  windowsOf,
} from "./nab-marks.ts";

const STANDARD: Profile = { tpWeight: 1, fpWeight: 0.11, fnWeight: 1 };
const LOW_FN: Profile = { ...STANDARD, fnWeight: 2 };
const WINDOWS = [
  { first: 200, last: 249 },
  { first: 600, last: 699 },
];
const ROWS = 1_000;

const normal = (alarms: readonly number[], profile = STANDARD) =>
  normalMarks(rawMarks(alarms, ROWS, WINDOWS, profile), WINDOWS.length, profile);

describe("the benchmark's marks", () => {
  test("are 100 for the first row of each window alone, and 0 for silence", () => {
    for (const profile of [STANDARD, LOW_FN]) {
      expect(normal([200, 600], profile)).toBe(100);
      expect(normal([], profile)).toBe(0);
    }
  });

  test("follow the position function of the paper", () => {
    // 2 / (1 + e^(5y)) - 1 by hand.
    expect(sigmoidAt(-1)).toBeCloseTo(0.986614, 6);
    expect(sigmoidAt(-0.5)).toBeCloseTo(0.848284, 6);
    expect(sigmoidAt(0)).toBe(0);
    expect(sigmoidAt(1)).toBeCloseTo(-0.986614, 6);
    expect(sigmoidAt(3.0001)).toBe(-1);
  });

  test("give a late find less, its window's middle 0.8483 of 0.9866", () => {
    const half = rawMarks([225], ROWS, WINDOWS.slice(0, 1), STANDARD);
    expect(half).toBeCloseTo(0.848284 / 0.986614, 5);
    const last = rawMarks([249], ROWS, WINDOWS.slice(0, 1), STANDARD);
    expect(last).toBeCloseTo(sigmoidAt(-1 / 50) / sigmoidAt(-1), 9);
    expect(last).toBeGreaterThan(0);
  });

  test("count a window once, by its earliest alarm, however many follow", () => {
    expect(normal([200, 201, 230, 600, 650])).toBe(100);
    expect(normal([210, 240, 249, 600])).toBe(normal([210, 600]));
  });

  test("take 0.11 for an alarm before any window, and less just behind one", () => {
    expect(rawMarks([160], ROWS, WINDOWS, STANDARD)).toBeCloseTo(-2 - 0.11, 9);
    const near = rawMarks([250], ROWS, WINDOWS, STANDARD);
    expect(near).toBeCloseTo(-2 + 0.11 * sigmoidAt(1 / 49), 9);
    const far = rawMarks([249 + 3 * 49 + 1], ROWS, WINDOWS, STANDARD);
    expect(far).toBeCloseTo(-2 - 0.11, 9);
  });

  test("take nothing for alarms in the probation, 15 % of the rows and at most 750", () => {
    expect(probationRows(1_000)).toBe(150);
    expect(probationRows(4_032)).toBe(604);
    expect(probationRows(15_902)).toBe(750);
    expect(normal([0, 10, 149, 200, 600])).toBe(100);
    expect(normal([150, 200, 600])).toBeLessThan(100);
  });

  test("double a miss for who rewards few misses", () => {
    expect(rawMarks([200], ROWS, WINDOWS, LOW_FN)).toBeCloseTo(1 - 2, 9);
    expect(normal([200], LOW_FN)).toBe(50);
  });

  test("never rise by an alarm outside, nor fall by a first one inside, and stay at most 100", () => {
    const alarms = fc.uniqueArray(fc.integer({ min: 0, max: ROWS - 1 }), { maxLength: 30 });
    fc.assert(
      fc.property(alarms, fc.integer({ min: 0, max: ROWS - 1 }), (some, more) => {
        const before = normal(some.toSorted((a, b) => a - b));
        const after = normal([...new Set([...some, more])].sort((a, b) => a - b));
        expect(before).toBeLessThanOrEqual(100);
        const isInside = WINDOWS.some(({ first, last }) => more >= first && more <= last);
        if (isInside) expect(after).toBeGreaterThanOrEqual(before);
        else expect(after).toBeLessThanOrEqual(before + 1e-9);
      }),
    );
  });

  test("read windows by time, even where a label names no row exactly", () => {
    const times = [0, 10, 20, 30, 40];
    expect(windowsOf(times, [[10, 30]])).toEqual([{ first: 1, last: 3 }]);
    expect(
      windowsOf(times, [
        [31, 45],
        [5, 12],
      ]),
    ).toEqual([
      { first: 1, last: 1 },
      { first: 4, last: 4 },
    ]);
    expect(
      windowsOf(times, [
        [41, 60],
        [11, 19],
      ]),
    ).toEqual([]);
  });
});
