import { describe, expect, test } from "vitest";
import { normalFrom, openChance } from "../../../../testkit/learned-run.ts";
import { RowDetector } from "./row-detector.ts";

/** Two crowds in four columns of very different units. */
function crowdRows(count: number, seed: number): number[][] {
  const chance = openChance(seed);
  return Array.from({ length: count }, () => {
    const side = chance() < 0.5 ? -1 : 1;
    const x = side * 3 + normalFrom(chance);
    return [x, 1e6 * (side + 0.1 * normalFrom(chance)), normalFrom(chance), 7];
  });
}

function taught(rows = 1_500, seed = 1): RowDetector {
  const detector = new RowDetector(4, seed);
  for (const row of crowdRows(rows, seed)) detector.push(row);
  return detector;
}

/** What a copy of the detector says, so that questions do not teach one another. */
function asked(detector: RowDetector, row: readonly number[]): number {
  const copy = new RowDetector(4, 99);
  expect(copy.restore(detector.snapshot())).toBe(true);
  return copy.push(row);
}

describe("the row detector", () => {
  test("finds strange what lies far out, between the crowds, or mixes their columns", () => {
    const detector = taught();
    const ordinary = asked(detector, [3.2, 1.02e6, 0.1, 7]);
    expect(asked(detector, [3, 1e6, 40, 7])).toBeGreaterThan(ordinary + 1);
    expect(asked(detector, [0, 0, 0, 7])).toBeGreaterThan(ordinary + 1);
    expect(asked(detector, [3, -1e6, 0, 7])).toBeGreaterThan(ordinary + 1);
  });

  test("goes on from a snapshot exactly as one that never stopped", () => {
    const first = taught(700);
    const second = new RowDetector(4, 5);
    expect(second.restore(JSON.parse(JSON.stringify(first.snapshot())))).toBe(true);
    for (const row of crowdRows(900, 8)) expect(second.push(row)).toBe(first.push(row));
  });

  test("refuses a snapshot of another shape, and is unchanged by it", () => {
    const detector = taught(100);
    const whole = detector.snapshot();
    const bad = [
      undefined,
      null,
      {},
      [],
      whole.slice(1),
      [...whole, 0],
      [7, ...whole.slice(1)],
      whole.with(9, Number.NaN),
      whole.with(9, "1" as unknown as number),
      new RowDetector(5, 1).snapshot(),
    ];
    for (const snapshot of bad) expect(detector.restore(snapshot)).toBe(false);
    expect(detector.snapshot()).toEqual(whole);
  });

  test("is the same for the same seed and rows, and remembers no more after many than after none", () => {
    const [one, two] = [taught(400, 3), taught(400, 3)];
    expect(one.snapshot()).toEqual(two.snapshot());
    expect(one.snapshot()).toHaveLength(new RowDetector(4, 3).snapshot().length);
  });

  test("stays finite and in its senses after rows of nonsense", () => {
    const detector = taught();
    const odd = [Number.NaN, Infinity, -Infinity, 1e308, -1e308, 5e-324];
    for (const a of odd) {
      for (const b of odd) expect(Number.isFinite(detector.push([a, b, a, b]))).toBe(true);
    }
    expect(detector.snapshot().every(Number.isFinite)).toBe(true);
    expect(Number.isFinite(detector.push([]))).toBe(true);
    for (const row of crowdRows(1_500, 4)) detector.push(row);
    const ordinary = asked(detector, [3.2, 1.02e6, 0.1, 7]);
    expect(asked(detector, [3, -1e6, 40, 7])).toBeGreaterThan(ordinary + 1);
  });

  test("takes 1 to 256 columns", () => {
    expect(() => new RowDetector(0, 1)).toThrow(RangeError);
    expect(() => new RowDetector(257, 1)).toThrow(RangeError);
    expect(() => new RowDetector(Number.NaN, 1)).toThrow(RangeError);
    expect(new RowDetector(1, 1).push([4])).toBe(0);
  });
});
