// Counts of runs of actions, twice as many in the same room as a count table: buckets of eight
// half-words, each a tag of 10 bits and a level of 6. Owns the packing. A level stands for a count:
// exact up to 16, then in steps of an eighth (Morris 1978), advanced by a coin that is a hash of
// the moment, so that a replay throws the same. A look-up of a run that was never counted finds
// one with probability at most 8 in 1,024: it must never carry a claim alone.

import { assert } from "@ostraka/proto";
import { spreadHash } from "../spread-hash.ts";
import { mix } from "./count-table.ts";

const WAYS = 8;
const TAG_SHIFT = 22;
const TAG_BITS = 0x3ff;
const LEVEL_BITS = 6;
const LEVEL_MAX = 63;
const EXACT = 16;
const STEP = 1.125;

/** The count of each level. */
const COUNTS = Float64Array.from({ length: LEVEL_MAX + 1 }, (_, level) => {
  let count = Math.min(level, EXACT);
  for (let i = EXACT; i < level; i++) count *= STEP;
  return count;
});

/** A window of 32-bit words at `at`. */
export class RunTable {
  readonly #at: number;
  readonly #mask: number;

  /** @param words a power of two, at least 4. */
  constructor(at: number, words: number) {
    assert((words & (words - 1)) === 0 && 2 * words >= WAYS, "a run table's size: power of two");
    this.#at = 2 * at;
    this.#mask = (2 * words) / WAYS - 1;
  }

  /** About how often the run was counted; 0 when it never was, or was driven out. */
  count(cells: Int32Array, key: number): number {
    const bucket = this.#at + (key & this.#mask) * WAYS;
    const tag = (key >>> TAG_SHIFT) & TAG_BITS;
    for (let i = bucket; i < bucket + WAYS; i++) {
      const half = halfAt(cells, i);
      if (half >>> LEVEL_BITS === tag) return COUNTS[half & LEVEL_MAX] as number;
    }
    return 0;
  }

  /**
   * Counts the run once; in a full bucket it presses down the rarest, as a count table does.
   * @param moment a number that differs from one call to the next: it throws the coin.
   */
  add(cells: Int32Array, key: number, moment: number): void {
    const bucket = this.#at + (key & this.#mask) * WAYS;
    const tag = (key >>> TAG_SHIFT) & TAG_BITS;
    let rarest = bucket;
    let rarestLevel = LEVEL_MAX + 1;
    for (let i = bucket; i < bucket + WAYS; i++) {
      const half = halfAt(cells, i);
      const level = half & LEVEL_MAX;
      if (level > 0 && half >>> LEVEL_BITS === tag) {
        if (level < LEVEL_MAX && comesUp(key, moment, level)) setHalf(cells, i, half + 1);
        return;
      }
      if (level < rarestLevel) {
        rarest = i;
        rarestLevel = level;
      }
    }
    if (rarestLevel > 1) setHalf(cells, rarest, halfAt(cells, rarest) - 1);
    else setHalf(cells, rarest, (tag << LEVEL_BITS) | 1);
  }
}

/** With the chance that keeps the expected count right: one in the step to the next level. */
function comesUp(key: number, moment: number, level: number): boolean {
  const step = (COUNTS[level + 1] as number) - (COUNTS[level] as number);
  return step <= 1 || (mix(key ^ spreadHash(moment)) >>> 0) * step < 0x1_0000_0000;
}

function halfAt(cells: Int32Array, i: number): number {
  return ((cells[i >> 1] as number) >>> ((i & 1) << 4)) & 0xffff;
}

function setHalf(cells: Int32Array, i: number, half: number): void {
  const shift = (i & 1) << 4;
  cells[i >> 1] = ((cells[i >> 1] as number) & ~(0xffff << shift)) | (half << shift);
}
