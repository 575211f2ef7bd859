// Isolation trees over the sample of the past, one rebuilt after the other (Liu, Ting and Zhou,
// "Isolation forest", ICDM 2008; rebuilding from a fading sample as Ding and Fei 2013). Owns the
// trees. Recursion is bounded by the depth of a tree, never by the data.

import type { CellChance } from "./cell-chance.ts";
import type { RowSample } from "./row-sample.ts";

const HEAD_CELLS = 2;
const TREES = 40;
const SUBSAMPLE = 128;
const NODES = 2 * SUBSAMPLE;
const DEPTH_MAX = 9;
/** Of a node: its column (-1: a leaf), its cut (a leaf: the depth it stands for), its left. */
const NODE_CELLS = 3;
/** All trees are grown anew whenever the rows double up to here; then one every so many rows. */
const ROWS_FIRST = 16;
const ROWS_DOUBLING_MAX = 1_024;
const ROWS_PER_TREE = 64;
/** A column without a spread among the rows of a node cannot be cut: so many are tried. */
const COLUMN_TRIES = 4;

export class IsolationTrees {
  static readonly CELLS = HEAD_CELLS + TREES * NODES * NODE_CELLS;
  readonly #columns: number;
  readonly #head: Float64Array;
  readonly #nodes: Float64Array;
  readonly #places = new Int32Array(SUBSAMPLE);
  #taken = 0;

  /** @param cells `IsolationTrees.CELLS` of them. */
  constructor(cells: Float64Array, columns: number) {
    this.#columns = columns;
    this.#head = cells.subarray(0, HEAD_CELLS);
    this.#nodes = cells.subarray(HEAD_CELLS, IsolationTrees.CELLS);
  }

  /** Mean depth at which a row is alone, negated: larger is stranger. NaN before any tree. */
  strangeness(row: Float64Array): number {
    if ((this.#head[0] as number) < ROWS_FIRST) return Number.NaN;
    const nodes = this.#nodes;
    let depths = 0;
    for (let tree = 0; tree < TREES; tree++) {
      const base = tree * NODES * NODE_CELLS;
      let at = base;
      for (let column = nodes[at] as number; column >= 0; column = nodes[at] as number) {
        const goesRight = (row[column] as number) >= (nodes[at + 1] as number) ? 1 : 0;
        at = base + ((nodes[at + 2] as number) + goesRight) * NODE_CELLS;
      }
      depths += nodes[at + 1] as number;
    }
    return -depths / TREES;
  }

  /** Call once a row, AFTER the sample has learned it. */
  learn(sample: RowSample, chance: CellChance): void {
    const rows = (this.#head[0] as number) + 1;
    this.#head[0] = rows;
    const isDoubled = rows >= ROWS_FIRST && rows <= ROWS_DOUBLING_MAX && (rows & (rows - 1)) === 0;
    if (isDoubled) {
      for (let tree = 0; tree < TREES; tree++) this.#grow(tree, sample, chance);
    } else if (rows > ROWS_FIRST && rows % ROWS_PER_TREE === 0) {
      const next = this.#head[1] as number;
      this.#grow(next, sample, chance);
      this.#head[1] = (next + 1) % TREES;
    }
  }

  #grow(tree: number, sample: RowSample, chance: CellChance): void {
    const places = this.#places;
    const count = Math.min(SUBSAMPLE, sample.count);
    // Without replacement (Vitter's algorithm R): the places come in no order that matters.
    for (let place = 0; place < sample.count; place++) {
      const into = place < count ? place : chance.below(place + 1);
      if (into < count) places[into] = place;
    }
    this.#taken = 1;
    this.#part(tree * NODES * NODE_CELLS, 0, 0, count, 0, sample, chance);
  }

  #part(
    base: number,
    node: number,
    from: number,
    to: number,
    depth: number,
    sample: RowSample,
    chance: CellChance,
  ): void {
    const at = base + node * NODE_CELLS;
    const nodes = this.#nodes;
    const isDone = to - from < 2 || depth === DEPTH_MAX;
    const column = isDone ? -1 : this.#drawColumn(from, to, sample, chance);
    nodes[at] = column;
    if (column < 0) {
      nodes[at + 1] = depth + meanDepth(to - from);
      return;
    }
    const [low, high] = this.#ends(column, from, to, sample);
    const drawn = low + (high - low) * chance.float();
    const cut = drawn > low && drawn <= high ? drawn : high;
    const middle = this.#order(column, cut, from, to, sample);
    const left = this.#taken;
    this.#taken += 2;
    nodes[at + 1] = cut;
    nodes[at + 2] = left;
    this.#part(base, left, from, middle, depth + 1, sample, chance);
    this.#part(base, left + 1, middle, to, depth + 1, sample, chance);
  }

  #drawColumn(from: number, to: number, sample: RowSample, chance: CellChance): number {
    for (let tries = 0; tries < COLUMN_TRIES; tries++) {
      const column = chance.below(this.#columns);
      const [low, high] = this.#ends(column, from, to, sample);
      if (high > low) return column;
    }
    return -1;
  }

  #ends(column: number, from: number, to: number, sample: RowSample): [number, number] {
    let [low, high] = [Infinity, -Infinity];
    for (let i = from; i < to; i++) {
      const value = sample.at(this.#places[i] as number, column);
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high];
  }

  /** Places whose value is under the cut first. @returns where the others begin. */
  #order(column: number, cut: number, from: number, to: number, sample: RowSample): number {
    const places = this.#places;
    let middle = from;
    for (let i = from; i < to; i++) {
      const place = places[i] as number;
      if (sample.at(place, column) >= cut) continue;
      places[i] = places[middle] as number;
      places[middle] = place;
      middle++;
    }
    return middle;
  }
}

const EULER = 0.5772156649;

/** Mean depth of an unsuccessful search among so many: what a leaf of several rows stands for. */
function meanDepth(rows: number): number {
  if (rows < 2) return 0;
  return 2 * (Math.log(rows - 1) + EULER) - (2 * (rows - 1)) / rows;
}
