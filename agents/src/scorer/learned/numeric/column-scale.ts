// Mean and spread of each column of a stream of rows (Welford 1962), so that columns of different
// units weigh alike. Owns the two. Must never let one enormous value decide a column's scale.

const ROWS_MIN = 32;
/** Once a column is known, a value counts for at most so many spreads. */
const SPREADS_MAX = 10;
/** The past counts as at most so many rows: a column that changes is followed. */
const HORIZON_ROWS = 16_384;

export class ColumnScale {
  readonly #head: Float64Array;
  readonly #means: Float64Array;
  readonly #variances: Float64Array;

  static cells(columns: number): number {
    return 1 + 2 * columns;
  }

  /** @param cells `ColumnScale.cells(columns)` of them. */
  constructor(cells: Float64Array, columns: number) {
    this.#head = cells.subarray(0, 1);
    this.#means = cells.subarray(1, 1 + columns);
    this.#variances = cells.subarray(1 + columns, 1 + 2 * columns);
  }

  mean(column: number): number {
    return this.#means[column] as number;
  }

  /** One over the spread; 0 for a column that has never changed, which then tells nothing. */
  perUnit(column: number): number {
    const spread = Math.sqrt(this.#variances[column] as number);
    return spread > 0 ? 1 / spread : 0;
  }

  learn(row: Float64Array): void {
    const rows = Math.min(HORIZON_ROWS, (this.#head[0] as number) + 1);
    this.#head[0] = rows;
    for (let column = 0; column < row.length; column++) {
      const mean = this.#means[column] as number;
      const variance = this.#variances[column] as number;
      const most = SPREADS_MAX * Math.sqrt(variance);
      let step = (row[column] as number) - mean;
      if (rows > ROWS_MIN && most > 0) step = Math.max(-most, Math.min(most, step));
      const moved = mean + step / rows;
      this.#means[column] = moved;
      const square = step * (mean + step - moved);
      this.#variances[column] = variance + (square - variance) / rows;
    }
  }
}
