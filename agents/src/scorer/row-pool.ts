// Rows of numbers, one a subject, cut from large blocks: a subject costs its numbers and no object
// of its own, and a stranger who comes and goes costs no garbage. Owns the blocks and the free
// rows. Must never hand out a row that is not all zero.

/** What many rows lie in: one memory as floats of 64 and 32 bits and whole numbers of 16. */
export interface Block {
  readonly cells: Float64Array;
  readonly halves: Float32Array;
  readonly quarters: Uint16Array;
}

/** A row is `cells[at .. at + width)` of its block. Whoever takes it keeps the two. */
export interface Row {
  readonly block: Block;
  readonly at: number;
}

/** Blocks of about a quarter of a megabyte: small for a small host, few for a large one. */
const BLOCK_CELLS = 32_768;

export class RowPool {
  readonly width: number;
  /** Free rows: their blocks, and where in those they begin. */
  readonly #blocks: Block[] = [];
  readonly #ats: number[] = [];
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
    if (this.#ats.length === 0) this.#grow();
    return { block: this.#blocks.pop() as Block, at: this.#ats.pop() as number };
  }

  /** Takes a row back; nobody may use it any more. */
  give(block: Block, at: number): void {
    block.cells.fill(0, at, at + this.width);
    this.#blocks.push(block);
    this.#ats.push(at);
  }

  #grow(): void {
    const rows = Math.max(1, Math.floor(BLOCK_CELLS / this.width));
    const cells = new Float64Array(rows * this.width);
    const { buffer } = cells;
    const block = { cells, halves: new Float32Array(buffer), quarters: new Uint16Array(buffer) };
    this.#cells += cells.length;
    for (let n = rows - 1; n >= 0; n--) {
      this.#blocks.push(block);
      this.#ats.push(n * this.width);
    }
  }
}
