// The memory of a numeric detector: one array of floats of fixed length, dealt out once to its
// parts. Owns the dealing, and what a snapshot of it is. Nothing a detector remembers may lie
// outside, so that a copy of the array is the whole snapshot.

/** Deals out an array from its start; a detector takes the same pieces in the same order always. */
export class Cells {
  readonly all: Float64Array;
  #next = 0;

  constructor(length: number) {
    this.all = new Float64Array(length);
  }

  /** The next `length` cells, all zero at first. Throws RangeError past the end. */
  take(length: number): Float64Array {
    const end = this.#next + length;
    if (end > this.all.length) throw new RangeError(`${end} cells of ${this.all.length} taken`);
    const piece = this.all.subarray(this.#next, end);
    this.#next = end;
    return piece;
  }

  /** Floats survive JSON exactly; the mark tells one layout from another. */
  snapshot(mark: number): number[] {
    return [mark, ...this.all];
  }

  /**
   * Takes up a snapshot, whole or not at all.
   * @returns whether it was one of this mark and length, with finite numbers only.
   */
  restore(mark: number, snapshot: unknown): boolean {
    if (!Array.isArray(snapshot) || snapshot.length !== this.all.length + 1) return false;
    if (snapshot[0] !== mark) return false;
    if (!snapshot.every((cell) => Number.isFinite(cell))) return false;
    for (let i = 0; i < this.all.length; i++) this.all[i] = snapshot[i + 1] as number;
    return true;
  }
}
