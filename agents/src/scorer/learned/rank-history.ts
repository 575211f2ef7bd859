// What strangeness a subject's past has shown, in a few bins, so that a new one can be ranked among
// it (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005). Owns the bins.
// Must never make the past look tamer than it was: every loss of detail counts it as stranger.
//
// Bins lie in falling order of strangeness; each holds how often the past was as strange as its
// value or less, down to the next. When they run out, the two whose merging changes a rank least
// become one, under the larger value, so that bins widen with rank: what is stranger than all of
// the past is ranked exactly, which is where bets are won. What it costs: after 1,000 a rank below
// is some three times too large, eight at most (see the test).

/** Bins of one history. */
export const BINS = 6;
/** One history, in 32-bit floats: the bins' values, then their counts of 16 bits each. */
export const HISTORY_HALVES = BINS + BINS / 2;
const COUNTS_AT = BINS;
/** Past this many the whole history counts half: 42 dB is the most that one event can say. */
export const HISTORY_MAX = 16_384;

const VALUE_MAX = 3e38;
const values = new Float64Array(BINS + 1);
const counts = new Float64Array(BINS + 1);

/** One memory, as floats of 32 bits and as whole numbers of 16; `at` counts the floats. */
export interface Histories {
  readonly halves: Float32Array;
  readonly quarters: Uint16Array;
}

/** Where the counts are among the numbers of 16 bits. */
function countsOf(at: number): number {
  return 2 * (at + COUNTS_AT);
}

/** How many are in the history. */
export function historyOf({ quarters }: Histories, at: number): number {
  const from = countsOf(at);
  let n = 0;
  for (let i = from; i < from + BINS; i++) n += quarters[i] as number;
  return n;
}

/** How many of the past were at least as strange, ties with them; never too few. */
export function asStrangeAs(of: Histories, at: number, strangeness: number): number {
  const { halves, quarters } = of;
  const held = Math.min(VALUE_MAX, strangeness);
  const from = countsOf(at);
  let asStrange = 0;
  for (let i = 0; i < BINS; i++) {
    if ((halves[at + i] as number) < held) break;
    asStrange += quarters[from + i] as number;
  }
  return asStrange;
}

/** Takes one more into the past. */
export function addStrangeness(of: Histories, at: number, strangeness: number): void {
  const { halves, quarters } = of;
  const value = notBelow(strangeness);
  const from = countsOf(at);
  let i = 0;
  while (i < BINS && (quarters[from + i] as number) > 0 && (halves[at + i] as number) > value) i++;
  if (i < BINS && (quarters[from + i] as number) > 0 && halves[at + i] === value) {
    quarters[from + i] = (quarters[from + i] as number) + 1;
  } else if (i < BINS && quarters[from + BINS - 1] === 0) {
    halves.copyWithin(at + i + 1, at + i, at + BINS - 1);
    quarters.copyWithin(from + i + 1, from + i, from + BINS - 1);
    halves[at + i] = value;
    quarters[from + i] = 1;
  } else {
    insertAndMerge(of, at, i, value);
  }
  if (historyOf(of, at) >= HISTORY_MAX) halve(quarters, from);
}

/** All bins are taken: one more, then the pair whose merging changes a rank least. */
function insertAndMerge(of: Histories, at: number, place: number, value: number): void {
  const { halves, quarters } = of;
  const countsAt = countsOf(at);
  for (let i = 0, from = 0; i <= BINS; i++) {
    const isNew = i === place;
    values[i] = isNew ? value : (halves[at + from] as number);
    counts[i] = isNew ? 1 : (quarters[countsAt + from] as number);
    if (!isNew) from++;
  }
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  let above = 0;
  for (let i = 0; i < BINS; i++) {
    above += counts[i] as number;
    const change = (counts[i + 1] as number) / (above + 1);
    if (change < least) {
      least = change;
      best = i;
    }
  }
  counts[best] = (counts[best] as number) + (counts[best + 1] as number);
  for (let i = 0, from = 0; i < BINS; i++, from++) {
    if (from === best + 1) from++;
    halves[at + i] = values[from] as number;
    quarters[countsAt + i] = counts[from] as number;
  }
}

function halve(quarters: Uint16Array, from: number): void {
  for (let i = from; i < from + BINS; i++) {
    quarters[i] = Math.ceil((quarters[i] as number) / 2);
  }
}

/** Empties a history. */
export function clearHistory({ halves }: Histories, at: number): void {
  halves.fill(0, at, at + HISTORY_HALVES);
}

/** A history as a snapshot has it, also in 32-bit floats: value and count a bin. */
export const WRITTEN_HALVES = 2 * BINS;

/** Puts a history into `written`, which begins at `to`. */
export function writeHistory(of: Histories, at: number, written: Float32Array, to: number): void {
  const from = countsOf(at);
  for (let i = 0; i < BINS; i++) {
    written[to + 2 * i] = of.halves[at + i] as number;
    written[to + 2 * i + 1] = of.quarters[from + i] as number;
  }
}

/** Takes it up again. */
export function readHistory(of: Histories, at: number, written: Float32Array, from: number): void {
  const countsAt = countsOf(at);
  for (let i = 0; i < BINS; i++) {
    of.halves[at + i] = written[from + 2 * i] as number;
    of.quarters[countsAt + i] = Math.min(HISTORY_MAX, written[from + 2 * i + 1] as number);
  }
}

const single = new Float32Array(1);
const bits = new Int32Array(single.buffer);

/** The smallest 32-bit float above 0. */
const SINGLE_MIN = 2 ** -149;

/** The smallest 32-bit float that is not below a number. */
function notBelow(value: number): number {
  const held = Math.min(VALUE_MAX, Math.max(-VALUE_MAX, value));
  single[0] = held;
  const near = single[0] as number;
  if (near >= held) return near;
  if (near === 0) return SINGLE_MIN;
  bits[0] = (bits[0] as number) + (near > 0 ? 1 : -1);
  return single[0] as number;
}
