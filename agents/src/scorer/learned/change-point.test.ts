import { describe, expect, test } from "vitest";
import {
  DAY_MS,
  LearnedRun,
  MONDAY,
  normalFrom,
  openChance,
  ranksOf,
  seenAt,
  shareAtMost,
} from "../../../testkit/learned-run.ts";
import { changePoint } from "./change-point.ts";

/** Days of about `usual` events each, by log2. @returns what was said. */
function days(run: LearnedRun, from: number, counts: readonly number[]): number[] {
  const said: number[] = [];
  counts.forEach((count, n) => {
    for (let i = 0; i < Math.max(1, Math.round(count)); i++) {
      said.push(run.tell(seenAt(MONDAY + (from + n) * DAY_MS + i)));
    }
  });
  return said.filter((one) => !Number.isNaN(one));
}

function usual(length: number, seed: number, deviation = 0.5): number[] {
  const chance = openChance(seed);
  return Array.from({ length }, () => 40 * 2 ** (deviation * normalFrom(chance)));
}

describe("change point", () => {
  test("speaks when a subject does three times as much for days, not for one heavy day", () => {
    const run = new LearnedRun(changePoint);
    days(run, 0, usual(40, 1));
    const [one, lasting] = [run.copy(), run.copy()];
    const rest = usual(12, 2);
    expect(Math.max(...days(one, 40, [400, ...rest]))).toBeLessThan(5);
    const grown = rest.map((count) => 3 * count);
    expect(Math.max(...days(lasting, 40, grown))).toBeGreaterThanOrEqual(5);
  });

  test("says nothing about less, nor before it has learned eight days", () => {
    const run = new LearnedRun(changePoint);
    expect(days(run, 0, usual(9, 1))).toEqual([]);
    days(run, 9, usual(30, 2));
    expect(
      Math.max(
        0,
        ...days(
          run,
          39,
          usual(20, 3).map((count) => count / 5),
        ),
      ),
    ).toBeLessThan(5);
  });

  test("speaks once a day at most, on the first event of a later one", () => {
    const run = new LearnedRun(changePoint);
    days(run, 0, usual(60, 1));
    const late = seenAt(MONDAY + 60 * DAY_MS);
    run.tell(late);
    expect(run.tell(late)).toBeNaN();
  });

  test("ranks cycles evenly while days are alike", () => {
    const ranks: number[] = [];
    for (let seed = 1; seed <= 12; seed++) {
      const run = new LearnedRun(changePoint);
      ranks.push(...ranksOf(days(run, 0, usual(400, seed, 0.6)), 30));
    }
    for (const p of [0.02, 0.05, 0.1, 0.3]) expect(shareAtMost(ranks, p)).toBeLessThan(p + 0.025);
  });

  test("does not notice who grows slowly enough: twice as much takes most of a year", () => {
    const speeds = [32, 64, 128, 256, 512].map((daysToDouble) => {
      const run = new LearnedRun(changePoint);
      days(run, 0, usual(64, 9, 0.02));
      const slow = Array.from({ length: daysToDouble }, (_, n) => 40 * 2 ** (n / daysToDouble));
      return Math.max(...days(run, 64, slow)) >= 5;
    });
    expect(speeds).toEqual([true, true, true, false, false]);
  });
});
