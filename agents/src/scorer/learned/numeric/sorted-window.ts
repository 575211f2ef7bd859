// The latest N values of a number, also in order of size: exact ranks, and how far out a value lies
// beyond all of them. Owns the window. Must never let a value that is not finite in.

const HEAD_CELLS = 2;
/** Share of the values that the tail is fitted on, and their least number. */
const TAIL_SHARE = 0.04;
const TAIL_VALUES_MIN = 8;
/** A tail lighter than this would call every new extreme a miracle. */
const TAIL_INDEX_MIN = 0.08;
/** Nothing is said to be rarer than 1 in 10^8. */
const RARITY_MAX = 8;

export class SortedWindow {
  readonly #head: Float64Array;
  readonly #ring: Float64Array;
  readonly #sorted: Float64Array;
  readonly #size: number;

  static cells(size: number): number {
    return HEAD_CELLS + 2 * size;
  }

  /** @param cells `SortedWindow.cells(size)` of them. */
  constructor(cells: Float64Array, size: number) {
    this.#size = size;
    this.#head = cells.subarray(0, HEAD_CELLS);
    this.#ring = cells.subarray(HEAD_CELLS, HEAD_CELLS + size);
    this.#sorted = cells.subarray(HEAD_CELLS + size, HEAD_CELLS + 2 * size);
  }

  get count(): number {
    return this.#head[0] as number;
  }

  push(value: number): void {
    if (!Number.isFinite(value)) return;
    let count = this.count;
    const next = this.#head[1] as number;
    const sorted = this.#sorted;
    if (count === this.#size) {
      const gone = this.below(this.#ring[next] as number);
      sorted.copyWithin(gone, gone + 1, count);
      count--;
      this.#head[0] = count;
    }
    const at = this.below(value);
    sorted.copyWithin(at + 1, at, count);
    sorted[at] = value;
    this.#ring[next] = value;
    this.#head[0] = count + 1;
    this.#head[1] = next + 1 === this.#size ? 0 : next + 1;
  }

  /** How many values are smaller. */
  below(value: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many values are smaller or equal. */
  upTo(value: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] as number) <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param share in [0, 1]. NaN while empty. */
  quantile(share: number): number {
    const { count } = this;
    if (count === 0) return Number.NaN;
    return this.#sorted[Math.min(count - 1, Math.floor(share * count))] as number;
  }

  /** Where in (0, 1) the value stands, ties in the middle. */
  rank(value: number): number {
    return (this.below(value) + this.upTo(value) + 1) / (2 * this.count + 2);
  }

  /**
   * How rare a value as large as this is: -log10 of its tail probability; 0 while empty. Beyond the
   * largest few the tail is Pareto in the distance from the median (Hill 1975; Siffer et al. 2017,
   * "Anomaly detection in streams with extreme value theory").
   */
  rarityAbove(value: number): number {
    const { count } = this;
    const atLeast = count - this.below(value);
    const tail = tailValues(count);
    if (atLeast > tail || count <= 2 * tail) return -Math.log10((atLeast + 1) / (count + 1));
    const median = this.quantile(0.5);
    const from = (this.#sorted[count - tail - 1] as number) - median;
    let index = 0;
    for (let i = count - tail; i < count; i++) {
      index += Math.log(((this.#sorted[i] as number) - median) / from);
    }
    return this.#beyond(atLeast, tail, index / tail, (value - median) / from);
  }

  /** As `rarityAbove`, of a value as small as this. */
  rarityBelow(value: number): number {
    const { count } = this;
    const atMost = this.upTo(value);
    const tail = tailValues(count);
    if (atMost > tail || count <= 2 * tail) return -Math.log10((atMost + 1) / (count + 1));
    const median = this.quantile(0.5);
    const from = median - (this.#sorted[tail] as number);
    let index = 0;
    for (let i = 0; i < tail; i++) index += Math.log((median - (this.#sorted[i] as number)) / from);
    return this.#beyond(atMost, tail, index / tail, (median - value) / from);
  }

  #beyond(asFar: number, tail: number, index: number, distance: number): number {
    const { count } = this;
    const counted = -Math.log10((asFar + 1) / (count + 1));
    // More than the tail's share of the values are one and the same: only counting is left.
    if (!Number.isFinite(distance) || !Number.isFinite(index)) return counted;
    const fitted =
      -Math.log10(tail / count) + Math.log10(distance) / Math.max(index, TAIL_INDEX_MIN);
    return Math.min(RARITY_MAX, Math.max(counted, fitted));
  }
}

function tailValues(count: number): number {
  return Math.max(TAIL_VALUES_MIN, Math.floor(count * TAIL_SHARE));
}
