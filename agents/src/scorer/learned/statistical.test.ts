import { describe, expect, test } from "vitest";
import {
  DAY_MS,
  HOUR_MS,
  LearnedRun,
  MONDAY,
  openChance,
  seenAt,
} from "../../../testkit/learned-run.ts";
import type { Observation } from "../observation.ts";
import type { LearnedDetector } from "./learned-detector.ts";
import { STATISTICAL_DETECTORS } from "./statistical.ts";

const sumOf = (detectors: readonly LearnedDetector[], of: (one: LearnedDetector) => number) =>
  detectors.reduce((sum, one) => sum + of(one), 0);

/** A working life with a little of everything. */
function life(seed: number, events: number): Observation[] {
  const chance = openChance(seed);
  const pick = (from: number) => 1 + Math.floor(chance() ** 3 * from);
  let timeMs = MONDAY;
  return Array.from({ length: events }, () => {
    timeMs += Math.floor(chance() ** 4 * 16 * HOUR_MS);
    const sizes = { sizeBytes: 4 ** (12 * chance()), durationMs: 1_000 * chance() };
    const hashes = { networkHash: pick(9), agentHash: pick(4), targetHash: pick(90) };
    return seenAt(timeMs, { ...sizes, ...hashes, nameHash: pick(3), actionHash: pick(40) });
  });
}

describe("the statistical detectors together", () => {
  test("have shares that add to 1, and names that are their own", () => {
    expect(sumOf(STATISTICAL_DETECTORS, ({ share }) => share)).toBeCloseTo(1, 12);
    const names = STATISTICAL_DETECTORS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test("fit their part of a subject's 2 kB: 50 cells, and 30 for first times", () => {
    const isNovelty = ({ name }: LearnedDetector) => name.endsWith("novelty");
    const widths = (detectors: readonly LearnedDetector[]) => sumOf(detectors, (d) => d.width);
    expect(widths(STATISTICAL_DETECTORS.filter((d) => !isNovelty(d)))).toBeLessThanOrEqual(50);
    expect(widths(STATISTICAL_DETECTORS.filter(isNovelty))).toBeLessThanOrEqual(30);
  });
});

describe.each(STATISTICAL_DETECTORS)("$name", (detector) => {
  test("is silent on a newcomer", () => {
    const run = new LearnedRun(detector);
    expect(run.tell(life(1, 1)[0] as Observation)).toBeOneOf([Number.NaN, 0]);
  });

  test("goes on from a copy of its cells, through JSON, exactly as it would have", () => {
    const events = life(2, 900);
    const whole = new LearnedRun(detector);
    for (const seen of events.slice(0, 500)) whole.tell(seen);
    const restored = whole.copy();
    const rest = events.slice(500);
    expect(rest.map((seen) => restored.tell(seen))).toEqual(rest.map((seen) => whole.tell(seen)));
    expect(restored.cells).toEqual(whole.cells);
  });

  test("says numbers or nothing about hostile ones, and goes on afterwards", () => {
    const run = new LearnedRun(detector);
    for (const seen of life(3, 300)) run.tell(seen);
    const odd = [Number.NaN, Infinity, -Infinity, -1, 0, 2 ** 53, 1e308, -0, 5e-324];
    const late = MONDAY + 4_000 * DAY_MS;
    for (const value of odd) {
      const hashes = { networkHash: value, targetHash: value, nameHash: value, agentHash: value };
      const fields = { sizeBytes: value, durationMs: value, hostNewBits: 1, ...hashes };
      for (const timeMs of [late, value]) {
        for (const hourOfWeek of [3, value]) {
          const seen = { ...seenAt(late, fields), timeMs, hourOfWeek };
          expect(run.tell(seen)).not.toBeOneOf([Infinity, -Infinity]);
          expect(run.describe(seen)).not.toMatch(/undefined|Infinity/);
        }
      }
    }
    expect([...run.cells].every(Number.isFinite)).toBe(true);
    for (const seen of life(4, 100)) run.tell({ ...seen, timeMs: seen.timeMs + 5_000 * DAY_MS });
    expect([...run.cells].every(Number.isFinite)).toBe(true);
  });

  test("learns nothing of what it is expected to be from what it is not taught", () => {
    const run = new LearnedRun(detector);
    for (const seen of life(5, 400)) run.tell(seen);
    const taught = run.copy();
    const later = life(6, 40).map((s) => ({ ...s, timeMs: s.timeMs + 2_000 * DAY_MS }));
    for (const seen of later) run.tell(seen, false);
    // Of the same day nothing is said twice, so both are asked a week on.
    const asked = seenAt((later[39] as Observation).timeMs + 7 * DAY_MS, {
      networkHash: 77,
      sizeBytes: 1e12,
      durationMs: 1e12,
    });
    for (const one of ["novelty", "size-tail", "duration-tail", "season"]) {
      if (detector.name === one) expect(run.tell(asked)).toBe(taught.tell(asked));
    }
  });

  test("survives cells that no detector wrote", () => {
    const chance = openChance(7);
    for (let n = 0; n < 50; n++) {
      const run = new LearnedRun(detector);
      for (let i = 1; i <= detector.width; i++) {
        run.cells[i] = (chance() - 0.3) * 10 ** Math.floor(chance() * 20);
      }
      for (const seen of life(n, 20)) {
        const said = run.tell({ ...seen, timeMs: seen.timeMs + n * DAY_MS });
        expect(said).not.toBeOneOf([Infinity, -Infinity]);
      }
    }
  });
});
