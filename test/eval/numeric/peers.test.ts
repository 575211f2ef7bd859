import { describe, expect, test } from "vitest";
import { Random } from "../../sim/random.ts";
import { HalfSpaceTrees } from "./half-space-trees.ts";
import { RandomCutForest } from "./random-cut-forest.ts";
import { rankingFigures } from "./ranking.ts";
import { normal } from "./synthetic-streams.ts";

/** A crowd in the unit square's middle, and every fiftieth row far out. */
function rows(count: number, seed: number) {
  const chance = new Random(seed);
  return Array.from({ length: count }, (_, i) => {
    const isAnomaly = i % 50 === 49;
    const at = isAnomaly ? 0.95 : 0.4;
    const row = Float64Array.from([0, 1, 2], () => at + 0.03 * normal(chance));
    return { row, isAnomaly };
  });
}

function aucOf(detector: { push(row: Float64Array): number }): number {
  const stream = rows(2_000, 7);
  const said = stream.map(({ row }) => detector.push(row)).slice(500);
  const labels = stream.map(({ isAnomaly }) => isAnomaly).slice(500);
  return rankingFigures(said, labels).rocAuc;
}

describe("the peers", () => {
  test("find what lies far out: half-space trees and the random cut forest alike", () => {
    expect(aucOf(new HalfSpaceTrees(3, 1))).toBeGreaterThan(0.97);
    expect(aucOf(new RandomCutForest(3, 1))).toBeGreaterThan(0.99);
  });

  test("say the same for the same seed", () => {
    const stream = rows(600, 2);
    for (const open of [() => new HalfSpaceTrees(3, 4), () => new RandomCutForest(3, 4)]) {
      const [one, two] = [open(), open()];
      for (const { row } of stream) expect(one.push(row)).toBe(two.push(row));
    }
  });

  test("judge before they learn: nothing is strange to an empty forest", () => {
    expect(new RandomCutForest(2, 1).push(Float64Array.of(9, 9))).toBe(0);
    expect(new HalfSpaceTrees(2, 1).push(Float64Array.of(9, 9))).toBe(0 * -1);
  });

  test("bear rows that are all the same, and then one that is not", () => {
    const forest = new RandomCutForest(2, 3);
    for (let i = 0; i < 400; i++) expect(forest.push(Float64Array.of(1, 1))).toBeLessThan(1);
    expect(forest.push(Float64Array.of(1, 2))).toBeGreaterThan(100);
  });
});
