import { expect, test } from "vitest";
import {
  DAY_MS,
  LearnedRun,
  MONDAY,
  openChance,
  ranksOf,
  seenAt,
  shareAtMost,
} from "../../../testkit/learned-run.ts";
import { dormantAccount } from "./dormant-account.ts";

const day = (n: number) => seenAt(MONDAY + n * DAY_MS + 9 * 3_600_000);

test("an absence is told in days, once, on the first event of the day of the return", () => {
  const run = new LearnedRun(dormantAccount);
  expect(run.tell(day(0))).toBeNaN();
  expect(run.tell(day(0))).toBeNaN();
  expect(run.tell(day(1))).toBe(1);
  expect(run.tell(day(4))).toBe(3);
  expect(run.describe(day(94))).toBe("daysSinceLastActiveDay=90");
  expect(run.tell(day(94))).toBe(90);
  expect(run.tell(day(94))).toBeNaN();
});

test("who comes back is seen, vouched for or not, so that the return is told once", () => {
  const run = new LearnedRun(dormantAccount);
  run.tell(day(0));
  expect(run.tell(day(90), false)).toBe(90);
  expect(run.tell(day(90), false)).toBeNaN();
  expect(run.tell(day(91))).toBe(1);
});

test("a day that lies before the last one says nothing", () => {
  const run = new LearnedRun(dormantAccount);
  run.tell(day(5));
  expect(run.tell(day(3))).toBeNaN();
  expect(run.tell(day(6))).toBe(1);
});

test("absences of one kind rank evenly, weekends and rare holidays among them", () => {
  const ranks: number[] = [];
  for (let seed = 1; seed <= 10; seed++) {
    const chance = openChance(seed);
    const run = new LearnedRun(dormantAccount);
    const said: number[] = [];
    for (let n = 0, at = 0; n < 300; n++) {
      const kind = chance();
      at += kind < 0.78 ? 1 : kind < 0.98 ? 3 : 7 + Math.floor(20 * chance());
      said.push(run.tell(day(at)));
    }
    ranks.push(...ranksOf(said, 50));
  }
  for (const p of [0.01, 0.02, 0.05, 0.3]) expect(shareAtMost(ranks, p)).toBeLessThan(p + 0.01);
});
