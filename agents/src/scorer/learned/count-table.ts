// Counts of hashed keys in a fixed window of 32-bit words: buckets of four words, each a tag of 16
// bits and a count of 16. Owns the packing and what happens when a bucket is full. Must never grow,
// nor keep what was counted: two keys of one bucket with one tag share a count, which a look-up
// of a key that was never counted meets with probability at most 4 in 65,536.

import { assert } from "@ostraka/proto";
import { spreadHash } from "../spread-hash.ts";

/** A count stops here. */
export const COUNT_MAX = 0xffff;
/** What `add` says of a key that found no place. */
export const NOT_TAKEN = -1;
const WAYS = 4;
const TAG_SHIFT = 16;

/** Spreads the bits of a hash (the finisher of MurmurHash3). */
export function mix(hash: number): number {
  let word = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}

/** One hash of two, in this order. */
export function join(left: number, right: number): number {
  return mix(spreadHash(left) ^ Math.imul(right ^ (right >>> 15), 0x7feb352d));
}

/** A window of `words` words at `at`; one view serves every array of the layout. */
export class CountTable {
  readonly #at: number;
  readonly #words: number;
  readonly #mask: number;

  /** @param words a power of two, at least 4. */
  constructor(at: number, words: number) {
    assert((words & (words - 1)) === 0 && words >= WAYS, "a count table's size is a power of two");
    this.#at = at;
    this.#words = words;
    this.#mask = words / WAYS - 1;
  }

  /** How often the key was counted; 0 when it never was, or was driven out. */
  count(cells: Int32Array, key: number): number {
    const bucket = this.#bucketOf(key);
    const tag = key >>> TAG_SHIFT;
    for (let i = bucket; i < bucket + WAYS; i++) {
      const word = cells[i] as number;
      if (word >>> TAG_SHIFT === tag) return word & COUNT_MAX;
    }
    return 0;
  }

  /**
   * Counts the key once. In a full bucket the rarest count goes down by one instead, and the key
   * takes the place of one that was counted once (after Misra and Gries 1982): what is frequent
   * stays, and nothing is ever counted too high but by a shared tag.
   * @returns the count that the key had before, 0 when it was new, or NOT_TAKEN.
   */
  add(cells: Int32Array, key: number): number {
    const bucket = this.#bucketOf(key);
    const tag = key >>> TAG_SHIFT;
    let rarest = bucket;
    for (let i = bucket; i < bucket + WAYS; i++) {
      const word = cells[i] as number;
      const count = word & COUNT_MAX;
      if (count > 0 && word >>> TAG_SHIFT === tag) {
        if (count < COUNT_MAX) cells[i] = word + 1;
        return count;
      }
      if (count < ((cells[rarest] as number) & COUNT_MAX)) rarest = i;
    }
    const word = cells[rarest] as number;
    if ((word & COUNT_MAX) > 1) {
      cells[rarest] = word - 1;
      return NOT_TAKEN;
    }
    cells[rarest] = (tag << TAG_SHIFT) | 1;
    return 0;
  }

  /** Halves every count, rounding down: what was counted once is forgotten. */
  halve(cells: Int32Array): void {
    for (let i = this.#at; i < this.#at + this.#words; i++) {
      const word = cells[i] as number;
      const half = (word & COUNT_MAX) >> 1;
      cells[i] = half === 0 ? 0 : (word & ~COUNT_MAX) | half;
    }
  }

  /** How many keys are counted exactly `count` times, or at all when no count is given. */
  keys(cells: Int32Array, count?: number): number {
    let keys = 0;
    for (let i = this.#at; i < this.#at + this.#words; i++) {
      const one = (cells[i] as number) & COUNT_MAX;
      if (count === undefined ? one > 0 : one === count) keys++;
    }
    return keys;
  }

  /** Sum of a value over the counts of all keys. */
  sum(cells: Int32Array, worthOf: (count: number) => number): number {
    let sum = 0;
    for (let i = this.#at; i < this.#at + this.#words; i++) {
      const count = (cells[i] as number) & COUNT_MAX;
      if (count > 0) sum += worthOf(count);
    }
    return sum;
  }

  #bucketOf(key: number): number {
    return this.#at + (key & this.#mask) * WAYS;
  }
}
