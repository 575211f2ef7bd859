// One detector's memory, read and written where it lies: a cursor that is set on the cells of one
// subject's row, so that money costs eight bytes a number and no object. Owns the layout of a
// memory in cells. Must never be kept by a detector: the next one moves it.

import type { BettingAccount } from "./betting-account.ts";
import { type DetectorMemory, NO_NAMES } from "./detectors/detector.ts";
import { type Lists, NO_LISTS, withList } from "./shared-lists.ts";

/** Cells of a declared detector's memory: its account, `chain` and `mark`. */
export const MEMORY_CELLS = 9;
/** Cells of a learned detector's account. */
export const ACCOUNT_CELLS = 6;
/** In both: the money, and the cell of what was staked, which counts instead when silenced. */
export const STAKED_CELL = 1;

const NO_CELLS = new Float64Array(MEMORY_CELLS);

/** What every account has in the same cells: money and times. */
class MoneyCursor {
  cells: Float64Array = NO_CELLS;
  at = 0;

  get open(): number {
    return this.cells[this.at] as number;
  }
  set open(value: number) {
    this.cells[this.at] = value;
  }
  get staked(): number {
    return this.cells[this.at + STAKED_CELL] as number;
  }
  set staked(value: number) {
    this.cells[this.at + STAKED_CELL] = value;
  }
  get today(): number {
    return this.cells[this.at + 2] as number;
  }
  set today(value: number) {
    this.cells[this.at + 2] = value;
  }
  get fromMs(): number {
    return this.cells[this.at + 3] as number;
  }
  set fromMs(value: number) {
    this.cells[this.at + 3] = value;
  }
  get toMs(): number {
    return this.cells[this.at + 4] as number;
  }
  set toMs(value: number) {
    this.cells[this.at + 4] = value;
  }
}

/** Three counts in one cell, 16 bits each: there are many learned detectors. */
const COUNT_MAX = 0xffff;
const WINS = 0x1_0000;
const STRANGE = 0x1_0000_0000;

/** A learned detector's account in cells. */
export class AccountCursor extends MoneyCursor implements BettingAccount {
  get starts(): number {
    return this.#counts & COUNT_MAX;
  }
  set starts(value: number) {
    this.#counts += Math.min(value, COUNT_MAX) - this.starts;
  }
  get wins(): number {
    return this.#counts >>> 16;
  }
  set wins(value: number) {
    this.#counts += (Math.min(value, COUNT_MAX) - this.wins) * WINS;
  }
  /** Strange observations that have taught it today. */
  get strangeToday(): number {
    return Math.floor(this.#counts / STRANGE);
  }
  set strangeToday(value: number) {
    this.#counts += (Math.min(value, COUNT_MAX) - this.strangeToday) * STRANGE;
  }

  get #counts(): number {
    return this.cells[this.at + 5] as number;
  }
  set #counts(value: number) {
    this.cells[this.at + 5] = value;
  }
}

/** A declared detector's memory in cells; its list of names lies with the subject. */
export class MemoryCursor extends MoneyCursor implements DetectorMemory {
  /** The subject at hand, whose lists lie with it by detector. */
  holder: { lists: Lists } = { lists: NO_LISTS };
  which = 0;

  get starts(): number {
    return this.cells[this.at + 5] as number;
  }
  set starts(value: number) {
    this.cells[this.at + 5] = value;
  }
  get wins(): number {
    return this.cells[this.at + 6] as number;
  }
  set wins(value: number) {
    this.cells[this.at + 6] = value;
  }
  get chain(): number {
    return this.cells[this.at + 7] as number;
  }
  set chain(value: number) {
    this.cells[this.at + 7] = value;
  }
  get mark(): number {
    return this.cells[this.at + 8] as number;
  }
  set mark(value: number) {
    this.cells[this.at + 8] = value;
  }
  get names(): readonly number[] {
    return this.holder.lists[this.which] ?? NO_NAMES;
  }
  set names(value: readonly number[]) {
    const { lists } = this.holder;
    if (value === NO_NAMES && lists.length === 0) return;
    this.holder.lists = withList(lists, this.which, value);
  }
}
