import { describe, expect, test } from "vitest";
import {
  DAY_MS,
  HOUR_MS,
  LearnedRun,
  MONDAY,
  openChance,
  poissonFrom,
  ranksOf,
  seenAt,
  shareAtMost,
} from "../../../testkit/learned-run.ts";
import { rate, tailBits } from "./rate.ts";

const hourAt = (n: number) => MONDAY + Math.floor(n / 8) * DAY_MS + (9 + (n % 8)) * HOUR_MS;

/** One active hour. @returns what was said in it. */
function hour(run: LearnedRun, n: number, events: number, isTaught = true): number[] {
  const said: number[] = [];
  for (let i = 0; i < events; i++) said.push(run.tell(seenAt(hourAt(n) + i * 1_000), isTaught));
  return said.filter((one) => !Number.isNaN(one));
}

/** Counts with gamma distributed rates: variance some four times the mean. */
function usual(run: LearnedRun, from: number, hours: number, seed = 1): number[] {
  const chance = openChance(seed);
  const said: number[] = [];
  for (let n = from; n < from + hours; n++) {
    const lively = -Math.log(1 - chance()) - Math.log(1 - chance()) - Math.log(1 - chance());
    said.push(...hour(run, n, 1 + poissonFrom(chance, 4 * lively)));
  }
  return said;
}

describe("rate", () => {
  test("speaks of a burst while it runs, once; of an ordinary hour when the next begins", () => {
    const run = new LearnedRun(rate);
    usual(run, 0, 60);
    const burst = hour(run, 60, 400);
    // The first is about the hour before.
    expect(burst).toHaveLength(2);
    expect(burst[0]).toBeLessThan(8);
    expect(burst[1]).toBeGreaterThanOrEqual(8);
    expect(hour(run, 61, 12)).toEqual([]);
    expect(hour(run, 62, 12)).toHaveLength(1);
  });

  test("says nothing before it has learned eight hours", () => {
    const run = new LearnedRun(rate);
    for (let n = 0; n < 9; n++) expect(hour(run, n, n === 8 ? 1 : 10)).toEqual([]);
    expect(hour(run, 9, 500)).toHaveLength(2);
  });

  test("counts what it is not taught, and does not expect it", () => {
    const run = new LearnedRun(rate);
    usual(run, 0, 60);
    const mean = run.cells.slice(5, 7);
    expect(hour(run, 60, 400, false)).toHaveLength(2);
    for (let n = 61; n < 90; n++) hour(run, n, 400, false);
    expect(run.cells.slice(6, 7)).toEqual(mean.slice(1));
  });

  test("ranks evenly while rates stay what they are, dispersed or not", () => {
    const run = new LearnedRun(rate);
    const ranks = ranksOf(usual(run, 0, 1_500, 3), 100);
    for (const p of [0.02, 0.05, 0.1, 0.25, 0.5, 0.75]) {
      expect(shareAtMost(ranks, p)).toBeLessThan(p + 0.03);
      expect(shareAtMost(ranks, p)).toBeGreaterThan(p / 3 - 0.02);
    }
  });

  test.each([
    [3, 40],
    [1, 40],
    [0.3, 20],
  ])("the tail of shape %d is never taken for less likely than it is", (shape, mean) => {
    // Exact tail by summing the negative binomial.
    let term = (shape / (mean + shape)) ** shape;
    let tail = 1;
    for (let k = 0; k < 600; k++) {
      if (k > mean) expect(2 ** -tailBits(k, mean, shape)).toBeGreaterThanOrEqual(tail - 1e-9);
      tail -= term;
      term *= ((k + shape) / (k + 1)) * (mean / (mean + shape));
    }
  });

  test("tail bits grow with the count, through the mean", () => {
    const bits = Array.from({ length: 90 }, (_, k) => tailBits(k, 30, 2));
    expect(bits).toEqual([...bits].sort((a, b) => a - b));
    expect(bits[30]).toBeCloseTo(0, 9);
  });

  test("who stays below eight bits needs weeks to bring the mean to ten times what it was", () => {
    const run = new LearnedRun(rate);
    usual(run, 0, 100);
    const before = run.cells[5] as number;
    let hours = 0;
    while ((run.cells[5] as number) < 10 * before && hours < 500) {
      hour(run, 100 + hours, quietestMost(run, hourAt(100 + hours)));
      hours++;
    }
    expect(hours).toBe(121);
  });
});

test("who is as loud as he likes, and vouched for all the while, is no faster", () => {
  const run = new LearnedRun(rate);
  usual(run, 0, 100);
  const before = run.cells[5] as number;
  let hours = 0;
  while ((run.cells[5] as number) < 10 * before && hours < 500) hour(run, 100 + hours++, 2_000);
  expect(hours).toBe(121);
});

/** As many events as an hour may have without being spoken about. */
function quietestMost(run: LearnedRun, timeMs: number): number {
  const { cells } = run.copy();
  const seen = seenAt(timeMs);
  rate.note?.(cells, 1, seen);
  let most = 1;
  while (most < 10_000 && Number.isNaN(rate.strangeness(cells, 1, seen))) {
    rate.note?.(cells, 1, seen);
    most++;
  }
  return most;
}
