import { expect, test } from "vitest";
import { checkOwnClock, headAgeText } from "./own-clock.ts";

test("an old head is said to be old by this machine's clock, a new one nothing", () => {
  expect(headAgeText(15_000)).toBeUndefined();
  expect(headAgeText(180_000)).toMatch(/^the newest sealed head is 3 min old by this machine's/);
});

test("nothing is proposed by a clock that is behind the mesh's", () => {
  expect(() => checkOwnClock(0, 3_600_000)).toThrow(/clock is 1 h behind .* nothing was sent/);
});

test("a clock that is a little behind, or ahead, proposes", () => {
  expect(() => checkOwnClock(0, 60_000)).not.toThrow();
  expect(() => checkOwnClock(3_600_000, 0)).not.toThrow();
});
