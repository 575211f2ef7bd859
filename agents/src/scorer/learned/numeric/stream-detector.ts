// One number over time: how rare its newest row is beside its own past, and whether that is worth
// an alarm. Owns the views of a row, their joining, and the one line. Must never see a label, a
// clock, or a row that has not come yet.

import { Cells } from "./cells.ts";
import { RecentShapes } from "./recent-shapes.ts";
import { SeasonalLevel } from "./seasonal-level.ts";
import { SortedWindow } from "./sorted-window.ts";

/** Layout of the cells: another one is another number. */
const SNAPSHOT_MARK = 2_001;

// The constants and the line were chosen on seeded streams of our own, with troubles of our own
// (test/eval/numeric/synthetic-streams.ts, seeds 1 to 192), by the mean of two profiles of the
// benchmark's marks there, and on nothing else; they are frozen. Around them that figure is flat:
// windows of 1,000 to 2,500 rows, smoothing over 3 to 5 rows, a line of 1.8 to 2.1 and 60 to
// 150 quiet rows stay within two or three of its 100 points.
/** Rows that a view is ranked among. */
const WINDOW = 1_500;
/** A view says nothing before it has seen so many rows. */
const VIEW_ROWS_MIN = 50;
const SHORT = 6;
const BEFORE = 24;
const SHAPE_ROWS = 48;
const SHAPES = 512;
const SHAPE_STRIDE = 6;
/** Weight of a row in the smoothed rarity: one freak row must be very rare, four may be less. */
const SMOOTHING = 1 / 4;
/** An alarm is drawn where the smoothed rarity reaches this: -log10 of a probability. */
const LINE = 1.9;
/** One trouble, one alarm: so many rows after an alarm there is no other. */
const QUIET_ROWS = 150;

/** Each alarm raises the stream's line, which comes back by a factor e in so many rows. */
const RAISE = 0.1;
const RAISE_ROWS = 4_000;

const VIEWS = 8;
const SHAPE_VIEW = 6;
const EITHER = Math.log10(2);
/** Roughness is a logarithm; a flat line has so much. */
const ROUGHNESS_MIN = 1e-12;
const RECENT = SHORT + BEFORE;
const HEAD_CELLS = 4;
const [ROWS, SMOOTHED, QUIET, RAISED] = [0, 1, 2, 3] as const;

export interface StreamVerdict {
  /** Smoothed rarity: about -log10 of how often rows as odd as the latest few come. */
  readonly rarity: number;
  readonly isAlarm: boolean;
}

export class StreamDetector {
  /** 64-bit cells: all that it remembers of a stream, however long. */
  static readonly CELLS =
    HEAD_CELLS +
    2 * RECENT +
    SeasonalLevel.CELLS +
    RecentShapes.cells(SHAPE_ROWS, SHAPES) +
    VIEWS * SortedWindow.cells(WINDOW);

