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
import { hashText } from "../observation.ts";
import { hostNovelty } from "./host-novelty.ts";
import { HostSketch } from "./host-sketch.ts";

const agent = (n: number) => seenAt(MONDAY, { agentHash: hashText(`agent ${n}`) });

function known(agents: number, trials: number): HostSketch {
  const sketch = new HostSketch();
  for (let n = 0; n < trials; n++) sketch.learn(agent(n % agents));
  return sketch;
}

function bitsOf(sketch: HostSketch, seen = agent(999_999)): number {
  sketch.look(seen);
  return seen.hostNewBits;
}

describe("what the host has seen", () => {
  test("tells what is new to it from what is not, and by how much", () => {
    const sketch = known(5, 200);
    const [fresh, old] = [agent(999), agent(3)];
    sketch.look(fresh);
    sketch.look(old);
    expect(fresh.hostNewMask).toBe(1 << 3);
    expect(2 ** -fresh.hostNewBits).toBeCloseTo(5.5 / 201, 9);
    expect([old.hostNewMask, old.hostNewBits]).toEqual([0, 0]);
  });

  test("says nothing before 64 trials, and a repeated line is one", () => {
    const sketch = new HostSketch();
    for (let n = 0; n < 500; n++) sketch.learn(agent(1));
    expect(bitsOf(sketch)).toBe(0);
    expect(bitsOf(known(2, 63))).toBe(0);
    expect(bitsOf(known(2, 64))).toBeGreaterThan(0);
  });

  test("keeps its size and forgets what is two generations old, whatever is invented", () => {
    const sketch = known(5, 200);
    const before = JSON.stringify(sketch.snapshot()).length;
    for (let n = 0; n < 20_000; n++) sketch.learn(agent(1_000 + n));
    expect(sketch.snapshot().words).toHaveLength(16_384);
    expect(JSON.stringify(sketch.snapshot()).length).toBeLessThan(before + 12 * 2_048);
    expect(bitsOf(sketch)).toBeLessThan(0.1);
    const [old, recent] = [agent(2), agent(20_900)];
    sketch.look(old);
    sketch.look(recent);
    expect([old.hostNewMask, recent.hostNewMask]).toEqual([1 << 3, 0]);
  });

  test("takes at most one new thing in a hundred for known", () => {
    const sketch = new HostSketch();
    for (let n = 0; n < 4_095; n++) sketch.learn(agent(n));
    let met = 0;
    for (let n = 0; n < 10_000; n++) {
      const seen = agent(1_000_000 + n);
      sketch.look(seen);
      if (seen.hostNewMask === 0) met++;
    }
    expect(met).toBeLessThan(120);
  });

  test("goes on from its snapshot, and from nothing else", () => {
    const sketch = known(40, 5_000);
    const copy = new HostSketch();
    expect(copy.restore(JSON.parse(JSON.stringify(sketch.snapshot())))).toBe(true);
    for (let n = 0; n < 3_000; n++) {
      sketch.learn(agent(n));
      copy.learn(agent(n));
    }
    expect(copy.snapshot()).toEqual(sketch.snapshot());
    const whole = sketch.snapshot();
    const counts = [...whole.counts];
    counts[3] = 7;
    for (const bad of [undefined, {}, { ...whole, words: [1] }, { ...whole, counts }]) {
      expect(copy.restore(bad)).toBe(false);
    }
    expect(copy.snapshot()).toEqual(whole);
  });
});

test("novelty to the host is told once a day and facet, and the first event of a day says none", () => {
  const run = new LearnedRun(hostNovelty);
  const on = (n: number, hostNewMask: number, hostNewBits: number) =>
    seenAt(MONDAY + n * DAY_MS, { hostNewMask, hostNewBits });
  expect(run.tell(on(0, 0, 0))).toBe(0);
  expect(run.tell(on(0, 0, 0))).toBeNaN();
  expect(run.tell(on(0, 2, 7))).toBe(9);
  expect(run.tell(on(0, 2, 7))).toBeNaN();
  expect(run.tell(on(0, 6, 12))).toBe(12);
  expect(run.tell(on(1, 2, 7))).toBe(9);
  expect(run.describe(on(1, 6, 7))).toBe("host: newNetwork=1 newCountry=1");
});

test("novelty to the host ranks evenly for one among many who bring new things at one pace", () => {
  const chance = openChance(31);
  const sketch = new HostSketch();
  const runs = Array.from({ length: 12 }, () => new LearnedRun(hostNovelty));
  const said: number[][] = runs.map(() => []);
  for (let n = 0, newest = 0; n < 400; n++) {
    for (const [i, run] of runs.entries()) {
      if (chance() < 0.05) newest++;
      const seen = seenAt(MONDAY + n * DAY_MS + i * 1_000, {
        agentHash: hashText(`agent ${Math.max(0, newest - Math.floor(4 * chance() ** 2))}`),
      });
      sketch.look(seen);
      said[i]?.push(run.tell(seen));
      sketch.learn(seen);
    }
  }
  const ranks = said.flatMap((one) => ranksOf(one, 60));
  for (const p of [0.01, 0.02, 0.05, 0.1]) expect(shareAtMost(ranks, p)).toBeLessThan(p + 0.02);
});
