// What one correlation remembers: a window a group, for a bounded number of groups. Owns the bound
// and the order of forgetting: two rows by last touch, `young` and `near` for groups that are half
// way to firing. The young go first, so that somebody who invents a million groups evicts only
// other young ones; to push out a near one he must bring a whole row half way himself.
//
// Event time is the only clock. An event may come out of order by as much as the window is long:
// what is older than that beside the newest of its group counts nothing.

import type { CorrelationType } from "./correlation-shape.ts";

/** Numbers kept by all groups of one correlation together, at most (8 bytes each). */
const CELLS_MAX = 100_000;
const YOUNG_MAX = 4_096;
const YOUNG_MIN = 64;
/** Young groups of all correlations of a set together, under a kilobyte each at the worst. */
const YOUNG_OF_ALL_MAX = 32_768;

export interface Window {
  /** Newest event of the group. */
  newestMs: number;
  /**
   * `event_count`: times in order. `value_count`: the latest time of each value. Temporal: the
   * latest time of each rule, -1 for none; ordered: also the start of the best chain up to it.
   */
  times: number[];
  /** The values, beside their times. */
  values: string[];
}

export interface CorrelationPlan {
  readonly type: CorrelationType;
  readonly spanMs: number;
  readonly need: number;
}

export class CorrelationGroups {
  readonly #plan: CorrelationPlan;
  readonly #youngMax: number;
  readonly #nearMax: number;
  #young = new Map<string, Window>();
  #near = new Map<string, Window>();

  /** @param correlations how many there are in the set, which share one bound. */
  constructor(plan: CorrelationPlan, correlations: number) {
    this.#plan = plan;
    const share = Math.floor(YOUNG_OF_ALL_MAX / Math.max(1, correlations));
    const fitting = Math.min(share, Math.floor(CELLS_MAX / plan.need));
    this.#youngMax = Math.max(YOUNG_MIN, Math.min(YOUNG_MAX, fitting));
    this.#nearMax = this.#youngMax / 4;
  }

  get size(): number {
    return this.#young.size + this.#near.size;
  }