  readonly #cells = new Cells(StreamDetector.CELLS);
  readonly #head = this.#cells.take(HEAD_CELLS);
  readonly #values = this.#cells.take(RECENT);
  readonly #residuals = this.#cells.take(RECENT);
  readonly #season = new SeasonalLevel(this.#cells.take(SeasonalLevel.CELLS));
  readonly #shapes = new RecentShapes(
    this.#cells.take(RecentShapes.cells(SHAPE_ROWS, SHAPES)),
    SHAPE_ROWS,
    SHAPES,
    SHAPE_STRIDE,
  );
  readonly #views = Array.from({ length: VIEWS }, () => {
    return new SortedWindow(this.#cells.take(SortedWindow.cells(WINDOW)), WINDOW);
  });
  readonly #seen = new Float64Array(VIEWS);

  /**
   * Judges a row by the rows before it, then learns it. Times may be irregular; a value or time
   * that is no number is a missing row: no alarm, nothing learned.
   */
  push(timeMs: number, value: number): StreamVerdict {
    const head = this.#head;
    const smoothed = head[SMOOTHED] as number;
    if (!Number.isFinite(value) || !Number.isFinite(timeMs)) {
      return { rarity: smoothed, isAlarm: false };
    }
    head[ROWS] = (head[ROWS] as number) + 1;
    this.#look(timeMs, Math.max(-VALUE_MAX, Math.min(VALUE_MAX, value)));
    const rarity = smoothed + SMOOTHING * (this.#joined() - smoothed);
    head[SMOOTHED] = rarity;
    const quiet = head[QUIET] as number;
    const raised = (head[RAISED] as number) * (1 - 1 / RAISE_ROWS);
    const isAlarm = quiet === 0 && rarity >= LINE + raised;
    head[RAISED] = isAlarm ? raised + RAISE : raised;
    head[QUIET] = isAlarm ? QUIET_ROWS : Math.max(0, quiet - 1);
    return { rarity, isAlarm };
  }

  /** Fills the views of the newest row. */
  #look(timeMs: number, value: number): void {
    const values = this.#values;
    const residuals = this.#residuals;
    const seen = this.#seen;
    const expected = this.#season.expected(timeMs);
    this.#season.learn(timeMs, value);
    shift(values, value);
    shift(residuals, Number.isNaN(expected) ? 0 : value - expected);
    const levels = this.#views[0] as SortedWindow;
    const short = mean(values, RECENT - SHORT, RECENT);
    seen[0] = value;
    seen[1] = value - (values[RECENT - 2] as number);
    seen[2] = short;
    seen[3] = Math.log(roughness(values) + ROUGHNESS_MIN);
    seen[4] = residuals[RECENT - 1] as number;
    seen[5] = mean(residuals, RECENT - SHORT, RECENT);
    // Shapes are compared on the scale of ranks, or one burst would be all that differs.
    seen[SHAPE_VIEW] = this.#shapes.push(levels.rank(value));
    seen[7] = short - mean(values, 0, BEFORE);
  }

  /**
   * The views' rarities as one: the logarithm of the mean of 1/p, which is valid under any
   * dependence between them (Vovk and Wang 2020, "Combining p-values via averaging"); then each
   * view learns.
   */
  #joined(): number {
    if ((this.#head[ROWS] as number) <= RECENT) return 0;
    let sum = 0;
    for (let i = 0; i < VIEWS; i++) {
      const view = this.#views[i] as SortedWindow;
      const value = this.#seen[i] as number;
      sum += 10 ** (view.count < VIEW_ROWS_MIN ? 0 : rarity(view, value, i === SHAPE_VIEW));
      view.push(value);
    }
    return Math.log10(sum / VIEWS);
  }

  snapshot(): number[] {
    return this.#cells.snapshot(SNAPSHOT_MARK);
  }

  /** @returns whether it was a snapshot of such a detector; if not, nothing has changed. */
  restore(snapshot: unknown): boolean {
    return this.#cells.restore(SNAPSHOT_MARK, snapshot);
  }
}

/** Values beyond are cut: sums of them must stay numbers. */
const VALUE_MAX = 1e300;

function rarity(view: SortedWindow, value: number, isUpperOnly: boolean): number {
  if (Number.isNaN(value)) return 0;
  const above = view.rarityAbove(value);
  return isUpperOnly ? above : Math.max(0, Math.max(above, view.rarityBelow(value)) - EITHER);
}

function shift(row: Float64Array, newest: number): void {
  row.copyWithin(0, 1);
  row[row.length - 1] = newest;
}

function mean(row: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += row[i] as number;
  return sum / (to - from);
}

/** Sum of the steps of the last two short windows. */
function roughness(values: Float64Array): number {
  let sum = 0;
  for (let i = RECENT - 2 * SHORT; i < RECENT; i++) {
    sum += Math.abs((values[i] as number) - (values[i - 1] as number));
  }
  return sum;
}
