import { describe, expect, test } from "vitest";
import { SeasonalLevel } from "./seasonal-level.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function openLevel(): SeasonalLevel {
  return new SeasonalLevel(new Float64Array(SeasonalLevel.CELLS));
}

function taught(days: number, value: (timeMs: number) => number): SeasonalLevel {
  const level = openLevel();
  for (let t = 0; t < days * DAY_MS; t += HOUR_MS / 4) level.learn(t, value(t));
  return level;
}

describe("a seasonal level", () => {
  test("expects nothing before the first value, and then that value", () => {
    const level = openLevel();
    expect(level.expected(0)).toBeNaN();
    level.learn(0, 7);
    expect(level.expected(HOUR_MS)).toBe(7);
  });

  test("learns the time of day, where it says more than the recent level does", () => {
    const shift = (t: number) => (t % DAY_MS < DAY_MS / 2 ? 10 : 90);
    const level = taught(4, shift);
    expect(level.expected(4 * DAY_MS + HOUR_MS)).toBeCloseTo(10, 0);
    expect(level.expected(4 * DAY_MS + 13 * HOUR_MS)).toBeCloseTo(90, 0);
  });

  test("learns the hour of the week, where days differ", () => {
    const rest = (t: number) => (Math.floor(t / DAY_MS) % 7 >= 5 ? 5 : 50);
    const level = taught(28, rest);
    expect(level.expected(28 * DAY_MS + HOUR_MS)).toBeCloseTo(50, 0);
    expect(level.expected(33 * DAY_MS + HOUR_MS)).toBeCloseTo(5, 0);
  });

  test("keeps to the recent level where there is no season", () => {
    const level = taught(4, (t) => t / DAY_MS);
    expect(level.expected(4 * DAY_MS)).toBeGreaterThan(3.5);
  });

  test("does not take one absurd value for the time of day", () => {
    const level = taught(10, (t) => (t % DAY_MS < DAY_MS / 2 ? 10 : 90) + (t % 3));
    level.learn(10 * DAY_MS, 1e9);
    expect(level.expected(11 * DAY_MS + HOUR_MS)).toBeLessThan(1e3);
  });

  test("has a place for times before 1970", () => {
    const level = openLevel();
    level.learn(-5 * HOUR_MS, 3);
    expect(level.expected(-5 * HOUR_MS)).toBe(3);
  });
});
