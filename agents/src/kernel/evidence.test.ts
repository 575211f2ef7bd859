import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EVIDENCE_HOSTS_MAX, meanEvidenceMdb } from "./index.ts";

const mdb = (ratio: number) => 10_000 * Math.log10(ratio);

/** The bound as it is written down, in floats: the mean of the j largest, over all j. */
function floatTwin(accountsMdb: readonly number[]): number {
  const e = [...accountsMdb].sort((a, b) => b - a);
  return Math.max(...e.map((x, j) => x + mdb(j + 1))) - mdb(e.length);
}

const accounts = fc.array(fc.integer({ min: -300_000, max: 1_000_000 }), {
  minLength: 1,
  maxLength: EVIDENCE_HOSTS_MAX,
});

describe("evidence of several hosts", () => {
  test("is never above the bound in floats, and within 2 mdB of it", () => {
    fc.assert(
      fc.property(accounts, (e) => {
        const difference = floatTwin(e) - meanEvidenceMdb(e);
        expect(difference).toBeGreaterThanOrEqual(-1e-6);
        expect(difference).toBeLessThan(2);
      }),
      { seed: 1, numRuns: 3_000 },
    );
  });

  test("is never above the logarithm of the true mean", () => {
    const narrow = fc.array(fc.integer({ min: 0, max: 80_000 }), { minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(narrow, (e) => {
        const mean = e.reduce((sum, x) => sum + 10 ** (x / 10_000), 0) / e.length;
        expect(meanEvidenceMdb(e)).toBeLessThanOrEqual(mdb(mean) + 1e-6);
      }),
      { seed: 2, numRuns: 2_000 },
    );
  });

  test("does not depend on the order of the hosts", () => {
    const shuffled = accounts.chain((e) =>
      fc.tuple(fc.constant(e), fc.shuffledSubarray(e, { minLength: e.length })),
    );
    fc.assert(
      fc.property(shuffled, ([e, other]) => {
        expect(meanEvidenceMdb(other)).toBe(meanEvidenceMdb(e));
      }),
      { seed: 3 },
    );
  });

  test.each(Array.from({ length: EVIDENCE_HOSTS_MAX }, (_, i) => i + 1))(
    "of %i equal hosts is what one of them has, less rounding",
    (n) => {
      const found = meanEvidenceMdb(new Array<number>(n).fill(40_000));
      expect(found).toBeLessThanOrEqual(40_000);
      expect(found).toBeGreaterThanOrEqual(39_999);
    },
  );

  test("falls when a host without evidence joins, and never rises above the strongest", () => {
    expect(meanEvidenceMdb([40_000])).toBe(40_000);
    expect(meanEvidenceMdb([40_000, 0])).toBe(36_989);
    expect(meanEvidenceMdb([40_000, 40_000, 0])).toBe(38_238);
  });

  test("of no host, or of more than the table knows, is a broken invariant", () => {
    expect(() => meanEvidenceMdb([])).toThrow();
    expect(() => meanEvidenceMdb(new Array<number>(EVIDENCE_HOSTS_MAX + 1).fill(1))).toThrow();
  });
});
