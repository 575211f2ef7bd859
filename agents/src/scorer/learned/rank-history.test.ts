import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addStrangeness,
  asStrangeAs,
  BINS,
  HISTORY_HALVES,
  HISTORY_MAX,
  type Histories,
  historyOf,
  readHistory,
  WRITTEN_HALVES,
  writeHistory,
} from "./rank-history.ts";

function openHistories(halves = new Float32Array(HISTORY_HALVES)): Histories {
  return { halves, quarters: new Uint16Array(halves.buffer) };
}

function historyWith(values: readonly number[]): Histories {
  const halves = openHistories();
  for (const value of values) addStrangeness(halves, 0, value);
  return halves;
}

const strangeness = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
  fc.integer({ min: -5, max: 5 }),
  fc.constantFrom(0, -0, 1e-40, -1e-40, 1e300, -1e300),
);

describe("a history of strangeness", () => {
  test("never counts fewer of the past as strange than there were, whatever they were", () => {
    fc.assert(
      fc.property(fc.array(strangeness, { maxLength: 200 }), strangeness, (past, now) => {
        const halves = historyWith(past);
        expect(historyOf(halves, 0)).toBe(past.length);
        const exact = past.filter((one) => one >= now).length;
        expect(asStrangeAs(halves, 0, now)).toBeGreaterThanOrEqual(exact);
        expect(asStrangeAs(halves, 0, now)).toBeLessThanOrEqual(past.length);
      }),
      { numRuns: 300 },
    );
  });

  test("ranks what is stranger than all of the past exactly, never above its like", () => {
    const halves = openHistories();
    for (let n = 1; n <= 2_000; n++) {
      const value = Math.sin(n) * 7 + n / 1_000;
      addStrangeness(halves, 0, value);
      expect(asStrangeAs(halves, 0, value)).toBeGreaterThanOrEqual(1);
      expect(asStrangeAs(halves, 0, 9.1)).toBe(0);
    }
  });

  test("is exact as long as no more values have been shown than there are bins", () => {
    const past = Array.from({ length: 600 }, (_, n) => n % BINS);
    const halves = historyWith(past);
    for (let now = 0; now < BINS; now++) {
      expect(asStrangeAs(halves, 0, now)).toBe((BINS - now) * (600 / BINS));
    }
  });

  test("after 1,000 ranks at most eight times too large, and about three times on average", () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const past = Array.from({ length: 1_000 }, random);
    const halves = historyWith(past);
    const sorted = [...past].sort((a, b) => b - a);
    const ratios = sorted.map((one, i) => (asStrangeAs(halves, 0, one) + 1) / (i + 2));
    expect(Math.max(...ratios)).toBeLessThanOrEqual(8);
    const mean = ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length;
    expect(Math.exp(mean)).toBeLessThanOrEqual(3.2);
  });

  test("counts half when it is full, so that an old past gives way", () => {
    const halves = openHistories();
    for (let n = 0; n < HISTORY_MAX; n++) addStrangeness(halves, 0, 1);
    expect(historyOf(halves, 0)).toBe(HISTORY_MAX / 2);
  });

  test("uses its own part of a row and no other", () => {
    const halves = new Float32Array(HISTORY_HALVES + 4).fill(5);
    halves.fill(0, 2, 2 + HISTORY_HALVES);
    const histories = openHistories(halves);
    for (let n = 0; n < 100; n++) addStrangeness(histories, 2, n * 1.1);
    expect([...halves.subarray(0, 2), ...halves.subarray(2 + HISTORY_HALVES)]).toEqual([
      5, 5, 5, 5,
    ]);
  });

  test("comes back from a snapshot as it was, whatever stands beside it", () => {
    const history = historyWith(Array.from({ length: 900 }, (_, n) => Math.sin(n) * 40));
    const written = new Float32Array(2 * WRITTEN_HALVES);
    writeHistory(history, 0, written, WRITTEN_HALVES);
    const again = openHistories(new Float32Array(HISTORY_HALVES + 2));
    readHistory(again, 1, written, WRITTEN_HALVES);
    expect(again.halves.subarray(1, 1 + HISTORY_HALVES)).toEqual(history.halves);
    expect([again.halves[0], again.halves[HISTORY_HALVES + 1]]).toEqual([0, 0]);
  });
});
