import { describe, expect, test } from "vitest";
import { openObservation } from "../observation.ts";
import { type LoginHabit, observeHabit, openLoginHabit, rankMdb } from "./login-habit.ts";

const MONDAY_NOON = Date.UTC(2026, 2, 2, 12);
const HOUR = 3_600_000;

function log(habit: LoginHabit, timeMs: number, nameHash: number, didSucceed = true): void {
  const outcome = didSucceed ? "succeeded" : "failed";
  observeHabit(habit, { ...openObservation(), timeMs, nameHash, outcome }, 5);
}

describe("learned habit of a source", () => {
  test("is silent on a newcomer", () => {
    const habit = openLoginHabit();
    log(habit, MONDAY_NOON, 1, false);
    expect(habit).toMatchObject({ noveltyMdb: 0, weekMdb: 0, logins: 0 });
  });

  test("says at most 10 log10(n+1) dB after n logins", () => {
    const habit = openLoginHabit();
    for (let n = 0; n < 99; n++) log(habit, MONDAY_NOON, 1);
    log(habit, MONDAY_NOON + 13 * HOUR, 2, false);
    expect(habit.noveltyMdb).toBeLessThanOrEqual(20_000);
    expect(habit.noveltyMdb).toBe(rankMdb(99, 1));
    expect(habit.weekMdb).toBe(20_000);
  });

  test("learns from successes only, in bounded memory", () => {
    const habit = openLoginHabit();
    for (let n = 0; n < 200; n++) log(habit, MONDAY_NOON, n, false);
    expect(habit.names).toHaveLength(0);
    for (let n = 0; n < 200; n++) log(habit, MONDAY_NOON, n);
    expect(habit.names).toHaveLength(16);
    expect(habit.week).toHaveLength(8);
  });

  test("knows a weekend from a working day", () => {
    const habit = openLoginHabit();
    for (const day of [0, 1, 2, 3, 4, 5, 6]) log(habit, MONDAY_NOON + day * 24 * HOUR, 1);
    expect(habit.week).toEqual([0, 0, 5, 0, 0, 0, 2, 0]);
  });
});
