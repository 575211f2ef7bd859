import { describe, expect, test } from "vitest";
import { openChance } from "../../../../testkit/learned-run.ts";
import { openHalfSpace } from "./half-space.ts";

const SPACE = openHalfSpace({ features: 2, trees: 8, depth: 5, seed: 1 });

function taught(rows: number, draw: () => readonly number[]): Int32Array {
  const words = new Int32Array(SPACE.words);
  for (let i = 0; i < rows; i++) SPACE.learn(words, 0, Float64Array.from(draw()));
  return words;
}

const at = (...row: number[]) => Float64Array.from(row);

describe("a half-space forest", () => {
  test("is denser where rows fell than where none did", () => {
    const chance = openChance(3);
    const words = taught(500, () => [0.2 + 0.1 * chance(), 0.8 + 0.1 * chance()]);
    const [inside, outside] = [at(0.25, 0.85), at(0.8, 0.2)];
    expect(SPACE.density(words, 0, inside)).toBeGreaterThan(2);
    expect(SPACE.density(words, 0, outside)).toBeLessThan(-4);
    expect(SPACE.alike(words, 0, inside)).toBeGreaterThan(SPACE.alike(words, 0, outside));
  });

  test("finds no place denser than another when nothing was learned", () => {
    const words = new Int32Array(SPACE.words);
    expect(SPACE.density(words, 0, at(0.1, 0.9))).toBe(0);
    expect(SPACE.rows(words, 0)).toBe(0);
  });

  test("is a density: over the whole space it comes to 1", () => {
    const one = openHalfSpace({ features: 2, trees: 1, depth: 6, seed: 5 });
    const words = new Int32Array(one.words);
    const chance = openChance(9);
    for (let i = 0; i < 300; i++) one.learn(words, 0, at(chance() ** 3, chance()));
    let sum = 0;
    const steps = 200;
    for (let x = 0; x < steps; x++) {
      for (let y = 0; y < steps; y++) {
        sum += 2 ** one.density(words, 0, at((x + 0.5) / steps, (y + 0.5) / steps));
      }
    }
    expect(sum / steps ** 2).toBeCloseTo(1, 1);
  });

  test("leaves a feature out that nobody knows", () => {
    const words = taught(100, () => [0.2, 0.2]);
    expect(SPACE.density(words, 0, at(Number.NaN, Number.NaN))).toBeCloseTo(0, 9);
    expect(SPACE.density(words, 0, at(Number.NaN, 0.2))).toBeGreaterThan(1);
    expect(SPACE.density(words, 0, at(Number.NaN, 0.9))).toBeLessThan(-2);
    for (let i = 0; i < 400; i++) SPACE.learn(words, 0, at(Number.NaN, 0.2));
    expect(SPACE.density(words, 0, at(0.2, 0.2))).toBeGreaterThan(2);
  });

  test("keeps each count right at the edge of its 16 bits, and forgets by halves", () => {
    const words = taught(16_384, () => [0.2, 0.2]);
    expect(SPACE.rows(words, 0)).toBe(16_384);
    expect(SPACE.alike(words, 0, at(0.2, 0.2))).toBe(16_384);
    SPACE.learn(words, 0, at(0.2, 0.2));
    expect(SPACE.rows(words, 0)).toBe(8_193);
    expect(SPACE.alike(words, 0, at(0.2, 0.2))).toBe(8_193);
    expect(SPACE.alike(words, 0, at(0.9, 0.9))).toBe(0);
  });

  test("writes nothing outside its window", () => {
    const words = new Int32Array(SPACE.words + 8).fill(-1, 0, 4).fill(-1, SPACE.words + 4);
    for (let i = 0; i < 40; i++) SPACE.learn(words, 4, at((i % 7) / 7, (i % 11) / 11));
    expect([...words.slice(0, 4), ...words.slice(-4)]).toEqual(new Array(8).fill(-1));
    expect(SPACE.rows(words, 4)).toBe(40);
  });

  test("has the same cuts for the same seed, others for another", () => {
    const words = taught(50, () => [0.3, 0.6]);
    const again = openHalfSpace({ features: 2, trees: 8, depth: 5, seed: 1 });
    const other = openHalfSpace({ features: 2, trees: 8, depth: 5, seed: 2 });
    expect(again.density(words, 0, at(0.3, 0.6))).toBe(SPACE.density(words, 0, at(0.3, 0.6)));
    expect(other.density(words, 0, at(0.3, 0.6))).not.toBe(SPACE.density(words, 0, at(0.3, 0.6)));
  });

  test("refuses a forest that is out of bounds", () => {
    const good = { features: 2, trees: 8, depth: 5, seed: 1 };
    for (const bad of [{ features: 0 }, { trees: 65 }, { depth: 11 }]) {
      expect(() => openHalfSpace({ ...good, ...bad })).toThrow();
    }
  });
});
