import { describe, expect, test } from "vitest";
import {
  DAY_MS,
  LearnedRun,
  MONDAY,
  openChance,
  ranksOf,
  seenAt,
  shareAtMost,
} from "../../../testkit/learned-run.ts";
import { hashText, type Observation } from "../observation.ts";
import { novelty } from "./novelty.ts";

const on = (n: number, more: Partial<Observation>) => seenAt(MONDAY + n * DAY_MS, more);
const network = (n: number) => hashText(`network ${n}`);
const resource = (n: number) => hashText(`resource ${n}`);

/** An account of steady habits: home and office. */
function steady(days: number): LearnedRun {
  const run = new LearnedRun(novelty);
  for (let n = 0; n < days; n++) {
    run.tell(on(n, { networkHash: network(n % 2), countryHash: 5, actionHash: 9 }));
  }
  return run;
}

describe("novelty", () => {
  test("a network never seen surprises, a known one does not", () => {
    const run = steady(100);
    expect(run.copy().tell(on(100, { networkHash: network(9), countryHash: 5 }))).toBeGreaterThan(
      6,
    );
    expect(run.copy().tell(on(100, { networkHash: network(1), countryHash: 5 }))).toBe(0);
  });

  test("two new facets surprise more than one, and are named", () => {
    const run = steady(100);
    const both = on(100, { networkHash: network(9), countryHash: 6 });
    const one = on(100, { networkHash: network(9), countryHash: 5 });
    expect(run.copy().tell(both)).toBeGreaterThan(run.copy().tell(one) + 6);
    expect(run.describe(both)).toBe("newNetwork=1 newCountry=1 pastTrials=100");
    expect(run.describe(one)).toBe("newNetwork=1 pastTrials=100");
  });

  test("a facet is spoken of once a day, taught or not", () => {
    const run = steady(100);
    const strange = (n: number) => on(100, { networkHash: network(n), countryHash: 5 });
    expect(run.tell(strange(9), false)).toBeGreaterThan(6);
    expect(run.tell(strange(9), false)).toBeNaN();
    expect(run.tell(strange(10), false)).toBeNaN();
    expect(run.tell({ ...strange(11), timeMs: MONDAY + 101 * DAY_MS })).toBeGreaterThan(6);
  });

  test("a facet that has hardly been seen says nothing", () => {
    const run = steady(100);
    const device = (n: number) => on(100 + n, { deviceHash: hashText(`device ${n}`) });
    for (let n = 0; n < 8; n++) expect(run.tell(device(n))).toBeNaN();
    expect(run.tell(device(8))).toBeGreaterThanOrEqual(0);
  });

  test("something new is no surprise to who shows something new each day", () => {
    const run = new LearnedRun(novelty);
    for (let n = 0; n < 100; n++) run.tell(on(n, { targetHash: resource(n) }));
    // The least step above nothing.
    expect(run.tell(on(100, { targetHash: resource(100) }))).toBe(3);
  });

  test("what is used again is remembered before what is not", () => {
    const run = new LearnedRun(novelty);
    for (let n = 0; n < 60; n++) {
      run.tell(on(n, { networkHash: network(0) }));
      run.tell(on(n, { networkHash: network(1 + n) }));
    }
    expect(run.copy().tell(on(60, { networkHash: network(0) }))).toBe(0);
    expect(run.copy().tell(on(60, { networkHash: network(57) }))).toBe(0);
    expect(run.copy().tell(on(60, { networkHash: network(3) }))).toBeGreaterThan(0);
  });

  test("estimates the chance of something new (Good and Turing)", () => {
    // In steps of three bits: 3.5 of 21 is 2.6 bits, 1.5 of 21 is 3.8.
    const after = (once: number): number => {
      const run = new LearnedRun(novelty);
      for (let n = 0; n < 20; n++) {
        run.tell(on(n, { actionHash: hashText(n < once ? `once ${n}` : `again ${n % 2}`) }));
      }
      return run.tell(on(20, { actionHash: hashText("never") }));
    };
    expect([after(3), after(1)]).toEqual([3, 6]);
  });

  test("agrees with a twin that keeps lists, at every step of a life full of change", () => {
    const chance = openChance(21);
    const run = new LearnedRun(novelty);
    // The twin of one facet: what was used last first, 12 of them, and what has been seen once.
    let known: { readonly hash: number; readonly isOnce: boolean }[] = [];
    let [trials, once] = [0, 0];
    for (let n = 0; n < 3_000; n++) {
      const hash = resource(Math.floor(30 * chance() ** 2));
      const said = run.tell(on(n, { targetHash: hash }));
      const found = known.find((one) => one.hash === hash);
      const bits =
        found === undefined ? 3 * Math.ceil(-Math.log2((once + 0.5) / (trials + 1)) / 3) : 0;
      expect(said).toBe(trials < 8 ? Number.NaN : bits);
      trials++;
      if (found === undefined) once++;
      else if (found.isOnce) once--;
      const others = known.filter((one) => one.hash !== hash);
      known = [{ hash, isOnce: found === undefined }, ...others].slice(0, 12);
      if (trials >= 1_023) [trials, once] = [trials >> 1, once >> 1];
    }
  });

  test("takes something new for known about as often as fingerprints meet, and no more", () => {
    const run = new LearnedRun(novelty);
    for (let n = 0; n < 60; n++) run.tell(on(n, { targetHash: resource(n % 12) }));
    let met = 0;
    for (let n = 0; n < 50_000; n++) {
      if (run.describe(on(61, { targetHash: hashText(`r/${n}`) })).includes("newFacets=0")) met++;
    }
    expect(met).toBeLessThan(50_000 * 0.001);
  });

  test("ranks evenly while things are drawn from one long-tailed habit", () => {
    const ranks: number[] = [];
    for (let seed = 1; seed <= 6; seed++) {
      const chance = openChance(seed);
      const run = new LearnedRun(novelty);
      const said: number[] = [];
      for (let n = 0; n < 600; n++) {
        const place = Math.floor(1 / (chance() + 0.002));
        said.push(run.tell(on(n, { networkHash: network(place), countryHash: 3 })));
      }
      ranks.push(...ranksOf(said, 100));
    }
    for (const p of [0.02, 0.05, 0.1, 0.2]) expect(shareAtMost(ranks, p)).toBeLessThan(p + 0.03);
  });

  test("ranks evenly while new things come now and then, and stay", () => {
    const ranks: number[] = [];
    for (let seed = 1; seed <= 12; seed++) {
      const chance = openChance(seed);
      const run = new LearnedRun(novelty);
      const said: number[] = [];
      for (let n = 0, newest = 0; n < 500; n++) {
        if (chance() < 0.04) newest++;
        const networkHash = network(chance() < 0.5 ? newest : Math.max(0, newest - 1));
        said.push(run.tell(on(n, { networkHash })));
      }
      ranks.push(...ranksOf(said, 50));
    }
    for (const p of [0.01, 0.02, 0.05, 0.1]) expect(shareAtMost(ranks, p)).toBeLessThan(p + 0.02);
  });

  test("learns one new thing a day and facet, whatever is shown and vouched for", () => {
    const run = steady(100);
    for (let n = 0; n < 50; n++) run.tell(on(100, { networkHash: network(500 + n) }));
    const seen = (n: number) => on(101, { networkHash: network(n) });
    expect(run.copy().tell(seen(500))).toBe(0);
    for (const n of [501, 520, 549]) expect(run.copy().tell(seen(n))).toBeGreaterThan(3);
  });

  test("is taught by what was spoken about alone: not by what followed on a refused one", () => {
    const run = steady(100);
    run.tell(on(100, { networkHash: network(500) }), false);
    for (let n = 0; n < 9; n++) run.tell(on(100, { networkHash: network(500 + n) }), true);
    expect(run.tell(on(101, { networkHash: network(500) }))).toBeGreaterThan(6);
  });

  test("takes 29 days of a new network each until one is worth 3 bits", () => {
    const run = steady(200);
    let taught = 0;
    const ask = () => run.copy().tell(on(200 + taught, { networkHash: hashText("enemy") }));
    expect(ask()).toBeGreaterThan(8);
    while (ask() > 3) {
      run.tell(on(200 + taught, { networkHash: network(1_000 + taught) }));
      taught++;
    }
    expect(taught).toBe(29);
  });
});
