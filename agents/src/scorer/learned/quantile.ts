// Sizes and durations: how far out in the tail of this subject's own past a value lies. Owns a
// histogram of 18 buckets, each a factor of four wide, from below 1 to over 17 billion (bytes or
// milliseconds). Must never take a value that is no number, let one value move the top far, or
// speak twice in an hour about values of the top sixteenth: large things come in heaps.
//
// Expected: values come from where they came before; beyond the largest bucket the tail falls by
// half with each factor of four (a Pareto tail of index 1/2, heavier than most file sizes: Crovella
// and Bestavros 1997). Surprise in bits = -log2 of the tail. Source of the sketch: logarithmic
// buckets with a bounded relative error, as DDSketch (Masson, Rim, Lee 2019), here wide.
// Poisoning: a value far out is learned one bucket above the largest. From 1 MB to 1 GB takes five
// events, in as many hours, that are each the largest ever seen and rank so; until such a size is
// no surprise (2 bits) it takes 183 of it beside 600 of the past (the test plays it).

import type { Observation } from "../observation.ts";
import type { LearnedDetector } from "./learned-detector.ts";
import { cellsFor, fieldAt, openPacking, setField } from "./packed-counts.ts";
import { inQuarters } from "./steps.ts";

const BUCKETS = 18;
const COUNTS = openPacking(16);
/** Values before anything is said. */
const VALUES_MIN = 16;
/** All counts are halved here: the past that weighs is the last 512 to 1,024 values. */
const VALUES_MAX = 1_024;
const HOUR_MS = 3_600_000;
/** Bits from which on an hour is spoken about once. */
const HEAP_BITS = 4;
/** Well inside the top 2^-3.875, which rounds to four bits: one in thirteen is no heap. */
const HEAP_SHARE = 13;
/** Twice the hour that was so spoken about, since the epoch plus one; odd once it is over. */
const SPOKEN_AT = cellsFor(COUNTS, BUCKETS);

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
    width: SPOKEN_AT + 1,

    strangeness(cells, at, seen) {
      const value = amountOf(seen);
      if (!isValue(value)) return Number.NaN;
      const bits = surpriseOf(cells, at, placeOf(value));
      const isTold = bits >= HEAP_BITS && isHourOf(cells, at, seen);
      return isTold ? Number.NaN : bits;
    },

    note(cells, at, seen) {
      const value = amountOf(seen);
      const hour = 2 * hourOf(seen);
      if (!isValue(value) || !Number.isFinite(hour) || cells[at + SPOKEN_AT] === hour + 1) return;
      if (!isHeap(cells, at, placeOf(value))) return;
      cells[at + SPOKEN_AT] = isHourOf(cells, at, seen) ? hour + 1 : hour;
    },

    learn(cells, at, seen) {
      const value = amountOf(seen);
      if (!isValue(value)) return;
      // Of a heap only the one that was spoken about may teach.
      const isOver = cells[at + SPOKEN_AT] === 2 * hourOf(seen) + 1;
      if (isOver && isHeap(cells, at, placeOf(value))) return;
      take(cells, at, placeOf(value) | 0);
    },

    describe(cells, at, seen) {
      const value = amountOf(seen);
      lookAt(cells, at, isValue(value) ? Math.floor(placeOf(value)) : BUCKETS);
      const shown = isValue(value) ? Math.round(value) : -1;
      return `value${unit}=${shown} asLargeOrLarger=${look.above + look.own} past=${look.total}`;
    },
  };
}

function hourOf({ timeMs }: Observation): number {
  return Math.floor(timeMs / HOUR_MS) + 1;
}

function isHourOf(cells: Float64Array, at: number, seen: Observation): boolean {
  return Math.floor((cells[at + SPOKEN_AT] as number) / 2) === hourOf(seen);
}

function isValue(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

/** The value that was asked for last, and its place: each is asked for three times. */
let placedValue = 0;
let placedAt = 0;

/** Bucket and how far into it, 0 to just below 18. */
function placeOf(value: number): number {
  if (value === placedValue) return placedAt;
  placedValue = value;
  placedAt = value < 1 ? value : Math.min(1 + Math.log2(value) / 2, BUCKETS - 2 ** -20);
  return placedAt;
}

const NOWHERE: Float64Array = new Float64Array(0);
/** What one look at the histogram gives, and where it was; of the last call alone. */
const look = { total: 0, above: 0, own: 0, top: -1, cells: NOWHERE, at: 0, bucket: 0 };

/** Counts all values, those in higher buckets and those in this one, and finds the highest. */
function lookAt(cells: Float64Array, at: number, bucket: number): void {
  look.cells = cells;
  look.at = at;
  look.bucket = bucket;
  look.total = 0;
  look.above = 0;
  look.own = 0;
  look.top = -1;
  for (let i = 0; i < BUCKETS; i++) {
    const count = fieldAt(COUNTS, cells, at, i);
    if (count === 0) continue;
    look.total += count;
    look.top = i;
    if (i === bucket) look.own = count;
    else if (i > bucket) look.above += count;
  }
}

/** The same, where nothing has been taken since the last look: for what follows `strangeness`. */
function lookAgain(cells: Float64Array, at: number, bucket: number): void {
  if (look.cells === cells && look.at === at && look.bucket === bucket) return;
  lookAt(cells, at, bucket);
}

/** All of the own bucket counts as as large: equal values are no surprise at all. */
function surpriseOf(cells: Float64Array, at: number, place: number): number {
  lookAt(cells, at, place | 0);
  return bitsAt(place);
}

function bitsAt(place: number): number {
  if (look.total < VALUES_MIN) return Number.NaN;
  const beyond = Math.max(0, place - look.top - 1);
  return inQuarters(Math.log2((look.total + 1) / (look.above + look.own + 1)) + beyond);
}

/** Whether the value lies so far out that an hour is spoken about once. */
function isHeap(cells: Float64Array, at: number, place: number): boolean {
  lookAgain(cells, at, place | 0);
  // Most values: no logarithm is needed to see that they are none of the top sixteenth.
  const isInside = place <= look.top + 1;
  if (isInside && look.total < HEAP_SHARE * (look.above + look.own)) return false;
  return bitsAt(place) >= HEAP_BITS;
}

function take(cells: Float64Array, at: number, bucket: number): void {
  lookAgain(cells, at, bucket);
  look.cells = NOWHERE;
  const { total, top } = look;
  const reach = total < VALUES_MIN ? bucket : Math.min(bucket, top + 1);
  if (total >= VALUES_MAX) {
    for (let i = 0; i < BUCKETS; i++) {
      setField(COUNTS, cells, at, i, fieldAt(COUNTS, cells, at, i) >> 1);
    }
  }
  setField(COUNTS, cells, at, reach, fieldAt(COUNTS, cells, at, reach) + 1);
}
