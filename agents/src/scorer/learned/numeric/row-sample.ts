// A sample of the rows of the past, and how near the nearest of them is: of all, and of small parts
// of it (Sugiyama and Borgwardt, "Rapid distance-based outlier detection via sampling", NeurIPS
// 2013; Ting et al. 2017, on nearest neighbours of small samples). Owns the sample. A small part
// still finds anomalies that come in crowds, the whole finds those that hide between the crowds.

import type { CellChance } from "./cell-chance.ts";
import type { ColumnScale } from "./column-scale.ts";

const HEAD_CELLS = 1;
/** A row's chance to enter never falls below the sample's size over this: drift is followed. */
const HORIZON_ROWS = 16_384;
const PART = 16;
/** Distances are logarithms; equal rows are so far apart. */
const DISTANCE_MIN = 1e-9;

/** Mean log distance to the nearest row of each part of 16, 64, 256 rows, and of the whole. */
export interface Nearness {
  of16: number;
  of64: number;
  of256: number;
  ofAll: number;
}

export class RowSample {
  readonly size: number;
  readonly #columns: number;
  readonly #head: Float64Array;
  readonly #rows: Float64Array;
  readonly #perUnit: Float64Array;
  readonly #nearness: Nearness = { of16: 0, of64: 0, of256: 0, ofAll: 0 };

  static cells(size: number, columns: number): number {
    return HEAD_CELLS + size * columns;
  }

  /** @param cells `RowSample.cells(size, columns)` of them. @param size a multiple of 256. */
  constructor(cells: Float64Array, size: number, columns: number) {
    this.size = size;
    this.#columns = columns;
    this.#head = cells.subarray(0, HEAD_CELLS);
    this.#rows = cells.subarray(HEAD_CELLS, HEAD_CELLS + size * columns);
    this.#perUnit = new Float64Array(columns);
  }

  get count(): number {
    return Math.min(this.size, this.#head[0] as number);
  }

  at(place: number, column: number): number {
    return this.#rows[place * this.#columns + column] as number;
  }

  /** City-block distances over spreads. The answer is reused by the next call. */
  nearness(row: Float64Array, scale: ColumnScale): Nearness {
    const { count } = this;
    for (let column = 0; column < this.#columns; column++) {
      this.#perUnit[column] = scale.perUnit(column);
    }
    const answer = this.#nearness;
    let [least64, least256, least] = [Infinity, Infinity, Infinity];
    let [sum16, sum64, sum256, parts64, parts256] = [0, 0, 0, 0, 0];
    for (let from = 0; from < count; from += PART) {
      const to = Math.min(count, from + PART);
      const least16 = this.#nearest(row, from, to);
      sum16 += Math.log(least16 + DISTANCE_MIN);
      least64 = Math.min(least64, least16);
      if (to % 64 === 0 || to === count) {
        sum64 += Math.log(least64 + DISTANCE_MIN);
        parts64++;
        least256 = Math.min(least256, least64);
        least64 = Infinity;
      }
      if (to % 256 === 0 || to === count) {
        sum256 += Math.log(least256 + DISTANCE_MIN);
        parts256++;
        least = Math.min(least, least256);
        least256 = Infinity;
      }
    }
    answer.of16 = count === 0 ? 0 : sum16 / Math.ceil(count / PART);
    answer.of64 = count === 0 ? 0 : sum64 / parts64;
    answer.of256 = count === 0 ? 0 : sum256 / parts256;
    answer.ofAll = count === 0 ? 0 : Math.log(least + DISTANCE_MIN);
    return answer;
  }

  #nearest(row: Float64Array, from: number, to: number): number {
    const columns = this.#columns;
    const rows = this.#rows;
    const perUnit = this.#perUnit;
    let least = Infinity;
    for (let at = from * columns; at < to * columns; at += columns) {
      let distance = 0;
      for (let column = 0; column < columns; column++) {
        const apart = (row[column] as number) - (rows[at + column] as number);
        distance += Math.abs(apart) * (perUnit[column] as number);
      }
      if (distance < least) least = distance;
    }
    return least;
  }

  /** Takes the row in, by a reservoir (Vitter 1985) whose memory fades (Aggarwal 2006). */
  learn(row: Float64Array, chance: CellChance): void {
    const rows = (this.#head[0] as number) + 1;
    this.#head[0] = rows;
    let place = rows - 1;
    if (rows > this.size) place = chance.below(Math.min(rows, HORIZON_ROWS));
    if (place < this.size) this.#rows.set(row, place * this.#columns);
  }
}
