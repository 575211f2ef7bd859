import { describe, expect, test } from "vitest";
import {
  DAY_MS,
  HOUR_MS,
  LearnedRun,
  MONDAY,
  openChance,
  ranksOf,
  seenAt,
  shareAtMost,
} from "../../../testkit/learned-run.ts";
import { season } from "./season.ts";

const WEEK_MS = 7 * DAY_MS;

/** Working days from nine to five, each hour with a chance. */
function workWeeks(run: LearnedRun, from: number, weeks: number, seed = 1, extra?: number): void {
  const chance = openChance(seed);
  for (let week = from; week < from + weeks; week++) {
    for (let day = 0; day < 5; day++) {
      for (let hour = 9; hour < 17; hour++) {
        const timeMs = MONDAY + week * WEEK_MS + day * DAY_MS + hour * HOUR_MS;
        if (chance() < 0.7) run.tell(seenAt(timeMs));
      }
    }
    if (extra !== undefined) run.tell(seenAt(MONDAY + week * WEEK_MS + extra));
  }
}

const at = (week: number, day: number, hour: number) =>
  seenAt(MONDAY + week * WEEK_MS + day * DAY_MS + hour * HOUR_MS);

describe("season", () => {
  test("finds three at night strange, and ten in the morning not", () => {
    const run = new LearnedRun(season);
    workWeeks(run, 0, 6);
    expect(run.copy().tell(at(6, 1, 3))).toBeGreaterThan(9);
    expect(run.copy().tell(at(6, 1, 10))).toBeLessThan(6);
  });

  test("finds Sunday noon stranger than Monday noon, and eight in the morning less than three", () => {
    const run = new LearnedRun(season);
    workWeeks(run, 0, 6);
    const [sunday, monday] = [run.copy().tell(at(6, 6, 12)), run.copy().tell(at(7, 0, 12))];
    expect(sunday).toBeGreaterThan(monday + 2);
    expect(run.copy().tell(at(6, 1, 8))).toBeLessThan(run.copy().tell(at(6, 1, 3)) - 1);
  });

  test("gives chances that add to 1 over a week, whatever was learned", () => {
    const run = new LearnedRun(season);
    workWeeks(run, 0, 25);
    let sum = 0;
    for (let hour = 0; hour < 168; hour++) {
      sum += 2 ** -run.copy().tell(seenAt(MONDAY + 30 * WEEK_MS + hour * HOUR_MS));
    }
    // In quarter bits, each is at most 9 % off.
    expect(Math.abs(Math.log2(sum))).toBeLessThan(1 / 8);
  });

  test("speaks of an hour once, and says nothing before eight", () => {
    const run = new LearnedRun(season);
    const hours = Array.from({ length: 40 }, (_, n) => run.tell(at(n, 0, 9)));
    expect(hours.slice(0, 8).every(Number.isNaN)).toBe(true);
    expect(hours.slice(8).some(Number.isNaN)).toBe(false);
    expect(run.tell(at(39, 0, 9))).toBeNaN();
    expect(run.tell(at(40, 0, 9))).not.toBeNaN();
  });

  test("counts an hour once, however busy it was", () => {
    const [quiet, busy] = [new LearnedRun(season), new LearnedRun(season)];
    for (let week = 0; week < 20; week++) {
      quiet.tell(at(week, week % 5, 9));
      for (let n = 0; n < 50; n++) busy.tell(at(week, week % 5, 9));
    }
    expect(busy.cells).toEqual(quiet.cells);
  });

  test("is taught by the first event of an hour alone: what follows a refused one teaches nothing", () => {
    const run = new LearnedRun(season);
    workWeeks(run, 0, 4);
    const before = run.cells.slice(1, 16);
    run.tell(at(4, 1, 3), false);
    for (let n = 0; n < 9; n++) run.tell(at(4, 1, 3), true);
    expect(run.cells.slice(1, 16)).toEqual(before);
    run.tell(at(5, 1, 3), true);
    expect(run.cells.slice(1, 16)).not.toEqual(before);
  });

  test("ranks evenly while hours are drawn from one week", () => {
    const chance = openChance(11);
    const said: number[] = [];
    const run = new LearnedRun(season);
    for (let n = 0; n < 2_500; n++) {
      const hour = 9 + Math.floor((chance() + chance() + chance()) * 3);
      said.push(run.tell(at(Math.floor(n / 5), n % 5, hour)));
    }
    const ranks = ranksOf(said, 100);
    for (const p of [0.02, 0.1, 0.3, 0.6]) {
      expect(shareAtMost(ranks, p)).toBeLessThan(p + 0.03);
    }
    expect(shareAtMost(ranks, 0.9)).toBeGreaterThan(0.6);
  });

  test("is taught an hour a week: it takes 11 weeks until Tuesday at three is like any other", () => {
    const run = new LearnedRun(season);
    workWeeks(run, 0, 10);
    const night = DAY_MS + 3 * HOUR_MS;
    const usual = run.copy().tell(at(10, 1, 10)) + 1;
    let weeks = 0;
    while (run.copy().tell(at(10 + weeks, 1, 3)) > usual && weeks < 60) {
      workWeeks(run, 10 + weeks, 1, weeks, night);
      weeks++;
    }
    expect(weeks).toBe(11);
  });
});
