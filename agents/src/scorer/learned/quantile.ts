// Sizes and durations: how far out in the tail of this subject's own past a value lies. Owns a
// histogram of 18 buckets, each a factor of four wide, from below 1 to over 17 billion (bytes or
// milliseconds). Must never take a value that is no number, nor let one value move the top far.
//
// Expected: values come from where they came before; beyond the largest bucket the tail falls by
// half with each factor of four (a Pareto tail of index 1/2, heavier than most file sizes: Crovella
// and Bestavros 1997). Surprise in bits = -log2 of the tail. Source of the sketch: logarithmic
// buckets with a bounded relative error, as DDSketch (Masson, Rim, Lee 2019), here wide.
// Poisoning: a value far out is learned one bucket above the largest. From 1 MB to 1 GB takes five
// events that are each the largest ever seen and rank so; until such a size is no surprise (2 bits)
// it takes as many of it as the past holds: 557 beside 600 (the test plays it).

import type { Observation } from "../observation.ts";
import type { LearnedDetector } from "./learned-detector.ts";
import { cellsFor, fieldAt, openPacking, setField } from "./packed-counts.ts";

const BUCKETS = 18;
const COUNTS = openPacking(16);
/** Values before anything is said. */
const VALUES_MIN = 16;
/** All counts are halved here: the past that weighs is the last 512 to 1,024 values. */
const VALUES_MAX = 1_024;

export const sizeTail = openTail("size-tail", 0.12, "Bytes", (seen) => seen.sizeBytes);
export const durationTail = openTail("duration-tail", 0.06, "Ms", (seen) => seen.durationMs);

function openTail(
  name: string,
  share: number,
  unit: string,
  amountOf: (seen: Observation) => number,
): LearnedDetector {
  return {
    name,
    share,
    follows: ["source", "actor"],
    against: `its ${name === "size-tail" ? "sizes" : "durations"} are like those of its past`,
    width: cellsFor(COUNTS, BUCKETS),

    strangeness(cells, at, seen) {
      const value = amountOf(seen);
      if (!isValue(value)) return Number.NaN;
      const total = totalOf(cells, at);
      if (total < VALUES_MIN) return Number.NaN;
      return surpriseOf(cells, at, placeOf(value), total);
    },

    learn(cells, at, seen) {
      const value = amountOf(seen);
      if (isValue(value)) take(cells, at, Math.floor(placeOf(value)));
    },

    describe(cells, at, seen) {
      const value = amountOf(seen);
      const above = isValue(value) ? aboveOf(cells, at, Math.floor(placeOf(value))) : 0;
      const shown = isValue(value) ? Math.round(value) : -1;
      return `value${unit}=${shown} asLargeOrLarger=${above} past=${totalOf(cells, at)}`;
    },
  };
}

function isValue(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

/** Bucket and how far into it, 0 to just below 18. */
function placeOf(value: number): number {
  if (value < 1) return value;
  return Math.min(1 + Math.log2(value) / 2, BUCKETS - 2 ** -20);
}

function totalOf(cells: Float64Array, at: number): number {
  return aboveOf(cells, at, 0);
}

/** Values in this bucket and above. */
function aboveOf(cells: Float64Array, at: number, from: number): number {
  let above = 0;
  for (let i = from; i < BUCKETS; i++) above += fieldAt(COUNTS, cells, at, i);
  return above;
}

/** Highest bucket that holds anything, -1 for none. */
function topOf(cells: Float64Array, at: number): number {
  let top = BUCKETS - 1;
  while (top >= 0 && fieldAt(COUNTS, cells, at, top) === 0) top--;
  return top;
}

/** Values are taken to lie evenly over the logarithm within their bucket. */
function surpriseOf(cells: Float64Array, at: number, place: number, total: number): number {
  const bucket = Math.floor(place);
  const own = fieldAt(COUNTS, cells, at, bucket);
  const tail = aboveOf(cells, at, bucket + 1) + own * (bucket + 1 - place);
  const beyond = Math.max(0, place - topOf(cells, at) - 1);
  return Math.log2((total + 1) / (tail + 1)) + beyond;
}

function take(cells: Float64Array, at: number, bucket: number): void {
  const total = totalOf(cells, at);
  const reach = total < VALUES_MIN ? bucket : Math.min(bucket, topOf(cells, at) + 1);
  if (total >= VALUES_MAX) {
    for (let i = 0; i < BUCKETS; i++) {
      setField(COUNTS, cells, at, i, fieldAt(COUNTS, cells, at, i) >> 1);
    }
  }
  setField(COUNTS, cells, at, reach, fieldAt(COUNTS, cells, at, reach) + 1);
}
