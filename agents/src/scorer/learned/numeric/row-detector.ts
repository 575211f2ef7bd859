// Rows of several numbers: how strange the newest is beside the past, by an ensemble that needs no
// scale, no label and no setting of its own for a set of data. Owns the joining of its members.
// Judges a row BEFORE it learns it, and learns every row: what is not to be learned is not given.

import { CellChance } from "./cell-chance.ts";
import { Cells } from "./cells.ts";
import { ColumnScale } from "./column-scale.ts";
import { ColumnTails } from "./column-tails.ts";
import { IsolationTrees } from "./isolation-trees.ts";
import { RowSample } from "./row-sample.ts";
import { SortedWindow } from "./sorted-window.ts";

/** Layout of the cells: another one is another number. */
const SNAPSHOT_MARK = 1_001;
const COLUMNS_MAX = 256;
const SAMPLE = 1_024;
const MEMBERS = 6;
/** A member's word is ranked among so many of its latest. */
const RANKED = 1_000;
const RANKED_MIN = 8;
/** Numbers beyond are cut: their squares must stay numbers. */
const VALUE_MAX = 1e100;

export class RowDetector {
  readonly columns: number;
  readonly #cells: Cells;
  readonly #chance: CellChance;
  readonly #scale: ColumnScale;
  readonly #sample: RowSample;
  readonly #trees: IsolationTrees;
  readonly #tails: ColumnTails;
  readonly #ranked: SortedWindow[];
  readonly #row: Float64Array;
  readonly #words = new Float64Array(MEMBERS);

  /** 64-bit cells of a detector of so many columns: all that it remembers. */
  static cells(columns: number): number {
    return (
      1 +
      ColumnScale.cells(columns) +
      RowSample.cells(SAMPLE, columns) +
      IsolationTrees.CELLS +
      ColumnTails.cells(columns) +
      MEMBERS * SortedWindow.cells(RANKED)
    );
  }

  /** Throws RangeError unless there are 1 to 256 columns. */
  constructor(columns: number, seed: number) {
    if (!(columns >= 1 && columns <= COLUMNS_MAX)) {
      throw new RangeError(`${columns} columns; a row detector takes 1 to ${COLUMNS_MAX}`);
    }
    this.columns = columns;
    const cells = new Cells(RowDetector.cells(columns));
    this.#cells = cells;
    this.#chance = new CellChance(cells.take(1), seed);
    this.#scale = new ColumnScale(cells.take(ColumnScale.cells(columns)), columns);
    this.#sample = new RowSample(cells.take(RowSample.cells(SAMPLE, columns)), SAMPLE, columns);
    this.#trees = new IsolationTrees(cells.take(IsolationTrees.CELLS), columns);
    this.#tails = new ColumnTails(cells.take(ColumnTails.cells(columns)), columns);
    this.#ranked = Array.from({ length: MEMBERS }, () => {
      return new SortedWindow(cells.take(SortedWindow.cells(RANKED)), RANKED);
    });
    this.#row = new Float64Array(columns);
  }

  /**
   * How strange the row is, from the past alone; then it is learned. Comparable with what the same
   * detector said of other rows. What is no number stands for the column's mean.
   */
  push(row: ArrayLike<number>): number {
    for (let column = 0; column < this.columns; column++) {
      const value = row[column] as number;
      const known = Number.isFinite(value) ? value : this.#scale.mean(column);
      this.#row[column] = Math.max(-VALUE_MAX, Math.min(VALUE_MAX, known));
    }
    const strangeness = this.#judge(this.#row);
    this.#scale.learn(this.#row);
    this.#sample.learn(this.#row, this.#chance);
    this.#trees.learn(this.#sample, this.#chance);
    this.#tails.learn(this.#row);
    return strangeness;
  }

  /**
   * Each member's word becomes the rarity of such a word among its own latest, and those are joined
   * by the mean of 1 / sqrt(p): valid under any dependence (Vovk and Wang 2020), and one
   * member that is sure outweighs five that shrug.
   */
  #judge(row: Float64Array): number {
    const { of16, of64, of256, ofAll } = this.#sample.nearness(row, this.#scale);
    const words = this.#words;
    words[0] = this.#trees.strangeness(row);
    words[1] = this.#tails.strangeness(row);
    words[2] = of16;
    words[3] = of64;
    words[4] = of256;
    words[5] = ofAll;
    let sum = 0;
    for (let member = 0; member < MEMBERS; member++) {
      const ranked = this.#ranked[member] as SortedWindow;
      const word = words[member] as number;
      const isHeard = ranked.count >= RANKED_MIN && !Number.isNaN(word);
      sum += isHeard ? 10 ** (ranked.rarityAbove(word) / 2) : 1;
      ranked.push(word);
    }
    return 2 * Math.log10(sum / MEMBERS);
  }

  snapshot(): number[] {
    return this.#cells.snapshot(SNAPSHOT_MARK + this.columns);
  }

  /** @returns whether it was a snapshot of such a detector; if not, nothing has changed. */
  restore(snapshot: unknown): boolean {
    return this.#cells.restore(SNAPSHOT_MARK + this.columns, snapshot);
  }
}
