// Plays one learned detector as the scorer does: how strange, note, learn. Owns seeded chance and
// the ranks that a calibration is judged by. Must never let a detector write outside its cells:
// guard cells stand on both sides, and each question is checked to change nothing.

import type { LearnedDetector } from "../src/scorer/learned/learned-detector.ts";
import { type Observation, openObservation } from "../src/scorer/observation.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
/** A Monday, 00:00 UTC. */
export const MONDAY = Date.UTC(2026, 2, 2);

const GUARD = 0.123456789;

/** Mulberry32: uniform in [0, 1) from one seed. */
export function openChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Normal with mean 0 and deviation 1 (Box and Muller). */
export function normalFrom(chance: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
}

export function poissonFrom(chance: () => number, mean: number): number {
  let count = 0;
  for (let time = -Math.log(1 - chance()); time < mean; count++) time -= Math.log(1 - chance());
  return count;
}

/** An observation at a time, everything else as given. */
export function seenAt(timeMs: number, more: Partial<Observation> = {}): Observation {
  const hourOfWeek = Math.floor(timeMs / HOUR_MS) % 168;
  return { ...openObservation(), timeMs, hourOfWeek, outcome: "acted", ...more };
}

export class LearnedRun {
  readonly detector: LearnedDetector;
  cells: Float64Array;

  constructor(detector: LearnedDetector) {
    this.detector = detector;
    this.cells = new Float64Array(detector.width + 2);
    this.cells[0] = GUARD;
    this.cells[detector.width + 1] = GUARD;
  }

  /** @returns the strangeness, before anything is learned. */
  tell(seen: Observation, isTaught = true): number {
    const before = this.cells.slice();
    const strangeness = this.detector.strangeness(this.cells, 1, seen);
    this.detector.describe(this.cells, 1, seen);
    if (before.some((cell, i) => !Object.is(cell, this.cells[i]))) {
      throw new Error(`${this.detector.name} changed a cell when it was asked`);
    }
    this.detector.note?.(this.cells, 1, seen);
    if (isTaught) this.detector.learn(this.cells, 1, seen);
    if (this.cells[0] !== GUARD || this.cells[this.detector.width + 1] !== GUARD) {
      throw new Error(`${this.detector.name} wrote outside its cells`);
    }
    return strangeness;
  }

  describe(seen: Observation): string {
    return this.detector.describe(this.cells, 1, seen);
  }

  /** A run of its own that goes on from here. */
  copy(): LearnedRun {
    const copy = new LearnedRun(this.detector);
    copy.cells = Float64Array.from(JSON.parse(JSON.stringify(Array.from(this.cells))) as number[]);
    return copy;
  }
}

/**
 * Conformal ranks of a run of strangenesses, each among those before it, ties counted as stranger.
 * Uniform or larger when the run is exchangeable.
 * @param skip ranks left out at the start, while the past is short
 */
export function ranksOf(strangenesses: readonly number[], skip: number): number[] {
  const said = strangenesses.filter((one) => !Number.isNaN(one));
  return said
    .map((one, n) => (1 + said.slice(0, n).filter((past) => past >= one).length) / (n + 1))
    .slice(skip);
}

/** Share of the ranks that are at most `p`; at most about `p` when the promise holds. */
export function shareAtMost(ranks: readonly number[], p: number): number {
  return ranks.filter((rank) => rank <= p).length / ranks.length;
}
