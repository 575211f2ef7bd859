// The Numenta Anomaly Benchmark's marks (Lavin and Ahmad 2015, arXiv:1510.03336, section II;
// profiles.json of the benchmark): what early, late, missed and false alarms of one stream are
// worth. Owns that arithmetic; must never see a detector, and is asked only when all verdicts of
// the stream are in.

/** Weights of a profile; the weight of true negatives is nowhere used by the benchmark. */
export interface Profile {
  readonly tpWeight: number;
  readonly fpWeight: number;
  readonly fnWeight: number;
}

/** Rows from first to last, both inside. */
export interface LabelWindow {
  readonly first: number;
  readonly last: number;
}

const PROBATION_SHARE = 0.15;
const PROBATION_ROWS_LONG = 5_000;

/** Rows at the start of a stream that are not marked: 15 % of it, at most 750. */
export function probationRows(rows: number): number {
  const most = PROBATION_SHARE * PROBATION_ROWS_LONG;
  return Math.floor(Math.min(Math.floor(PROBATION_SHARE * rows), most));
}

/**
 * The position function of the paper, from 1 (early in the window) over 0 (its right edge) to -1.
 * @param position in widths of the window; -1 is its left edge, 0 its right one, above 0 behind it.
 */
export function sigmoidAt(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}

/** Windows of one stream from its time stamps; a window that names no row is left out. */
export function windowsOf(
  times: readonly number[],
  spans: readonly (readonly [number, number])[],
): LabelWindow[] {
  const windows: LabelWindow[] = [];
  for (const [fromMs, toMs] of spans) {
    const first = times.findIndex((time) => time >= fromMs);
    const last = times.findLastIndex((time) => time <= toMs);
    if (first >= 0 && last >= first) windows.push({ first, last });
  }
  return windows.sort((a, b) => a.first - b.first);
}

/**
 * Raw marks of one stream: each window gives the weight of its earliest alarm, or costs a miss;
 * each alarm outside costs by its distance behind the last window.
 * @param alarms row numbers, ascending.
 */
export function rawMarks(
  alarms: readonly number[],
  rows: number,
  windows: readonly LabelWindow[],
  profile: Profile,
): number {
  const start = probationRows(rows);
  const best = new Array<number>(windows.length).fill(Number.NEGATIVE_INFINITY);
  let marks = 0;
  for (const row of alarms) {
    if (row < start) continue;
    const at = windows.findIndex(({ first, last }) => row >= first && row <= last);
    if (at < 0) {
      marks += profile.fpWeight * falseAlarmAt(row, windows);
      continue;
    }
    const { first, last } = windows[at] as LabelWindow;
    const position = -(last - row + 1) / (last - first + 1);
    const gain = (profile.tpWeight * sigmoidAt(position)) / sigmoidAt(-1);
    best[at] = Math.max(best[at] as number, gain);
  }
  for (const gain of best) marks += Number.isFinite(gain) ? gain : -profile.fnWeight;
  return marks;
}

function falseAlarmAt(row: number, windows: readonly LabelWindow[]): number {
  const before = windows.findLast(({ last }) => last < row);
  if (before === undefined) return -1;
  const width = before.last - before.first;
  return width === 0 ? -1 : sigmoidAt((row - before.last) / width);
}

/**
 * Marks over a whole corpus on the benchmark's scale: 0 for a detector that never speaks, 100 for
 * one that speaks at each window's first row and nowhere else; below 0 is possible.
 */
export function normalMarks(raw: number, windows: number, profile: Profile): number {
  const none = -profile.fnWeight * windows;
  const perfect = profile.tpWeight * windows;
  return windows === 0 ? Number.NaN : (100 * (raw - none)) / (perfect - none);
}
