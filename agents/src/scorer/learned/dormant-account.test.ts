import { expect, test } from "vitest";
import { DAY_MS, LearnedRun, MONDAY, seenAt } from "../../../testkit/learned-run.ts";
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
