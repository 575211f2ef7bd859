// The numeric member of the ensemble: whether a size and a duration go with the hour, the gap and
// the pace at which they come, beside the subject's own past and its peers'. Owns the scaling of
// those numbers. Hours and paces by themselves are other detectors' business: here they are given.

import type { Observation } from "../../observation.ts";
import type { ProfileDetector } from "../learned-detector.ts";
import { openHalfSpace } from "./half-space.ts";

const FEATURES = 7;
const [SIZE, DURATION, HOUR_SIN, HOUR_COS, WEEKEND, GAP, PACE] = [0, 1, 2, 3, 4, 5, 6] as const;
/** The seed is any number; it must never change, or every profile is void. */
const SPACE = openHalfSpace({ features: FEATURES, trees: 12, depth: 5, seed: 0x05712a });

// A profile: when it last did something (in units of 4 s, which lasts past the year 2200), its pace
// (events in the last hour or so, in 1/256), gap and pace as of the newest, which kinds of act it
// has shown on its latest day, a bit each, whether the newest was the first of its kind there, and
// the counts.
const [LAST, PACE_NOW, GAP_NOTED, PACE_NOTED, DAY, KINDS, IS_FIRST] = [
  0, 1, 2, 3, 4, 5, 6,
] as const;
const HEAD_WORDS = 7;
const DAY_MS = 86_400_000;
const LAST_UNIT_MS = 4_000;
const FRACTION = 256;
/** The pace fades by a factor e in an hour. */
const PACE_MS = 3_600_000;
const PACE_MAX = 1 << 20;
const GAP_MS_MAX = 0x7fffffff;
/** Nothing is said before the subject has so much of a past. */
const ROWS_MIN = 16;
/** The peers' past weighs as so many rows of the subject's own. */
const PEERS_WEIGHT = 16;
/** What is 1 on the scale of a feature: 2^40 bytes, 2^40 ms, 2^36 ms between, 2^16 an hour. */
const AMOUNT_BITS = 40;
const GAP_BITS = 36;
const PACE_BITS = 16;
const HOURS_OF_DAY = 24;
/** Days from Thursday, as hours of the week count. */
const [SATURDAY, SUNDAY] = [2, 3] as const;

const row = new Float64Array(FEATURES);

export const numericProfile: ProfileDetector = {
  name: "numeric-space",
  share: 0.1,
  against: "sizes and durations go with the hours and the pace as they did",
  words: HEAD_WORDS + SPACE.words,
  peerWords: SPACE.words,
  grain: 0.25,

  strangeness(own, peers, seen) {
    if (own === undefined || !isTold(seen)) return Number.NaN;
    if (SPACE.rows(own, HEAD_WORDS) < ROWS_MIN) return Number.NaN;
    fill(seen, gapOf(own, seen), pacedTo(own, seen));
    // A hundred copies in an evening hang together: each kind of act is spoken about once a day.
    if (((kindsOf(own, seen) >>> SPACE.kind(row)) & 1) === 1) return Number.NaN;
    const together = joinedDensity(own, peers);
    row[SIZE] = Number.NaN;
    row[DURATION] = Number.NaN;
    return Math.log2(joinedDensity(own, peers) / together);
  },

  note(own, seen) {
    noteKind(own, seen);
    if (!isDone(seen)) return;
    own[GAP_NOTED] = Math.min(GAP_MS_MAX, known(gapOf(own, seen)));
    own[PACE_NOTED] = pacedTo(own, seen);
    own[PACE_NOW] = Math.min(PACE_MAX, (own[PACE_NOTED] as number) + FRACTION);
    own[LAST] = Math.max(own[LAST] as number, Math.floor(seen.timeMs / LAST_UNIT_MS));
  },

  teach(peers, own, seen) {
    if (own[IS_FIRST] === 0) return;
    fillNoted(own, seen);
    // One subject's hundredth of a kind teaches the peers nothing: only each doubling counts.
    const uses = SPACE.alike(own, HEAD_WORDS, row) + 1;
    if ((uses & (uses - 1)) === 0) SPACE.learn(peers, 0, row);
  },

  learn(own, seen) {
    if (own[IS_FIRST] === 0) return;
    fillNoted(own, seen);
    SPACE.learn(own, HEAD_WORDS, row);
  },

  describe(own, peers, seen) {
    if (own === undefined) return "past=0";
    fill(seen, gapOf(own, seen), pacedTo(own, seen));
    const numbers = [
      `sizeBytes=${known(seen.sizeBytes)}`,
      `durationMs=${known(seen.durationMs)}`,
      `hourOfWeek=${seen.hourOfWeek}`,
      `gapMs=${known(gapOf(own, seen))}`,
      `perHour=${Math.round(pacedTo(own, seen) / FRACTION)}`,
      `alike=${SPACE.alike(own, HEAD_WORDS, row)}`,
      `alikePeers=${SPACE.alike(peers, 0, row)}`,
      `past=${SPACE.rows(own, HEAD_WORDS)}`,
    ];
    return numbers.join(" ");
  },
};

