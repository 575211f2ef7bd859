// Rows that were written under other detectors, fitted to those that are configured now, by name
// and width. Owns the layout as a snapshot tells it and where each number goes. Must never let a
// detector take up the numbers of another.

import type { NumberReader, NumberWriter } from "./bytes-of-numbers.ts";
import { HEADER_CELLS, LEARNED_HEADER_CELLS, type Lineup } from "./ensemble.ts";
import {
  HISTORY_HALVES,
  readHistory,
  WRITTEN_HALVES,
  writeHistory,
} from "./learned/rank-history.ts";
import { ACCOUNT_CELLS, MEMORY_CELLS } from "./memory-cursor.ts";
import type { Block } from "./row-pool.ts";
import { openLearned, openRanked, type SubjectState } from "./subject-state.ts";

/** How the numbers of a class of subject are laid out, by names. */
export interface Layout {
  readonly declared: readonly string[];
  readonly learned: readonly { readonly name: string; readonly width: number }[];
  readonly profiles: readonly {
    readonly name: string;
    readonly words: number;
    readonly peerWords: number;
  }[];
}

export function layoutOf({ declared, learned, profiles }: Lineup): Layout {
  return { declared: declared.map(({ name }) => name), learned, profiles };
}

export function writeLayout(w: NumberWriter, { declared, learned, profiles }: Layout): void {
  w.whole(declared.length);
  for (const name of declared) w.text(name);
  w.whole(learned.length);
  for (const { name, width } of learned) {
    w.text(name);
    w.whole(width);
  }
  w.whole(profiles.length);
  for (const { name, words, peerWords } of profiles) {
    w.text(name);
    w.whole(words);
    w.whole(peerWords);
  }
}

export function readLayout(r: NumberReader): Layout {
  const declared = Array.from({ length: r.count() }, () => r.text());
  const learned = Array.from({ length: r.count() }, () => ({ name: r.text(), width: r.whole() }));
  const profiles = Array.from({ length: r.count() }, () => ({
    name: r.text(),
    words: r.whole(),
    peerWords: r.whole(),
  }));
  return { declared, learned, profiles };
}

/** Where the numbers of a written row go in a row of now; -1 for nowhere. */
interface RowFit {
  readonly places: Int32Array;
  /** Each has the place that it had. */
  readonly isInPlace: boolean;
}

/** Where all that was written goes now. */
export interface Fit {
  readonly lineup: Lineup;
  readonly layout: Layout;
  readonly declared: readonly number[];
  readonly learned: readonly number[];
  readonly row: RowFit;
  readonly learnedRow: RowFit;
  readonly parts: readonly Part[];
  readonly profileWords: readonly {
    readonly index: number;
    readonly from: number;
    readonly to: number;
    readonly words: number;
  }[];
  readonly blockWords: number;
  /** Puts what feedback lowered in the places of now. */
  lowered(state: SubjectState): void;
}

/** Where all that was written by names in `layout` goes in a row of today. */
export function fitOf(layout: Layout, lineup: Lineup): Fit {
  const now = layoutOf(lineup);
  const declared = layout.declared.map((name) => now.declared.indexOf(name));
  const learned = [
    ...layout.learned.map(({ name, width }) =>
      now.learned.findIndex((one) => one.name === name && one.width === width),
    ),
    ...layout.profiles.map(({ name, words }) => {
      const at = now.profiles.findIndex((one) => one.name === name && one.words === words);
      return at < 0 ? -1 : now.learned.length + at;
    }),
  ];
  let from = 0;
  const profileWords = layout.profiles.flatMap(({ words }, index) => {
    const to = (learned[layout.learned.length + index] as number) - now.learned.length;
    const part = { index, from, to, words };
    from += words;
    return to < 0 ? [] : [part];
  });
  const isSame = (places: readonly number[]) => places.every((to, i) => to === i);
  const isUnmoved = isSame(declared) && isSame(learned);
  return {
    ...{ lineup, layout, declared, learned, profileWords, blockWords: from },
    row: rowFit(fitRow(declared)),
    learnedRow: rowFit(fitLearnedRow(layout, learned, lineup)),
    parts: partsOf(lineup),
    lowered(state) {
      if (isUnmoved) return;
      state.lowered = moveBits(state.lowered, declared, 2);
      state.learnedLowered = moveBits(state.learnedLowered, learned, 2);
      const fired = state.fired >>> 0;
      const high = moveBits(fired >>> 16, learned, 1);
      state.fired = moveBits(fired & 0xffff, declared, 1) + high * 65_536;
    },
  };
}

function moveBits(bits: number, places: readonly number[], width: 1 | 2): number {
  let moved = 0;
  places.forEach((to, i) => {
    if (to >= 0) moved += ((bits >>> (width * i)) & (width === 1 ? 1 : 3)) * 2 ** (width * to);
  });
  return moved;
}

function rowFit(places: readonly number[]): RowFit {
  return { places: Int32Array.from(places), isInPlace: places.every((to, i) => to === i) };
}

function fitRow(declared: readonly number[]): number[] {
  const places: number[] = [];
  for (let i = 0; i < HEADER_CELLS; i++) places.push(i);
  for (const to of declared) pushPart(places, HEADER_CELLS + to * MEMORY_CELLS, MEMORY_CELLS, to);
  return places;
}