  /**
   * Takes one event of a group.
   * @param slot which of the correlation's rules it is of.
   * @param value what is counted, for `value_count`.
   * @returns whether the correlation fires; the group then begins anew.
   */
  observe(key: string, timeMs: number, slot: number, value: string): boolean {
    const near = this.#near.get(key);
    const known = near ?? this.#young.get(key);
    const window = known ?? openWindow(this.#plan);
    // Touched last, wherever it is.
    if (known !== undefined) (near === undefined ? this.#young : this.#near).delete(key);
    const isFired = observeWindow(window, this.#plan, timeMs, slot, value);
    if (!isFired) this.#keep(key, window);
    return isFired;
  }

  #keep(key: string, window: Window): void {
    const isNear = progressOf(window, this.#plan) * 2 >= this.#plan.need;
    const row = isNear ? this.#near : this.#young;
    row.set(key, window);
    if (row.size <= (isNear ? this.#nearMax : this.#youngMax)) return;
    const [oldest] = row.keys();
    if (oldest !== undefined) row.delete(oldest);
  }

  /** Plain data, oldest touch first. */
  save(): unknown[] {
    const rows = (row: ReadonlyMap<string, Window>) =>
      [...row].map(([key, { newestMs, times, values }]) => [
        key,
        newestMs,
        [...times],
        [...values],
      ]);
    return [rows(this.#young), rows(this.#near)];
  }

  /** @returns a row of groups as `save` wrote it, or `undefined` when it did not. */
  read(saved: unknown): Map<string, Window>[] | undefined {
    if (!Array.isArray(saved) || saved.length !== 2) return undefined;
    const rows = saved.map((row, i) =>
      readRow(row, i === 0 ? this.#youngMax : this.#nearMax, this.#plan),
    );
    return rows.every((row) => row !== undefined) ? rows : undefined;
  }

  fill([young, near]: readonly Map<string, Window>[]): void {
    this.#young = young ?? new Map();
    this.#near = near ?? new Map();
  }
}

function openWindow({ type, need }: CorrelationPlan): Window {
  const isTemporal = type === "temporal" || type === "temporal_ordered";
  const cells = type === "temporal_ordered" ? 2 * need : need;
  return { newestMs: -1, times: isTemporal ? new Array<number>(cells).fill(-1) : [], values: [] };
}

function observeWindow(
  window: Window,
  plan: CorrelationPlan,
  timeMs: number,
  slot: number,
  value: string,
): boolean {
  if (timeMs < window.newestMs - plan.spanMs) return false;
  window.newestMs = Math.max(window.newestMs, timeMs);
  switch (plan.type) {
    case "event_count":
      return countEvent(window, plan, timeMs);
    case "value_count":
      return countValue(window, plan, timeMs, value);
    case "temporal":
      return meet(window, plan, timeMs, slot);
    case "temporal_ordered":
      return follow(window, plan, timeMs, slot);
  }
}

function countEvent(window: Window, { spanMs, need }: CorrelationPlan, timeMs: number): boolean {
  const { times } = window;
  let at = times.length;
  while (at > 0 && (times[at - 1] as number) > timeMs) at--;
  if (at === times.length) times.push(timeMs);
  else times.splice(at, 0, timeMs);
  const oldest = window.newestMs - spanMs;
  let old = 0;
  while (old < times.length && (times[old] as number) < oldest) old++;
  if (old > 0) times.splice(0, old);
  return times.length >= need;
}

function countValue(
  window: Window,
  { spanMs, need }: CorrelationPlan,
  timeMs: number,
  value: string,
): boolean {
  const { times, values } = window;
  const at = values.indexOf(value);
  if (at >= 0) times[at] = Math.max(times[at] as number, timeMs);
  else {
    times.push(timeMs);
    values.push(value);
  }
  const oldest = window.newestMs - spanMs;
  if (times.some((time) => time < oldest)) {
    window.values = values.filter((_, i) => (times[i] as number) >= oldest);
    window.times = times.filter((time) => time >= oldest);
  }
  return window.times.length >= need;
}

function meet(window: Window, { spanMs }: CorrelationPlan, timeMs: number, slot: number): boolean {
  const { times, newestMs } = window;
  times[slot] = Math.max(times[slot] as number, timeMs);
  return times.every((time) => time >= 0 && time >= newestMs - spanMs);
}

/** The chain up to a rule that began latest is the one that can still fit the window. */
function follow(
  { times }: Window,
  { spanMs, need }: CorrelationPlan,
  timeMs: number,
  slot: number,
): boolean {
  const before = slot === 0 ? timeMs : (times[slot - 1] as number);
  const start = slot === 0 ? timeMs : (times[need + slot - 1] as number);
  if (before < 0 || before > timeMs || start < timeMs - spanMs) return false;
  if (start >= (times[need + slot] as number)) {
    times[need + slot] = start;
    times[slot] = timeMs;
  }
  return slot === need - 1;
}

function progressOf({ times }: Window, { type, need }: CorrelationPlan): number {
  if (type === "event_count" || type === "value_count") return times.length;
  let seen = 0;
  for (let i = 0; i < need; i++) if ((times[i] as number) >= 0) seen++;
  return seen;
}

const KEY_MAX = 4_096;

function readRow(
  saved: unknown,
  max: number,
  plan: CorrelationPlan,
): Map<string, Window> | undefined {
  if (!Array.isArray(saved) || saved.length > max) return undefined;
  const row = new Map<string, Window>();
  for (const group of saved) {
    if (!Array.isArray(group) || group.length !== 4) return undefined;
    const [key, newestMs, times, values] = group as unknown[];
    if (typeof key !== "string" || key.length > KEY_MAX || row.has(key)) return undefined;
    if (!Number.isSafeInteger(newestMs) || !isWindow(times, values, plan)) return undefined;
    row.set(key, {
      newestMs: newestMs as number,
      times: [...(times as number[])],
      values: [...(values as string[])],
    });
  }
  return row;
}

function isWindow(times: unknown, values: unknown, plan: CorrelationPlan): boolean {
  if (!Array.isArray(times) || !Array.isArray(values)) return false;
  if (!times.every((time) => Number.isSafeInteger(time))) return false;
  if (!values.every((value) => typeof value === "string")) return false;
  const model = openWindow(plan);
  if (model.times.length > 0) return times.length === model.times.length && values.length === 0;
  const isCounting = plan.type === "value_count";
  return times.length < plan.need && values.length === (isCounting ? times.length : 0);
}
