import { describe, expect, test } from "vitest";
import { probationRows } from "./nab-marks.ts";
import { syntheticTable } from "./synthetic-rows.ts";
import { syntheticStream } from "./synthetic-streams.ts";

const SEEDS = Array.from({ length: 36 }, (_, i) => i + 1);

describe("streams and tables of our own", () => {
  test("are the same for the same seed, and others for another", () => {
    expect(syntheticStream(5)).toEqual(syntheticStream(5));
    expect(syntheticStream(5).values).not.toEqual(syntheticStream(17).values);
    expect(syntheticTable(3)).toEqual(syntheticTable(3));
  });

  test("have finite values, times in order, and windows apart that start behind the probation", () => {
    for (const seed of SEEDS) {
      const { times, values, windows, name } = syntheticStream(seed);
      expect(values.every(Number.isFinite), name).toBe(true);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      for (const [i, { first, last }] of windows.entries()) {
        expect(first).toBeGreaterThanOrEqual(probationRows(values.length));
        expect(last).toBeLessThan(values.length);
        expect(first).toBeGreaterThan(windows[i - 1]?.last ?? -1);
      }
    }
  });

  test("hold every kind of meter, and streams without any trouble too", () => {
    const names = SEEDS.map((seed) => syntheticStream(seed).name);
    expect(new Set(names.map((name) => name.split("+")[0])).size).toBe(12);
    expect(names.some((name) => !name.includes("+"))).toBe(true);
  });

  test("hold all four kinds of anomaly, as few of a table", () => {
    const tables = SEEDS.slice(0, 8).map(syntheticTable);
    expect(new Set(tables.map(({ kind }) => kind)).size).toBe(4);
    for (const { rows, isAnomaly } of tables) {
      expect(rows.every((row) => row.every(Number.isFinite))).toBe(true);
      const count = isAnomaly.filter(Boolean).length;
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThan(rows.length / 8);
    }
  });
});
