// What a number usually is at this time: its recent level, its level at this time of day, and at
// this hour of the week, whichever has been nearest of late. Owns those levels. Must never read a
// clock: time is the row's own.

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const DAY_BINS = 96;
const WEEK_BINS = 168;
const HEAD_CELLS = 5;
/** Cells of the head: the recent level, rows seen, and the usual miss of each prediction. */
const [LEVEL, ROWS, LEVEL_MISS, DAY_MISS, WEEK_MISS] = [0, 1, 2, 3, 4] as const;
/** Weight of the newest value in a level: of the recent one, and at least in a bin. */
const RECENT_WEIGHT = 0.05;
const BIN_WEIGHT_MIN = 0.1;
/** Weight of the newest miss in what a prediction is worth. */
const MISS_WEIGHT = 0.005;
/** Once it is known, a miss counts for at most so many usual ones. */
const MISSES_MAX = 20;
const ROWS_MIN = 32;
/** A season must beat the recent level by so much before it is believed. */
const SEASON_FACTOR = 0.9;
/** A value moves its bin by at most so many usual misses: a fault is not learned at once. */
const STEP_MISSES_MAX = 4;

export class SeasonalLevel {
  static readonly CELLS = HEAD_CELLS + 2 * DAY_BINS + 2 * WEEK_BINS;
  readonly #head: Float64Array;
  readonly #day: Float64Array;
  readonly #dayCounts: Float64Array;
  readonly #week: Float64Array;
  readonly #weekCounts: Float64Array;

  /** @param cells `SeasonalLevel.CELLS` of them. */
  constructor(cells: Float64Array) {
    const parts = [HEAD_CELLS, DAY_BINS, DAY_BINS, WEEK_BINS, WEEK_BINS];
    let from = 0;
    const [head, day, dayCounts, week, weekCounts] = parts.map((length) => {
      from += length;
      return cells.subarray(from - length, from);
    }) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
    this.#head = head;
    this.#day = day;
    this.#dayCounts = dayCounts;
    this.#week = week;
    this.#weekCounts = weekCounts;
  }

  /** The value to expect; NaN before the first. */
  expected(timeMs: number): number {
    const head = this.#head;
    if (head[ROWS] === 0) return Number.NaN;
    const day = bin(timeMs, DAY_MS, DAY_BINS);
    const week = bin(timeMs, WEEK_MS, WEEK_BINS);
    const byLevel = head[LEVEL_MISS] as number;
    const byDay = head[DAY_MISS] as number;
    const byWeek = head[WEEK_MISS] as number;
    const weekWins = byWeek < SEASON_FACTOR * Math.min(byLevel, byDay);
    if (this.#weekCounts[week] !== 0 && weekWins) return this.#week[week] as number;
    const dayWins = byDay < SEASON_FACTOR * byLevel;
    return this.#dayCounts[day] !== 0 && dayWins
      ? (this.#day[day] as number)
      : (head[LEVEL] as number);
  }

  learn(timeMs: number, value: number): void {
    const head = this.#head;
    const level = head[LEVEL] as number;
    const rows = head[ROWS] as number;
    const day = bin(timeMs, DAY_MS, DAY_BINS);
    const week = bin(timeMs, WEEK_MS, WEEK_BINS);
    if (rows > 0) {
      missed(head, LEVEL_MISS, Math.abs(value - level));
      // A bin without a past day is worth what the level is: no better, no worse.
      const dayLevel = this.#dayCounts[day] === 0 ? level : (this.#day[day] as number);
      missed(head, DAY_MISS, Math.abs(value - dayLevel));
      const weekLevel = this.#weekCounts[week] === 0 ? dayLevel : (this.#week[week] as number);
      missed(head, WEEK_MISS, Math.abs(value - weekLevel));
    }
    const most = rows > ROWS_MIN ? within(head[LEVEL_MISS] as number) : Infinity;
    const step = Math.max(-most, Math.min(most, value - level));
    head[LEVEL] = level + Math.max(RECENT_WEIGHT, 1 / (rows + 1)) * step;
    head[ROWS] = rows + 1;
    const usual = Math.min(head[DAY_MISS] as number, head[LEVEL_MISS] as number);
    const moved = STEP_MISSES_MAX * usual;
    move(this.#day, this.#dayCounts, day, value, moved);
    move(this.#week, this.#weekCounts, week, value, moved);
  }
}

function missed(head: Float64Array, at: number, miss: number): void {
  const weight = Math.max(MISS_WEIGHT, 1 / (head[ROWS] as number));
  const usual = head[at] as number;
  const counted = (head[ROWS] as number) > ROWS_MIN ? Math.min(miss, within(usual)) : miss;
  head[at] = usual + weight * (counted - usual);
}

/** Where nothing was ever missed there is no scale yet: anything counts. */
function within(usual: number): number {
  return usual > 0 ? MISSES_MAX * usual : Number.POSITIVE_INFINITY;
}

function move(
  bins: Float64Array,
  counts: Float64Array,
  at: number,
  to: number,
  step: number,
): void {
  const count = counts[at] as number;
  const from = bins[at] as number;
  const moved = (to - from) * Math.max(BIN_WEIGHT_MIN, 1 / (count + 1));
  bins[at] = count === 0 ? to : from + Math.max(-step, Math.min(step, moved));
  counts[at] = count + 1;
}

function bin(timeMs: number, periodMs: number, bins: number): number {
  const into = ((timeMs % periodMs) + periodMs) % periodMs;
  return Math.min(bins - 1, Math.floor((into / periodMs) * bins));
}
