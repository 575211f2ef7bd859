// The shapes of the recent past, and how far the newest is from the most alike of them: a discord
// (Keogh, Lin and Fu 2005; as a stream Burnaev and Ishimtsev 2016, "Conformalized density- and
// distance-based anomaly detection"). Owns the kept windows. Values must come on a scale of 0 to 1.

const HEAD_CELLS = 3;

export class RecentShapes {
  readonly #length: number;
  readonly #kept: number;
  readonly #stride: number;
  readonly #head: Float64Array;
  readonly #now: Float64Array;
  readonly #past: Float64Array;

  static cells(length: number, kept: number): number {
    return HEAD_CELLS + length + length * kept;
  }

  /** Keeps `kept` windows of `length` rows, one every `stride` rows. */
  constructor(cells: Float64Array, length: number, kept: number, stride: number) {
    this.#length = length;
    this.#kept = kept;
    this.#stride = stride;
    this.#head = cells.subarray(0, HEAD_CELLS);
    this.#now = cells.subarray(HEAD_CELLS, HEAD_CELLS + length);
    this.#past = cells.subarray(HEAD_CELLS + length);
  }

  /**
   * Takes the newest row in and compares the window that ends with it.
   * @returns mean distance a row to the nearest kept window that does not overlap it; NaN while
   *   there is none.
   */
  push(value: number): number {
    const length = this.#length;
    const now = this.#now;
    now.copyWithin(0, 1);
    now[length - 1] = value;
    const rows = (this.#head[0] as number) + 1;
    this.#head[0] = rows;
    if (rows < length) return Number.NaN;
    const nearest = this.#nearest();
    if (rows % this.#stride === 0) this.#keep();
    return nearest;
  }

  #nearest(): number {
    const length = this.#length;
    const kept = this.#kept;
    const held = this.#head[1] as number;
    const next = this.#head[2] as number;
    // The newest kept windows overlap the one that is compared.
    const overlapping = Math.ceil(length / this.#stride);
    let best = Number.POSITIVE_INFINITY;
    for (let age = overlapping; age <= held; age++) {
      const at = ((next - age + kept) % kept) * length;
      let distance = 0;
      for (let i = 0; i < length && distance < best; i++) {
        distance += Math.abs((this.#now[i] as number) - (this.#past[at + i] as number));
      }
      if (distance < best) best = distance;
    }
    return best === Number.POSITIVE_INFINITY ? Number.NaN : best / length;
  }

  #keep(): void {
    const next = this.#head[2] as number;
    this.#past.set(this.#now, next * this.#length);
    this.#head[2] = (next + 1) % this.#kept;
    this.#head[1] = Math.min(this.#kept, (this.#head[1] as number) + 1);
  }
}