/** An attempt that failed speaks about its source, never about the account it names. */
function isDone({ outcome, isRepeat }: Observation): boolean {
  return (outcome === "acted" || outcome === "succeeded") && !isRepeat;
}

function isTold(seen: Observation): boolean {
  return isDone(seen) && (seen.sizeBytes >= 0 || seen.durationMs >= 0);
}

function kindsOf(own: Int32Array, { timeMs }: Observation): number {
  return Math.floor(timeMs / DAY_MS) > (own[DAY] as number) ? 0 : (own[KINDS] as number);
}

/** What is not spoken about teaches nothing, or a burst would teach what one act may not. */
function noteKind(own: Int32Array, seen: Observation): void {
  own[IS_FIRST] = 0;
  if (!isTold(seen)) return;
  fill(seen, gapOf(own, seen), pacedTo(own, seen));
  const kind = 1 << SPACE.kind(row);
  const kinds = kindsOf(own, seen);
  own[IS_FIRST] = (kinds & kind) === 0 ? 1 : 0;
  own[KINDS] = kinds | kind;
  own[DAY] = Math.max(own[DAY] as number, Math.floor(seen.timeMs / DAY_MS));
}

function joinedDensity(own: Int32Array, peers: Int32Array): number {
  const mine = 2 ** SPACE.density(own, HEAD_WORDS, row);
  const rows = SPACE.rows(own, HEAD_WORDS);
  const weight = Math.min(PEERS_WEIGHT, SPACE.rows(peers, 0));
  if (weight === 0) return mine;
  return (rows * mine + weight * 2 ** SPACE.density(peers, 0, row)) / (rows + weight);
}

/** NaN for the first and for what came out of order. */
function gapOf(own: Int32Array, seen: Observation): number {
  const last = own[LAST] as number;
  if (last === 0 || seen.isLate) return Number.NaN;
  return Math.max(0, seen.timeMs - last * LAST_UNIT_MS);
}

function pacedTo(own: Int32Array, seen: Observation): number {
  const gap = gapOf(own, seen);
  const pace = own[PACE_NOW] as number;
  return Number.isNaN(gap) ? pace : Math.round(pace * Math.exp(-gap / PACE_MS));
}

function fillNoted(own: Int32Array, seen: Observation): void {
  fill(seen, own[GAP_NOTED] as number, own[PACE_NOTED] as number);
}

/** The observation's numbers on their scales, into the scratch row. */
function fill(seen: Observation, gapMs: number, pace: number): void {
  const angle = ((seen.hourOfWeek % HOURS_OF_DAY) / HOURS_OF_DAY) * 2 * Math.PI;
  const day = Math.floor(seen.hourOfWeek / HOURS_OF_DAY);
  row[SIZE] = scaled(seen.sizeBytes, AMOUNT_BITS);
  row[DURATION] = scaled(seen.durationMs, AMOUNT_BITS);
  row[HOUR_SIN] = 0.5 + 0.5 * Math.sin(angle);
  row[HOUR_COS] = 0.5 + 0.5 * Math.cos(angle);
  row[WEEKEND] = day === SATURDAY || day === SUNDAY ? 1 : 0;
  row[GAP] = scaled(gapMs, GAP_BITS);
  row[PACE] = scaled(pace / FRACTION, PACE_BITS);
}

/** Logarithms, 0 to 1; what is negative or no number is not known. */
function scaled(amount: number, bits: number): number {
  if (!(amount >= 0)) return Number.NaN;
  return Math.min(1, Math.log2(1 + amount) / bits);
}

/** Rounded; -1 for what nobody knows. */
function known(amount: number): number {
  return Number.isFinite(amount) ? Math.round(amount) : -1;
}
