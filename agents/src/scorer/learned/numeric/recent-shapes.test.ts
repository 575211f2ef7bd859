import { describe, expect, test } from "vitest";
import { RecentShapes } from "./recent-shapes.ts";

function openShapes(length: number, kept: number, stride: number): RecentShapes {
  return new RecentShapes(new Float64Array(RecentShapes.cells(length, kept)), length, kept, stride);
}

describe("recent shapes", () => {
  test("find what repeats at distance 0 and what does not further off", () => {
    const shapes = openShapes(8, 16, 2);
    const wave = (i: number) => (i % 8) / 8;
    let last = Number.NaN;
    for (let i = 0; i < 80; i++) last = shapes.push(wave(i));
    expect(last).toBeCloseTo(0, 9);
    for (let i = 0; i < 8; i++) last = shapes.push(0.5);
    expect(last).toBeGreaterThan(0.15);
  });

  test("say nothing before a window that does not overlap the newest", () => {
    const shapes = openShapes(4, 8, 1);
    const said = Array.from({ length: 9 }, (_, i) => shapes.push(i));
    expect(said.slice(0, 7).every(Number.isNaN)).toBe(true);
    expect(said[7]).toBe(4);
  });

  test("agree with comparing every kept window row by row", () => {
    const [length, kept, stride] = [5, 6, 3];
    const shapes = openShapes(length, kept, stride);
    const values = Array.from({ length: 120 }, (_, i) => (Math.sin(i * i) + 1) / 2);
    values.forEach((value, i) => {
      const said = shapes.push(value);
      const rows = i + 1;
      const ends = Array.from({ length: rows }, (_, e) => e + 1).filter(
        (end) => end >= length && end % stride === 0 && end < rows,
      );
      const allowed = ends
        .slice(-kept)
        .filter((_, n, all) => all.length - n >= Math.ceil(length / stride));
      const window = (end: number) => values.slice(end - length, end);
      const distances = allowed.map((end) =>
        window(end).reduce((sum, v, j) => sum + Math.abs(v - (window(rows)[j] as number)), 0),
      );
      if (rows < length || distances.length === 0) expect(said).toBeNaN();
      else expect(said).toBeCloseTo(Math.min(...distances) / length, 9);
    });
  });
});
