// How far out in its columns a row lies, each column by itself (Li et al. 2022, "ECOD: unsupervised
// outlier detection using empirical cumulative distribution functions"; here over the latest rows).
// Owns the columns' windows.

import { SortedWindow } from "./sorted-window.ts";

const WINDOW = 512;
const VALUES_MIN = 8;

export class ColumnTails {
  readonly #windows: SortedWindow[];

  static cells(columns: number): number {
    return columns * SortedWindow.cells(WINDOW);
  }

  /** @param cells `ColumnTails.cells(columns)` of them. */
  constructor(cells: Float64Array, columns: number) {
    const width = SortedWindow.cells(WINDOW);
    this.#windows = Array.from({ length: columns }, (_, column) => {
      return new SortedWindow(cells.subarray(column * width, (column + 1) * width), WINDOW);
    });
  }

  /** The largest of three sums of rarities: of upper tails, of lower ones, of the nearer ones. */
  strangeness(row: Float64Array): number {
    let [above, below, either] = [0, 0, 0];
    this.#windows.forEach((window, column) => {
      if (window.count < VALUES_MIN) return;
      const value = row[column] as number;
      const up = window.rarityAbove(value);
      const down = window.rarityBelow(value);
      above += up;
      below += down;
      either += Math.max(up, down) - EITHER;
    });
    return Math.max(above, below, either);
  }

  learn(row: Float64Array): void {
    this.#windows.forEach((window, column) => {
      window.push(row[column] as number);
    });
  }
}

/** The nearer of two tails is twice as likely as a named one. */
const EITHER = Math.log10(2);
