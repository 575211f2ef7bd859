// A streaming random cut forest (Guha, Mishra, Roy and Schrijvers, "Robust random cut forest based
// anomaly detection on streams", ICML 2016). A peer for comparison, never part of the product.
// Rows are drawn into each tree by a uniform reservoir; a row is judged by the displacement to be
// expected of its insertion, without inserting it.

import { Random } from "../../sim/random.ts";

const TREES = 40;
const SAMPLE = 256;
const NONE = -1;
/** Chances smaller than this are not followed further down. */
const REACH_MIN = 1e-6;

export class RandomCutForest {
  readonly #trees: CutTree[];
  readonly #chance: Random;
  #rows = 0;

  constructor(dimensions: number, seed: number) {
    this.#chance = new Random(seed);
    this.#trees = Array.from({ length: TREES }, (_, i) => {
      return new CutTree(dimensions, this.#chance.split(`tree ${i}`));
    });
  }

  /** How strange the row is by the past; then it may enter the samples. */
  push(row: Float64Array): number {
    let sum = 0;
    for (const tree of this.#trees) sum += tree.displacement(row);
    this.#rows++;
    for (const tree of this.#trees) {
      if (this.#rows <= SAMPLE) tree.insert(this.#rows - 1, row);
      else if (this.#chance.float() * this.#rows < SAMPLE) {
        tree.replace(this.#chance.int(0, SAMPLE - 1), row);
      }
    }
    return sum / TREES;
  }
}

/** One tree over at most SAMPLE rows; leaves are the sample's places, inner nodes follow them. */
class CutTree {
  readonly #dimensions: number;
  readonly #chance: Random;
  readonly #points: Float64Array;
  readonly #left = new Int32Array(2 * SAMPLE).fill(NONE);
  readonly #right = new Int32Array(2 * SAMPLE).fill(NONE);
  readonly #parent = new Int32Array(2 * SAMPLE).fill(NONE);
  readonly #mass = new Int32Array(2 * SAMPLE);
  readonly #axis = new Int32Array(2 * SAMPLE);
  readonly #cut = new Float64Array(2 * SAMPLE);
  /** Box of each node, low and high end of each column in turn; and its extent, summed up. */
  readonly #box: Float64Array;
  readonly #extent = new Float64Array(2 * SAMPLE);
  readonly #free: number[] = [];
  #root = NONE;

  constructor(dimensions: number, chance: Random) {
    this.#dimensions = dimensions;
    this.#chance = chance;
    this.#points = new Float64Array(SAMPLE * dimensions);
    this.#box = new Float64Array(4 * SAMPLE * dimensions);
    for (let node = 2 * SAMPLE - 1; node >= SAMPLE; node--) this.#free.push(node);
  }

  /**
   * Expected collusive displacement: over the places where a cut would part the row from all that
   * lies below, weighed by their chances, the most that it and its company push down, for each of
   * the company (definition 3 of the paper).
   */
  displacement(row: Float64Array): number {
    let node = this.#root;
    if (node === NONE) return 0;
    let [reach, sum, company] = [1, 0, 0];
    while (reach > REACH_MIN) {
      const mass = this.#mass[node] as number;
      const parted = node < SAMPLE ? 1 : this.#partingChance(node, row);
      sum += reach * parted * Math.max(company, node < SAMPLE && this.#isAt(node, row) ? 0 : mass);
      reach *= 1 - parted;
      if (node < SAMPLE) break;
      const goesLeft = (row[this.#axis[node] as number] as number) <= (this.#cut[node] as number);
      node = (goesLeft ? this.#left : this.#right)[node] as number;
      const beside = this.#mass[node] as number;
      company = Math.max(company, (mass - beside) / (beside + 1));
    }
    return sum;
  }

  #isAt(leaf: number, row: Float64Array): boolean {
    return this.#partingChance(leaf, row) === 0;
  }

  /** Share of the widened box's extent that the row adds to the node's box. */
  #partingChance(node: number, row: Float64Array): number {
    const box = this.#box;
    let at = node * 2 * this.#dimensions;
    let added = 0;
    for (let d = 0; d < this.#dimensions; d++, at += 2) {
      const value = row[d] as number;
      if (value < (box[at] as number)) added += (box[at] as number) - value;
      else if (value > (box[at + 1] as number)) added += value - (box[at + 1] as number);
    }
    return added === 0 ? 0 : added / ((this.#extent[node] as number) + added);
  }

  replace(place: number, row: Float64Array): void {
    this.#remove(place);
    this.insert(place, row);
  }

  insert(place: number, row: Float64Array): void {
    const dims = this.#dimensions;
    this.#points.set(row, place * dims);
    for (let d = 0; d < dims; d++) {
      this.#box[2 * (place * dims + d)] = row[d] as number;
      this.#box[2 * (place * dims + d) + 1] = row[d] as number;
    }
    this.#mass[place] = 1;
    if (this.#root === NONE) {
      this.#root = place;
      this.#parent[place] = NONE;
      return;
    }
    let node = this.#root;
    for (;;) {
      const cut = this.#drawCut(node, row);
      if (cut !== undefined) {
        this.#partAt(node, place, cut);
        break;
      }
      if (node < SAMPLE) {
        // The same point again: no cut parts the two, and a pair displaces less than one row.
        this.#partAt(node, place, { axis: 0, at: row[0] as number, isBelow: true });
        break;
      }
      const goesLeft = (row[this.#axis[node] as number] as number) <= (this.#cut[node] as number);
      node = (goesLeft ? this.#left : this.#right)[node] as number;
    }
    this.#refresh(this.#parent[place] as number);
  }

  /** A cut of the widened box, if it parts the row from the whole node. */
  #drawCut(node: number, row: Float64Array) {
    const base = node * 2 * this.#dimensions;
    let extent = 0;
    for (let d = 0; d < this.#dimensions; d++) {
      const value = row[d] as number;
      extent += Math.max(value, this.#box[base + 2 * d + 1] as number);
      extent -= Math.min(value, this.#box[base + 2 * d] as number);
    }
    let into = this.#chance.float() * extent;
    for (let d = 0; d < this.#dimensions; d++) {
      const value = row[d] as number;
      const low = this.#box[base + 2 * d] as number;
      const high = this.#box[base + 2 * d + 1] as number;
      const from = Math.min(value, low);
      const width = Math.max(value, high) - from;
      if (into >= width) {
        into -= width;
        continue;
      }
      const at = from + into;
      if (value <= at && at < low) return { axis: d, at, isBelow: true };
      if (at >= high && at < value) return { axis: d, at, isBelow: false };
      return undefined;
    }
    return undefined;
  }

  #partAt(node: number, place: number, cut: { axis: number; at: number; isBelow: boolean }): void {
    const inner = this.#free.pop() as number;
    const above = this.#parent[node] as number;
    this.#axis[inner] = cut.axis;
    this.#cut[inner] = cut.at;
    this.#left[inner] = cut.isBelow ? place : node;
    this.#right[inner] = cut.isBelow ? node : place;
    this.#parent[inner] = above;
    this.#parent[node] = inner;
    this.#parent[place] = inner;
    this.#hang(above, node, inner);
  }

  #remove(place: number): void {
    const inner = this.#parent[place] as number;
    if (inner === NONE) {
      this.#root = NONE;
      return;
    }
    const left = this.#left[inner] as number;
    const sibling = left === place ? (this.#right[inner] as number) : left;
    const above = this.#parent[inner] as number;
    this.#parent[sibling] = above;
    this.#hang(above, inner, sibling);
    this.#free.push(inner);
    this.#refresh(above);
  }

  #hang(above: number, before: number, after: number): void {
    if (above === NONE) this.#root = after;
    else if (this.#left[above] === before) this.#left[above] = after;
    else this.#right[above] = after;
  }

  /** Masses and boxes from a node up to the root. */
  #refresh(from: number): void {
    const dims = this.#dimensions;
    for (let node = from; node !== NONE; node = this.#parent[node] as number) {
      const [left, right] = [this.#left[node] as number, this.#right[node] as number];
      this.#mass[node] = (this.#mass[left] as number) + (this.#mass[right] as number);
      let extent = 0;
      for (let d = 0; d < dims; d++) {
        const [l, r] = [2 * (left * dims + d), 2 * (right * dims + d)];
        const low = Math.min(this.#box[l] as number, this.#box[r] as number);
        const high = Math.max(this.#box[l + 1] as number, this.#box[r + 1] as number);
        this.#box[2 * (node * dims + d)] = low;
        this.#box[2 * (node * dims + d) + 1] = high;
        extent += high - low;
      }
      this.#extent[node] = extent;
    }
  }
}