function fitLearnedRow(
  layout: Layout,
  learned: readonly number[],
  { learned: own, profiles, learnedAt, accountsAt }: Lineup,
): number[] {
  const places: number[] = [];
  for (let i = 0; i < LEARNED_HEADER_CELLS; i++) places.push(i);
  layout.learned.forEach(({ width }, i) => {
    const to = learned[i] as number;
    pushPart(places, learnedAt[to] ?? 0, width, to);
  });
  for (const to of learned) pushPart(places, accountsAt + to * ACCOUNT_CELLS, ACCOUNT_CELLS, to);
  const historiesAt = accountsAt + (own.length + profiles.length) * ACCOUNT_CELLS;
  const cells = WRITTEN_HALVES / 2;
  for (const to of learned) pushPart(places, historiesAt + to * cells, cells, to);
  return places;
}

function pushPart(places: number[], at: number, width: number, to: number): void {
  for (let i = 0; i < width; i++) places.push(to < 0 ? -1 : at + i);
}

/** More numbers than any row has: a longer one is nobody's. */
const ROW_MAX = 4_096;
const scratch = new Float64Array(ROW_MAX);

/** Reads a written row into its places of a row of now, which is all zero. */
export function readInto(r: NumberReader, cells: Float64Array, at: number, fit: RowFit): void {
  const { places, isInPlace } = fit;
  const width = places.length;
  if (width > ROW_MAX) return;
  if (isInPlace) {
    r.row(width, cells, at);
    return;
  }
  r.row(width, scratch, 0);
  for (let i = 0; i < width; i++) {
    const to = places[i] as number;
    if (to >= 0) cells[at + to] = scratch[i] as number;
  }
}

/** What a subject has taught, as a snapshot has it: its profiles' money and ranks with the rest. */
const whole = new Float64Array(ROW_MAX);
const wholeHalves = new Float32Array(whole.buffer);

/** Cells of a row as they are, or histories, which a snapshot has otherwise. */
export interface Part {
  readonly isRanked: boolean;
  readonly isHistories: boolean;
  /** First cell in a row, and in the whole. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Accounts of profiles follow the other accounts, histories the other histories. */
export function partsOf({ learned, profiles, accountsAt, historiesAt }: Lineup): readonly Part[] {
  const own = learned.length;
  const ranked = profiles.length;
  const first = accountsAt + own * ACCOUNT_CELLS;
  const second = first + ranked * ACCOUNT_CELLS;
  const third = second + (own * WRITTEN_HALVES) / 2;
  const cells = { isHistories: false, from: 0 };
  const after = ranked * ACCOUNT_CELLS;
  return [
    { ...cells, isRanked: false, to: 0, count: first },
    { ...cells, isRanked: true, to: first, count: after },
    { isHistories: true, isRanked: false, from: historiesAt, to: second, count: own },
    { isHistories: true, isRanked: true, from: after, to: third, count: ranked },
  ];
}

function widthOf({ isHistories, count }: Part): number {
  return isHistories ? (count * WRITTEN_HALVES) / 2 : count;
}

/** Writes all that a subject has taught. */
export function writeLearned(w: NumberWriter, state: SubjectState, parts: readonly Part[]): void {
  const { learned, learnedAt, ranked, rankedAt } = state;
  let width = 0;
  for (const part of parts) {
    const { isRanked, from, to } = part;
    width += widthOf(part);
    const block = isRanked ? ranked : learned;
    if (block === undefined) whole.fill(0, to, width);
    else putPart(block, from + (isRanked ? rankedAt : learnedAt), part);
  }
  w.row(whole, 0, width);
}

function putPart(block: Block, at: number, { isHistories, to, count }: Part): void {
  if (!isHistories) {
    for (let i = 0; i < count; i++) whole[to + i] = block.cells[at + i] as number;
    return;
  }
  for (let i = 0; i < count; i++) {
    writeHistory(block, 2 * at + i * HISTORY_HALVES, wholeHalves, 2 * to + i * WRITTEN_HALVES);
  }
}

/** Reads it back into rows of its own. */
export function readLearned(
  r: NumberReader,
  state: SubjectState,
  { learnedRow, parts }: Fit,
): void {
  if (!learnedRow.isInPlace) whole.fill(0);
  readInto(r, whole, 0, learnedRow);
  openLearned(state);
  for (const part of parts) {
    const { isRanked, from, to } = part;
    if (isRanked && state.ranked === undefined) {
      if (!hasAny(to, widthOf(part))) continue;
      openRanked(state);
    }
    if (isRanked) takePart(state.ranked as Block, state.rankedAt + from, part);
    else takePart(state.learned as Block, state.learnedAt + from, part);
  }
}

function takePart(block: Block, at: number, { isHistories, to, count }: Part): void {
  if (!isHistories) {
    for (let i = 0; i < count; i++) block.cells[at + i] = whole[to + i] as number;
    return;
  }
  for (let i = 0; i < count; i++) {
    readHistory(block, 2 * at + i * HISTORY_HALVES, wholeHalves, 2 * to + i * WRITTEN_HALVES);
  }
}

function hasAny(at: number, count: number): boolean {
  for (let i = at; i < at + count; i++) if (whole[i] !== 0) return true;
  return false;
}
