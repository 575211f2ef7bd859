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
/** 32-bit floats of one history: value and count a bin. */
export const HISTORY_HALVES = 2 * BINS;
/** The same as 64-bit floats, of which rows are made. */
export const HISTORY_CELLS = BINS;
/** Past this many the whole history counts half: 42 dB is the most that one event can say. */
export const HISTORY_MAX = 16_384;

const VALUE_MAX = 3e38;
const values = new Float64Array(BINS + 1);
const counts = new Float64Array(BINS + 1);

/** How many are in the history. */
export function historyOf(halves: Float32Array, at: number): number {
  let n = 0;
  for (let i = at + 1; i < at + HISTORY_HALVES; i += 2) n += halves[i] as number;
  return n;
}

/** How many of the past were at least as strange, ties with them; never too few. */
export function asStrangeAs(halves: Float32Array, at: number, strangeness: number): number {
  const held = Math.min(VALUE_MAX, strangeness);
  let asStrange = 0;
  for (let i = at; i < at + HISTORY_HALVES; i += 2) {
    if ((halves[i] as number) < held) break;
    asStrange += halves[i + 1] as number;
  }
  return asStrange;
}

/** Takes one more into the past. */
export function addStrangeness(halves: Float32Array, at: number, strangeness: number): void {
  const value = notBelow(strangeness);
  let i = at;
  const end = at + HISTORY_HALVES;
  while (i < end && (halves[i + 1] as number) > 0 && (halves[i] as number) > value) i += 2;
  if (i < end && (halves[i + 1] as number) > 0 && halves[i] === value) {
    halves[i + 1] = (halves[i + 1] as number) + 1;
  } else if (i < end && halves[end - 1] === 0) {
    halves.copyWithin(i + 2, i, end - 2);
    halves[i] = value;
    halves[i + 1] = 1;
  } else {
    insertAndMerge(halves, at, (i - at) / 2, value);
  }
  if (historyOf(halves, at) >= HISTORY_MAX) halve(halves, at);
}

/** All bins are taken: one more, then the pair whose merging changes a rank least. */
function insertAndMerge(halves: Float32Array, at: number, place: number, value: number): void {
  for (let i = 0, from = 0; i <= BINS; i++) {
    const isNew = i === place;
    values[i] = isNew ? value : (halves[at + 2 * from] as number);
    counts[i] = isNew ? 1 : (halves[at + 2 * from + 1] as number);
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
    halves[at + 2 * i] = values[from] as number;
    halves[at + 2 * i + 1] = counts[from] as number;
  }
}

function halve(halves: Float32Array, at: number): void {
  for (let i = at + 1; i < at + HISTORY_HALVES; i += 2) {
    halves[i] = Math.ceil((halves[i] as number) / 2);
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
