// What any vouched subject of this host has shown: the second look of novelty, beyond the subject's
// own past. Owns one Bloom filter a facet, in two generations, 64 kB in all whatever the traffic.
// Must never be taught by whom the caller does not vouch for.
//
// What a peer group has shown is in group-sketch.ts. Expected: the next trial shows the host
// something new as often as the last 512 to 1,024 trials of that facet did (prequential form of
// Good and Turing's estimate; a filter cannot tell what was seen just once).
// A false "seen before" (at most 0.6 % of new things at 2,048 in a generation, three probes of
// 32,768 bits: Bloom 1970) costs silence about that facet.
// Poisoning: one vouched account that shows a thing once has shown it to the host, and the caller
// bounds how many a day (learned-watch.ts): to drive out what the host knows of a facet takes 64
// account-days and more, each of an account that has taught on an earlier day. The subject's own
// `novelty` does not care what the host has seen.

import type { Observation } from "../observation.ts";
import { FACETS, facetOf } from "./facets.ts";

const BITS = 32_768;
const WORDS = BITS / 32;
/** New things in a generation before the older one is dropped. */
const NEW_MAX = 2_048;
const TRIALS_MAX = 1_024;
const TRIALS_MIN = 64;
const FACET_WORDS = 2 * WORDS;

/** Plain numbers for JSON. */
export interface HostSketchSnapshot {
  readonly words: readonly number[];
  readonly counts: readonly number[];
}

/** Numbers a facet: trials, new among them, new in this generation, which generation, last hash. */
const COUNTS = 5;

export class HostSketch {
  readonly #words = new Int32Array(FACETS.length * FACET_WORDS);
  readonly #counts = new Int32Array(FACETS.length * COUNTS);

  /** Says in the observation what is new to the host. Changes nothing else. */
  look(seen: Observation): void {
    seen.hostNewMask = 0;
    seen.hostNewBits = 0;
    for (let facet = 0; facet < FACETS.length; facet++) {
      const hash = facetOf(seen, facet);
      const trials = this.#counts[facet * COUNTS] as number;
      if (hash === 0 || trials < TRIALS_MIN || this.#has(facet, hash)) continue;
      const fresh = this.#counts[facet * COUNTS + 1] as number;
      seen.hostNewMask |= 1 << facet;
      seen.hostNewBits -= Math.log2((fresh + 0.5) / (trials + 1));
    }
  }

  /**
   * Takes it into what the host has seen. A value that repeats the last one is no trial.
   * @param newMost new things that it may take; those past it are no trial either.
   * @returns how many new things it took.
   */
  learn(seen: Observation, newMost = Number.POSITIVE_INFINITY): number {
    let taken = 0;
    for (let facet = 0; facet < FACETS.length; facet++) {
      const hash = facetOf(seen, facet);
      const counts = facet * COUNTS;
      if (hash === 0 || hash === this.#counts[counts + 4]) continue;
      const isNew = !this.#has(facet, hash);
      if (isNew && taken >= newMost) continue;
      this.#counts[counts + 4] = hash;
      this.#counts[counts] = (this.#counts[counts] as number) + 1;
      if (isNew) {
        taken++;
        this.#add(facet, hash);
      }
      if ((this.#counts[counts] as number) < TRIALS_MAX) continue;
      this.#counts[counts] = (this.#counts[counts] as number) >> 1;
      this.#counts[counts + 1] = (this.#counts[counts + 1] as number) >> 1;
    }
    return taken;
  }

  snapshot(): HostSketchSnapshot {
    return { words: Array.from(this.#words), counts: Array.from(this.#counts) };
  }

  /** @returns false, and changes nothing, when it is not what `snapshot` gives. */
  restore(from: unknown): boolean {
    const { words, counts } = Object(from) as Partial<HostSketchSnapshot>;
    if (!isList(words, this.#words.length) || !isList(counts, this.#counts.length)) return false;
    for (let facet = 0; facet < FACETS.length; facet++) {
      const [trials, fresh, filled, generation] = counts.slice(facet * COUNTS) as number[];
      const isInOrder = isUpTo(trials, TRIALS_MAX) && isUpTo(fresh, trials as number);
      if (!isInOrder || !isUpTo(filled, NEW_MAX) || !isUpTo(generation, 1)) return false;
    }
    this.#words.set(words);
    this.#counts.set(counts);
    return true;
  }

  #has(facet: number, hash: number): boolean {
    return this.#isIn(facet, 0, hash) || this.#isIn(facet, 1, hash);
  }

  #isIn(facet: number, generation: number, hash: number): boolean {
    const from = facet * FACET_WORDS + generation * WORDS;
    for (let probe = 0; probe < PROBES.length; probe++) {
      const bit = Math.imul(hash, PROBES[probe] as number) >>> 17;
      if ((((this.#words[from + (bit >> 5)] as number) >>> (bit & 31)) & 1) === 0) return false;
    }
    return true;
  }

  #add(facet: number, hash: number): void {
    const counts = facet * COUNTS;
    this.#counts[counts + 1] = (this.#counts[counts + 1] as number) + 1;
    if ((this.#counts[counts + 2] as number) >= NEW_MAX) this.#turn(facet);
    this.#counts[counts + 2] = (this.#counts[counts + 2] as number) + 1;
    const from = facet * FACET_WORDS + (this.#counts[counts + 3] as number) * WORDS;
    for (let probe = 0; probe < PROBES.length; probe++) {
      const bit = Math.imul(hash, PROBES[probe] as number) >>> 17;
      this.#words[from + (bit >> 5)] =
        (this.#words[from + (bit >> 5)] as number) | (1 << (bit & 31));
    }
  }

  /** The older generation is emptied and becomes the newer. */
  #turn(facet: number): void {
    const counts = facet * COUNTS;
    const next = 1 - (this.#counts[counts + 3] as number);
    this.#counts[counts + 3] = next;
    this.#counts[counts + 2] = 0;
    const from = facet * FACET_WORDS + next * WORDS;
    this.#words.fill(0, from, from + WORDS);
  }
}

/** Odd multipliers, whose products have independent high bits (Dietzfelbinger et al. 1997). */
const PROBES: readonly number[] = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35];

function isList(value: unknown, length: number): value is readonly number[] {
  if (!Array.isArray(value) || value.length !== length) return false;
  return value.every((one) => Number.isInteger(one) && Math.abs(one) <= 2 ** 31);
}

function isUpTo(value: number | undefined, max: number): boolean {
  return value !== undefined && value >= 0 && value <= max;
}
