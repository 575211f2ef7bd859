// Streaming half-space trees as published (Tan, Ting and Liu, "Fast anomaly detection for streaming
// data", IJCAI 2011): 25 trees of depth 15, windows of 250 rows. A peer for comparison, never part
// of the product, whose own numeric member is built for a few hundred words.

import { Random } from "../../sim/random.ts";

const TREES = 25;
const DEPTH = 15;
const WINDOW = 250;
/** Nodes with less than this share of a window are not followed further down (the paper's 0.1). */
const SIZE_LIMIT = 0.1 * WINDOW;

export class HalfSpaceTrees {
  readonly #dimensions: number;
  readonly #features: Uint8Array[] = [];
  readonly #splits: Float64Array[] = [];
  readonly #reference: Int32Array[] = [];
  readonly #latest: Int32Array[] = [];
  #rows = 0;

  /** Rows must come scaled to [0, 1], roughly; outside it they fall into the outermost spaces. */
  constructor(dimensions: number, seed: number) {
    this.#dimensions = dimensions;
    const chance = new Random(seed);
    const inner = 2 ** DEPTH - 1;
    for (let tree = 0; tree < TREES; tree++) {
      const features = new Uint8Array(inner);
      const splits = new Float64Array(inner);
      // The working range of the paper: s - 2 max(s, 1 - s) to s + 2 max(s, 1 - s).
      const low = new Float64Array(dimensions);
      const high = new Float64Array(dimensions);
      for (let d = 0; d < dimensions; d++) {
        const s = chance.float();
        const reach = 2 * Math.max(s, 1 - s);
        low[d] = s - reach;
        high[d] = s + reach;
      }
      this.#grow(0, low, high, features, splits, chance);
      this.#features.push(features);
      this.#splits.push(splits);
      this.#reference.push(new Int32Array(2 ** (DEPTH + 1) - 1));
      this.#latest.push(new Int32Array(2 ** (DEPTH + 1) - 1));
    }
  }

  #grow(
    node: number,
    low: Float64Array,
    high: Float64Array,
    features: Uint8Array,
    splits: Float64Array,
    chance: Random,
  ): void {
    if (node >= features.length) return;
    const d = chance.int(0, this.#dimensions - 1);
    const [from, to] = [low[d] as number, high[d] as number];
    const middle = (from + to) / 2;
    features[node] = d;
    splits[node] = middle;
    high[d] = middle;
    this.#grow(2 * node + 1, low, high, features, splits, chance);
    high[d] = to;
    low[d] = middle;
    this.#grow(2 * node + 2, low, high, features, splits, chance);
    low[d] = from;
  }

  /** How strange the row is by the last whole window; then it is learned. */
  push(row: Float64Array): number {
    let mass = 0;
    for (let tree = 0; tree < TREES; tree++) mass += this.#pushTree(tree, row);
    this.#rows++;
    if (this.#rows % WINDOW === 0) {
      for (let tree = 0; tree < TREES; tree++) {
        (this.#reference[tree] as Int32Array).set(this.#latest[tree] as Int32Array);
        (this.#latest[tree] as Int32Array).fill(0);
      }
    }
    return -mass;
  }

  #pushTree(tree: number, row: Float64Array): number {
    const features = this.#features[tree] as Uint8Array;
    const splits = this.#splits[tree] as Float64Array;
    const reference = this.#reference[tree] as Int32Array;
    const latest = this.#latest[tree] as Int32Array;
    let mass = -1;
    let node = 0;
    for (let depth = 0; depth <= DEPTH; depth++) {
      latest[node] = (latest[node] as number) + 1;
      if (mass < 0 && ((reference[node] as number) <= SIZE_LIMIT || depth === DEPTH)) {
        mass = (reference[node] as number) * 2 ** depth;
      }
      if (depth === DEPTH) break;
      const goesLeft = (row[features[node] as number] as number) < (splits[node] as number);
      node = 2 * node + (goesLeft ? 1 : 2);
    }
    return mass;
  }
}

/** Half-space trees want [0, 1]: each column over the range that it has had so far. */
export function scaledHalfSpaceTrees(columns: number, seed: number): Pick<HalfSpaceTrees, "push"> {
  const trees = new HalfSpaceTrees(columns, seed);
  const low = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY);
  const scaled = new Float64Array(columns);
  return {
    push(row) {
      for (const [column, value] of row.entries()) {
        const from = Math.min(low[column] as number, value);
        const to = Math.max(high[column] as number, value);
        low[column] = from;
        high[column] = to;
        scaled[column] = to > from ? (value - from) / (to - from) : 0.5;
      }
      return trees.push(scaled);
    },
  };
}
