// A lasting change of how much a subject does in a day. Owns a cumulative sum over its active days.
// Must never speak twice about one cycle of the sum: within it the days hang together.
//
// Expected: log2 of the day's count stays around the mean of the last 32 active days. Each day that
// ends adds its standardised excess less 0.5 to a sum that never falls below 0 (Page 1954; k = 0.5
// and h = 5 as in Montgomery). Each return to 0 ends a cycle, and cycles are alike and independent
// while nothing changes (a renewal argument), so their peaks may be ranked: spoken once at the end
// of a cycle, or at once when the sum passes 5, which begins a new one. One day adds at most 3.5:
// a single heavy day is no change.
// Poisoning: the mean follows in 32 days, so who grows by less than 1/64 of a standard deviation a
// day is never noticed: at the least deviation (a quarter of a doubling) 256 active days for twice
// as much. The test plays it: 128 days are noticed, 256 are not.

import type { LearnedDetector } from "./learned-detector.ts";
import { inQuarters } from "./steps.ts";

const DAY_MS = 86_400_000;

/** The day that runs, since the epoch, plus one; 0 is a new row. */
const DAY = 0;
const COUNT = 1;
const DAYS_LEARNED = 2;
const MEAN = 3;
const VARIANCE = 4;
const SUM = 5;
const PEAK = 6;
/** Count of the day that ended and has not been learned, 0 for none. */
const ENDED = 7;

const DAYS_MIN = 8;
const MEMORY = 32;
const SLACK = 0.5;
const LINE = 5;
const EXCESS_MAX = 4;
const LEARNED_EXCESS_MAX = 3;
/** Standard deviation of log2 of a day's count: nobody is steadier than a fifth more or less. */
const DEVIATION_MIN = 0.25;
const COUNT_MAX = 1_000_000_000;

export const changePoint: LearnedDetector = {
  name: "change-point",
  share: 0.12,
  follows: ["actor"],
  against: "it does about as much in a day as on its last 32 active days",
  width: 8,

  strangeness(cells, at, seen) {
    if (!isDayOver(cells, at, seen.timeMs)) return Number.NaN;
    if ((cells[at + DAYS_LEARNED] as number) < DAYS_MIN) return Number.NaN;
    const sum = nextSum(cells, at);
    return sum > 0 && sum < LINE
      ? Number.NaN
      : inQuarters(Math.max(sum, cells[at + PEAK] as number));
  },

  note(cells, at, seen) {
    const day = dayOf(seen.timeMs);
    if (!(day > 0 && Number.isFinite(day))) return;
    if (day !== cells[at + DAY]) {
      if (isDayOver(cells, at, seen.timeMs)) close(cells, at);
      cells[at + DAY] = day;
      cells[at + COUNT] = 0;
    }
    cells[at + COUNT] = Math.min(COUNT_MAX, (cells[at + COUNT] as number) + 1);
  },

  learn(cells, at) {
    const ended = cells[at + ENDED] as number;
    if (ended < 1) return;
    cells[at + ENDED] = 0;
    const days = Math.min(MEMORY, (cells[at + DAYS_LEARNED] as number) + 1);
    const reach = days <= DAYS_MIN ? Number.POSITIVE_INFINITY : LEARNED_EXCESS_MAX;
    const excess = excessOf(cells, at, ended, reach);
    const step = 1 / days;
    const mean = cells[at + MEAN] as number;
    const off = days <= DAYS_MIN ? Math.log2(ended) - mean : excess * deviationOf(cells, at);
    cells[at + DAYS_LEARNED] = days;
    cells[at + MEAN] = mean + step * off;
    cells[at + VARIANCE] = (1 - step) * ((cells[at + VARIANCE] as number) + step * off * off);
  },

  describe(cells, at) {
    const usual = Math.round(2 ** Math.min(30, cells[at + MEAN] as number));
    const days = cells[at + DAYS_LEARNED];
    return `eventsInDay=${cells[at + COUNT]} usualInDay=${usual} pastDays=${days}`;
  },
};

function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) + 1;
}

function isDayOver(cells: Float64Array, at: number, timeMs: number): boolean {
  return (cells[at + COUNT] as number) > 0 && dayOf(timeMs) !== cells[at + DAY];
}

function close(cells: Float64Array, at: number): void {
  cells[at + ENDED] = cells[at + COUNT] as number;
  if ((cells[at + DAYS_LEARNED] as number) < DAYS_MIN) return;
  const sum = nextSum(cells, at);
  const isCycleOver = sum === 0 || sum >= LINE;
  cells[at + SUM] = isCycleOver ? 0 : sum;
  cells[at + PEAK] = isCycleOver ? 0 : Math.max(sum, cells[at + PEAK] as number);
}

/** The sum once the day that runs is over. */
function nextSum(cells: Float64Array, at: number): number {
  const excess = excessOf(cells, at, cells[at + COUNT] as number, EXCESS_MAX);
  return Math.max(0, (cells[at + SUM] as number) + excess - SLACK);
}

/** Standardised, held within `reach` to both sides. */
function excessOf(cells: Float64Array, at: number, count: number, reach: number): number {
  const excess = (Math.log2(count) - (cells[at + MEAN] as number)) / deviationOf(cells, at);
  return Math.min(reach, Math.max(-reach, excess));
}

function deviationOf(cells: Float64Array, at: number): number {
  const days = Math.max(1, cells[at + DAYS_LEARNED] as number);
  return Math.max(DEVIATION_MIN, Math.sqrt((cells[at + VARIANCE] as number) * (1 + 1 / days)));
}
