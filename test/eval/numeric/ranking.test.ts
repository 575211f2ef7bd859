import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rankingFigures } from "./ranking.ts";

describe("the figures of a ranking", () => {
  test("agree with a case by hand", () => {
    // From the strangest: 1 0 1 0. AUC: pairs (4>3)(4>1)(2>1) of 4; AP: 1/1 * 1/2 + 2/3 * 1/2.
    const { rocAuc, ap } = rankingFigures([4, 3, 2, 1], [1, 0, 1, 0]);
    expect(rocAuc).toBe(3 / 4);
    expect(ap).toBeCloseTo(5 / 6, 12);
  });

  test("take a tie as one group, whatever the order it came in", () => {
    // All the same: half of the pairs, and the share of anomalies.
    expect(rankingFigures([1, 1, 1, 1], [1, 0, 0, 0])).toEqual({ rocAuc: 0.5, ap: 0.25 });
    // 5 | 3 3 | 1 with labels 0 | 1 0 | 1: AUC = (0.5 + 0) / 4 + (1) / 4 ... by hand 1.5 - 1 of 4.
    const one = rankingFigures([5, 3, 3, 1], [0, 1, 0, 1]);
    expect(one.rocAuc).toBe(0.5 / 4);
    expect(one.ap).toBeCloseTo((1 / 3) * (1 / 2) + (2 / 4) * (1 / 2), 12);
    expect(rankingFigures([3, 5, 1, 3], [0, 0, 1, 1])).toEqual(one);
  });

  test("are 1 for a perfect ranking and 0 AUC for its reverse", () => {
    expect(rankingFigures([9, 8, 2, 1], [1, 1, 0, 0])).toEqual({ rocAuc: 1, ap: 1 });
    expect(rankingFigures([1, 2, 8, 9], [1, 1, 0, 0]).rocAuc).toBe(0);
  });

  test("count every pair, as a dumb twin does", () => {
    const cases = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.boolean()), {
      minLength: 2,
      maxLength: 40,
    });
    fc.assert(
      fc.property(cases, (rows) => {
        const anomalies = rows.filter(([, is]) => is);
        const others = rows.filter(([, is]) => !is);
        fc.pre(anomalies.length > 0 && others.length > 0);
        let pairs = 0;
        for (const [a] of anomalies)
          for (const [b] of others) pairs += a > b ? 1 : a === b ? 0.5 : 0;
        const figures = rankingFigures(
          rows.map(([value]) => value),
          rows.map(([, is]) => is),
        );
        expect(figures.rocAuc).toBeCloseTo(pairs / (anomalies.length * others.length), 9);
        expect(figures.ap).toBeGreaterThan(0);
        expect(figures.ap).toBeLessThanOrEqual(1 + 1e-12);
      }),
    );
  });

  test("rank NaN last, and are NaN where there is only one class", () => {
    expect(rankingFigures([Number.NaN, 1], [0, 1])).toEqual({ rocAuc: 1, ap: 1 });
    expect(rankingFigures([Number.NaN, -Infinity], [0, 1]).rocAuc).toBe(0.5);
    expect(rankingFigures([1, 2], [0, 0]).rocAuc).toBeNaN();
    expect(rankingFigures([1, 2], [1, 1]).rocAuc).toBeNaN();
    expect(rankingFigures([], []).ap).toBeNaN();
  });
});
