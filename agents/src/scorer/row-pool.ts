// Rows of numbers, one a subject, cut from large blocks: a subject costs its numbers and no object
// of its own, and a stranger who comes and goes costs no garbage. Owns the blocks and the free
// rows. Must never hand out a row that is not all zero.

/** A row is `cells[at .. at + width)`; `halves` is the same memory as 32-bit floats. */
export interface Row {
  readonly cells: Float64Array;
  readonly halves: Float32Array;
  readonly at: number;
}

/** Blocks of about a quarter of a megabyte: small for a small host, few for a large one. */
const BLOCK_CELLS = 32_768;

export class RowPool {
  readonly width: number;
  readonly #free: Row[] = [];
  #cells = 0;

  /** @param width cells of a row, at least 1. */
  constructor(width: number) {
    this.width = width;
  }

  /** Bytes held, free rows included. */
  get bytes(): number {
    return this.#cells * 8;
  }

  /** A row, all zero. */
  take(): Row {
    if (this.#free.length === 0) this.#grow();
    return this.#free.pop() as Row;
  }

  /** Takes a row back; nobody may use it any more. */
  give(row: Row): void {
    row.cells.fill(0, row.at, row.at + this.width);
    this.#free.push(row);
  }

  #grow(): void {
    const rows = Math.max(1, Math.floor(BLOCK_CELLS / this.width));
    const cells = new Float64Array(rows * this.width);
    const halves = new Float32Array(cells.buffer);
    this.#cells += cells.length;
    for (let n = rows - 1; n >= 0; n--) this.#free.push({ cells, halves, at: n * this.width });
  }
}
