import { describe, expect, test } from "vitest";
import { DAY_MS, normalFrom, openChance } from "../../../../testkit/learned-run.ts";
import { StreamDetector } from "./stream-detector.ts";

const STEP_MS = 300_000;

/** Rows at which the stream alarms. */
function alarms(values: readonly number[], detector = new StreamDetector(), from = 0): number[] {
  return values.flatMap((value, i) =>
    detector.push((from + i) * STEP_MS, value).isAlarm ? [from + i] : [],
  );
}

function noise(rows: number, seed = 1): number[] {
  const chance = openChance(seed);
  return Array.from({ length: rows }, () => 50 + normalFrom(chance));
}

/** Working hours high, nights low, a little noise. */
function days(rows: number, seed = 1): number[] {
  const chance = openChance(seed);
  return Array.from({ length: rows }, (_, i) => {
    const day = ((i * STEP_MS) % DAY_MS) / DAY_MS;
    return (day > 0.35 && day < 0.75 ? 80 : 20) + normalFrom(chance);
  });
}

function changed(
  values: readonly number[],
  at: number,
  by: (value: number) => number,
  rows: number,
) {
  return values.map((value, i) => (i >= at && i < at + rows ? by(value) : value));
}

/** The trouble starts at 2,500 and is found within so many rows. */
const AT = 2_500;
const isFound = (rows: readonly number[], within = 60) =>
  rows.some((row) => row >= AT && row < AT + within);

describe("the stream detector", () => {
  test.each([
    ["a spike", changed(noise(3_000), AT, (value) => value + 30, 2)],
    ["a change of level", changed(noise(3_000), AT, (value) => value + 5, 500)],
    ["a flat line", changed(noise(3_000), AT, () => 50, 200)],
    ["a wider spread", changed(noise(3_000), AT, (value) => 50 + 6 * (value - 50), 300)],
    ["a fall to nothing", changed(days(3_000), AT, () => 0, 100)],
  ])("finds %s", (_, values) => {
    expect(isFound(alarms(values))).toBe(true);
  });

  test("finds a working day on which nobody worked, though each value is usual", () => {
    const noon = 8 * 288 + 120;
    const values = changed(days(3_500), noon, () => 20, 90);
    expect(alarms(values).some((row) => row >= noon && row < noon + 90)).toBe(true);
    expect(alarms(days(3_500)).some((row) => row >= noon && row < noon + 90)).toBe(false);
  });

  test("is silent on a constant, on a repeating pattern, and on a newcomer", () => {
    expect(alarms(new Array<number>(3_000).fill(7))).toEqual([]);
    expect(alarms(Array.from({ length: 3_000 }, (_, i) => (i % 12) + (i % 5)))).toEqual([]);
    expect(alarms([1, 9e9, -4, 0, 1e300, 2, 3, 3, 3, 7, 8, 1e9].concat(noise(30)))).toEqual([]);
  });

  test("seldom alarms on noise: less than once in 500 rows over ten streams", () => {
    let count = 0;
    for (let seed = 1; seed <= 10; seed++) count += alarms(noise(3_000, seed)).length;
    expect(count).toBeLessThan(60);
  });

  test("alarms once for one trouble", () => {
    const values = changed(noise(3_000), AT, (value) => value + 5 * Math.sin(value * 100), 90);
    const rows = alarms(values).filter((row) => row >= AT && row < AT + 100);
    expect(rows).toHaveLength(1);
  });

  test("says the same whatever the unit and the zero of the values", () => {
    const values = changed(days(3_000), AT, (value) => value * 2, 50);
    const scaled = values.map((value) => value * 2 ** 20);
    expect(alarms(scaled)).toEqual(alarms(values));
  });

  test("passes over rows that are no numbers, and learns nothing from them", () => {
    const [plain, holed] = [new StreamDetector(), new StreamDetector()];
    noise(800).forEach((value, i) => {
      for (const odd of [Number.NaN, Infinity, -Infinity]) {
        expect(holed.push(i * STEP_MS, odd).isAlarm).toBe(false);
      }
      expect(holed.push(Number.NaN, value).isAlarm).toBe(false);
      expect(holed.push(i * STEP_MS, value)).toEqual(plain.push(i * STEP_MS, value));
    });
    expect(holed.snapshot()).toEqual(plain.snapshot());
  });

  test("stays finite through the largest numbers there are, and finds trouble after them", () => {
    const detector = new StreamDetector();
    for (const value of [1.7e308, -1.7e308, 1e-320, 0]) detector.push(0, value);
    const values = changed(noise(4_000), AT, (value) => value + 30, 5);
    const rows = alarms(values, detector);
    expect(detector.snapshot().every(Number.isFinite)).toBe(true);
    expect(isFound(rows)).toBe(true);
  });

  test("goes on from a snapshot exactly as one that never stopped", () => {
    const values = changed(days(3_000), AT, (value) => value + 40, 30);
    const first = new StreamDetector();
    const before = alarms(values.slice(0, 1_900), first);
    const second = new StreamDetector();
    expect(second.restore(JSON.parse(JSON.stringify(first.snapshot())))).toBe(true);
    const after = alarms(values.slice(1_900), second, 1_900);
    expect([...before, ...after]).toEqual(alarms(values));
  });

  test("refuses what is no snapshot of its own", () => {
    const detector = new StreamDetector();
    const whole = detector.snapshot();
    expect(detector.restore(whole)).toBe(true);
    for (const bad of [undefined, [], whole.slice(1), [0, ...whole.slice(1)], whole.with(3, NaN)]) {
      expect(detector.restore(bad)).toBe(false);
    }
    expect(whole).toHaveLength(StreamDetector.CELLS + 1);
  });
});
