import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SortedWindow } from "./sorted-window.ts";

function windowOf(size: number, values: readonly number[]): SortedWindow {
  const window = new SortedWindow(new Float64Array(SortedWindow.cells(size)), size);
  for (const value of values) window.push(value);
  return window;
}

const NUMBERS = fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true })), {
  maxLength: 60,
});

describe("a sorted window", () => {
  test("agrees with sorting the latest values anew, whatever comes", () => {
    fc.assert(
      fc.property(NUMBERS, fc.integer({ min: -6, max: 6 }), (values, asked) => {
        const window = windowOf(16, values);
        const kept = values.filter(Number.isFinite).slice(-16);
        expect(window.count).toBe(kept.length);
        expect(window.below(asked)).toBe(kept.filter((value) => value < asked).length);
        expect(window.upTo(asked)).toBe(kept.filter((value) => value <= asked).length);
        const sorted = kept.sort((a, b) => a - b);
        for (const share of [0, 0.3, 0.99]) {
          const middle = sorted[Math.floor(share * sorted.length)];
          expect(window.quantile(share) + 0).toBe(middle === undefined ? Number.NaN : middle + 0);
        }
      }),
    );
  });

  test("takes neither NaN nor infinity in", () => {
    const window = windowOf(8, [1, Number.NaN, Infinity, -Infinity, 2]);
    expect(window.count).toBe(2);
  });

  test("calls a value rarer the further out it lies, and never rarer than 1 in 10^8", () => {
    const window = windowOf(
      500,
      Array.from({ length: 500 }, (_, i) => Math.sin(i) * (i % 7)),
    );
    const said = [0, 4, 6, 7, 10, 100, 1e6, 1e300].map((value) => window.rarityAbove(value));
    expect(said).toEqual([...said].sort((a, b) => a - b));
    expect(said.at(-1)).toBeLessThanOrEqual(8);
    const below = [0, -4, -6, -7, -10, -100].map((value) => window.rarityBelow(value));
    expect(below).toEqual([...below].sort((a, b) => a - b));
  });

  test("says of a tenth of evenly spread values that they are a tenth", () => {
    const window = windowOf(
      1_000,
      Array.from({ length: 1_000 }, (_, i) => i),
    );
    expect(window.rarityAbove(900)).toBeCloseTo(1, 1);
    expect(window.rarityBelow(99)).toBeCloseTo(1, 1);
    expect(window.rarityAbove(0)).toBeCloseTo(0, 2);
  });

  test("only counts beside values that are all the same", () => {
    const window = windowOf(100, new Array<number>(100).fill(3));
    expect(window.rarityAbove(3)).toBeCloseTo(0, 5);
    expect(window.rarityAbove(3.000001)).toBeCloseTo(Math.log10(101), 5);
    expect(window.rarityAbove(1e9)).toBeCloseTo(Math.log10(101), 5);
    expect(window.rarityBelow(-1)).toBeCloseTo(Math.log10(101), 5);
  });
});
