// One detector's memory, read and written where it lies: a cursor that is set on the cells of one
// subject's row, so that money costs eight bytes a number and no object. Owns the layout of a
// memory in cells. Must never be kept by a detector: the next one moves it.

import type { BettingAccount } from "./betting-account.ts";
import { type DetectorMemory, NO_NAMES } from "./detectors/detector.ts";

/** Cells of a betting account: open, staked, today, starts, wins, from, to. */
export const MONEY_CELLS = 7;
export const STAKED_CELL = 1;
/** Cells of a declared detector's memory: its account, `chain` and `mark`. */
export const MEMORY_CELLS = MONEY_CELLS + 2;

const NO_CELLS = new Float64Array(MEMORY_CELLS);

/** A betting account in cells. */
export class MoneyCursor implements BettingAccount {
  cells: Float64Array = NO_CELLS;
  at = 0;

  get open(): number {
    return this.cells[this.at] as number;
  }
  set open(value: number) {
    this.cells[this.at] = value;
  }
  get staked(): number {
    return this.cells[this.at + 1] as number;
  }
  set staked(value: number) {
    this.cells[this.at + 1] = value;
  }
  get today(): number {
    return this.cells[this.at + 2] as number;
  }
  set today(value: number) {
    this.cells[this.at + 2] = value;
  }
  get starts(): number {
    return this.cells[this.at + 3] as number;
  }
  set starts(value: number) {
    this.cells[this.at + 3] = value;
  }
  get wins(): number {
    return this.cells[this.at + 4] as number;
  }
  set wins(value: number) {
    this.cells[this.at + 4] = value;
  }
  get fromMs(): number {
    return this.cells[this.at + 5] as number;
  }
  set fromMs(value: number) {
    this.cells[this.at + 5] = value;
  }
  get toMs(): number {
    return this.cells[this.at + 6] as number;
  }
  set toMs(value: number) {
    this.cells[this.at + 6] = value;
  }
}

/** A declared detector's memory in cells; its list of names lies with the subject. */
export class MemoryCursor extends MoneyCursor implements DetectorMemory {
  /** Lists of the subject at hand, by detector. */
  lists: (readonly number[])[] = [];
  which = 0;

  get chain(): number {
    return this.cells[this.at + MONEY_CELLS] as number;
  }
  set chain(value: number) {
    this.cells[this.at + MONEY_CELLS] = value;
  }
  get mark(): number {
    return this.cells[this.at + MONEY_CELLS + 1] as number;
  }
  set mark(value: number) {
    this.cells[this.at + MONEY_CELLS + 1] = value;
  }
  get names(): readonly number[] {
    return this.lists[this.which] ?? NO_NAMES;
  }
  set names(value: readonly number[]) {
    if (value === NO_NAMES && this.lists.length === 0) return;
    while (this.lists.length <= this.which) this.lists.push(NO_NAMES);
    this.lists[this.which] = value;
  }
}
