// Chance with a seed whose whole state is one cell, so that a restored detector draws on as one
// that never stopped. Mulberry32 (T. Ettinger, public domain); never for anything secret.

export class CellChance {
  readonly #cell: Float64Array;

  /** @param cell one cell. */
  constructor(cell: Float64Array, seed: number) {
    this.#cell = cell;
    cell[0] = seed >>> 0;
  }

  /** In [0, 1). */
  float(): number {
    const state = ((this.#cell[0] as number) + 0x6d2b79f5) >>> 0;
    this.#cell[0] = state;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Whole, from 0 to below `bound`. */
  below(bound: number): number {
    return Math.floor(this.float() * bound);
  }
}
