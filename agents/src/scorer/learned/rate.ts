// How much a subject does in an hour, beside its own active hours. Owns a counting model and the
// count of the hour that runs. Must never speak twice about one hour: its events are not
// independent, and each would be the strangest yet.
//
// Expected: events beyond the first of an active hour follow a negative binomial (a Poisson whose
// rate is gamma distributed, hence over-dispersed) with the mean and variance of the last 64 active
// hours, and never less dispersed than a shape of 50. Surprise: Chernoff's bound on the tail, in
// bits, none below the mean. An hour is spoken about once: as soon as it passes 8 bits, else
// when the next one begins. Source: gamma-Poisson predictive with forgetting (West and Harrison
// 1997, ch. 14, discount models); moments as in Hilbe 2011.
// Poisoning: an hour teaches at most twice the mean plus 8. Who stays just below 8 bits, or is
// loud and vouched for all the same, brings the mean to ten times what it was after 121 active
// hours, three weeks of eight-hour days (the test plays both).

import type { LearnedDetector } from "./learned-detector.ts";

const HOUR_MS = 3_600_000;

/** The hour that runs, since the epoch, plus one; 0 is a new row. */
const HOUR = 0;
const COUNT = 1;
const IS_SPOKEN = 2;
const HOURS_LEARNED = 3;
const MEAN = 4;
const VARIANCE = 5;
/** Count of the hour that ended and has not been learned, 0 for none. */
const ENDED = 6;

/** Active hours before anything is said. */
const HOURS_MIN = 8;
/** Active hours that weigh. */
const MEMORY = 64;
const SHAPE_MAX = 50;
const SHAPE_MIN = 0.25;
const MEAN_MIN = 0.1;
/** Bits at which an hour is spoken about before it is over. */
const SPEAK_BITS = 8;
const COUNT_MAX = 1_000_000;

export const rate: LearnedDetector = {
  name: "rate",
  share: 0.12,
  follows: ["source", "actor"],
  against: "it does about as much in an hour as in its other active hours",
  width: 7,

  strangeness(cells, at, seen) {
    const hour = hourOf(seen.timeMs);
    const isEarly = (cells[at + HOURS_LEARNED] as number) < HOURS_MIN;
    if (isEarly || !Number.isFinite(hour)) return Number.NaN;
    const count = cells[at + COUNT] as number;
    const isSpoken = cells[at + IS_SPOKEN] === 1;
    if (isSpoken && hour === cells[at + HOUR]) return Number.NaN;
    if (hour === cells[at + HOUR]) {
      // Most events end here, before any logarithm.
      if (count <= (cells[at + MEAN] as number)) return Number.NaN;
      const bits = surpriseOf(cells, at, count);
      return bits >= SPEAK_BITS ? bits : Number.NaN;
    }
    return isSpoken || count === 0 ? Number.NaN : surpriseOf(cells, at, count - 1);
  },

  note(cells, at, seen) {
    const hour = hourOf(seen.timeMs);
    if (!(hour > 0 && Number.isFinite(hour))) return;
    const count = cells[at + COUNT] as number;
    if (hour !== cells[at + HOUR]) {
      cells[at + ENDED] = count;
      cells[at + HOUR] = hour;
      cells[at + COUNT] = 1;
      cells[at + IS_SPOKEN] = 0;
      return;
    }
    const isLearned = (cells[at + HOURS_LEARNED] as number) >= HOURS_MIN;
    if (isLearned && cells[at + IS_SPOKEN] !== 1 && count > (cells[at + MEAN] as number)) {
      if (surpriseOf(cells, at, count) >= SPEAK_BITS) cells[at + IS_SPOKEN] = 1;
    }
    cells[at + COUNT] = Math.min(COUNT_MAX, count + 1);
  },

  learn(cells, at) {
    const ended = cells[at + ENDED] as number;
    if (ended < 1) return;
    cells[at + ENDED] = 0;
    const hours = Math.min(MEMORY, (cells[at + HOURS_LEARNED] as number) + 1);
    const mean = cells[at + MEAN] as number;
    const isEarly = hours < HOURS_MIN;
    const count = isEarly ? ended - 1 : Math.min(ended - 1, 2 * mean + 8);
    const step = 1 / hours;
    const off = count - mean;
    cells[at + HOURS_LEARNED] = hours;
    cells[at + MEAN] = mean + step * off;
    cells[at + VARIANCE] = (1 - step) * ((cells[at + VARIANCE] as number) + step * off * off);
  },

  describe(cells, at, seen) {
    const isSame = hourOf(seen.timeMs) === cells[at + HOUR];
    const count = (cells[at + COUNT] as number) + (isSame ? 1 : 0);
    const usual = Math.round((cells[at + MEAN] as number) + 1);
    return `eventsInHour=${count} usualInHour=${usual} pastHours=${cells[at + HOURS_LEARNED]}`;
  },
};

function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) + 1;
}

/** Surprises closer than this are one. */
const STEPS_A_BIT = 4;

/**
 * Surprise at `further` events beyond the first of an hour, in quarter bits; none below the mean. A
 * robot does the same every hour while its mean still settles: finer, and each hour would be the
 * strangest yet by a hair.
 */
function surpriseOf(cells: Float64Array, at: number, further: number): number {
  return Math.max(0, Math.round(bitsOf(cells, at, further) * STEPS_A_BIT) / STEPS_A_BIT);
}

function bitsOf(cells: Float64Array, at: number, further: number): number {
  const mean = Math.max(MEAN_MIN, cells[at + MEAN] as number);
  // The mean is itself an estimate: its own variance is added.
  const variance =
    (cells[at + VARIANCE] as number) * (1 + 1 / (cells[at + HOURS_LEARNED] as number));
  const excess = variance - mean;
  const shape = excess > 0 ? (mean * mean) / excess : SHAPE_MAX;
  return tailBits(further, mean, Math.min(SHAPE_MAX, Math.max(SHAPE_MIN, shape)));
}

/**
 * Chernoff's bound on the tail of a negative binomial beyond `k`, in bits: its log2 with the sign
 * turned. Below the mean the bound on the lower tail, negative, so that it grows with `k` all the
 * way.
 * @param shape of the gamma distribution of the rate; large is nearly Poisson
 */
export function tailBits(k: number, mean: number, shape: number): number {
  const first = k > 0 ? k * Math.log2(k / mean) : 0;
  const bits = first - (k + shape) * Math.log2((k + shape) / (mean + shape));
  return k >= mean ? bits : -bits;
}
