// Half-space trees in a few hundred words (Tan, Ting and Liu, IJCAI 2011): the cuts are drawn once
// from a seed and shared by all, only the counts belong to a subject, two to a word. Read as Pólya
// trees (Lavine 1992): a count below a cut is weighed against the share of the space it lies in.
// Owns the cuts and the reading of counts. Features lie in [0, 1]; NaN is one that nobody knows.

import { assert } from "@ostraka/proto";
import { CellChance } from "./cell-chance.ts";

export interface HalfSpaceOptions {
  readonly features: number;
  readonly trees: number;
  readonly depth: number;
  readonly seed: number;
}

export interface HalfSpace {
  /** 32-bit words of one set of counts: the rows seen, then two counts a word. */
  readonly words: number;
  /** Rows that the counts at `at` stand for. */
  rows(words: Int32Array, at: number): number;
  /**
   * Mean over the trees of log2 of the density there, of the features that are known: at a cut of
   * another one both sides count, by their rows. 0 where nothing was learned.
   */
  density(words: Int32Array, at: number, row: Float64Array): number;
  /** Which of the first tree's smallest half-spaces, or of the larger ones; below 2^depth. */
  kind(row: Float64Array): number;
  /** Rows that fell into the same smallest half-space of the first tree. */
  alike(words: Int32Array, at: number, row: Float64Array): number;
  /** Counts the row; at 16,384 rows everything is halved, so that long ago fades. */
  learn(words: Int32Array, at: number, row: Float64Array): void;
}

/** Halved before a count could leave its 16 bits. */
const ROWS_MAX = 16_384;
/** A cut lies in the middle part of its side, so that neither half is a sliver. */
const CUT_FROM = 0.3;
const CUT_SPAN = 0.4;
/** So many rows are imagined spread evenly below each cut. */
const PRIOR_ROWS = 2;
const TREES_MAX = 64;
const DEPTH_MAX = 10;

/** A forest of the seed: the same seed, the same cuts, on every host and for ever. */
export function openHalfSpace({ features, trees, depth, seed }: HalfSpaceOptions): HalfSpace {
  assert(features >= 1 && features <= 64, "a half-space forest has 1 to 64 features");
  assert(trees >= 1 && trees <= TREES_MAX, "a half-space forest has 1 to 64 trees");
  assert(depth >= 1 && depth <= DEPTH_MAX, "half-space trees are 1 to 10 deep");
  const inner = 2 ** depth - 1;
  const { shares, below } = drawCuts(features, trees, inner, seed);
  /** Counts of a tree: of every node but the root, whose count is the rows. */
  const counts = 2 * inner;
  const words = 1 + Math.ceil((trees * counts) / 2);

  const rows = (counted: Int32Array, at: number) => counted[at] as number;
  const countAt = (counted: Int32Array, at: number, tree: number, node: number) =>
    node === 0 ? rows(counted, at) : halfOf(counted, at + 1, tree * counts + node - 1);
  const lowest = (row: Float64Array): number => {
    let node = 0;
    for (let next = 0; next >= 0; next = below(0, node, row)) node = next;
    return node;
  };

  const densityBelow = (
    counted: Int32Array,
    at: number,
    tree: number,
    node: number,
    row: Float64Array,
  ): number => {
    if (node >= inner) return 1;
    const share = shares[tree * inner + node] as number;
    const left = countAt(counted, at, tree, 2 * node + 1);
    const all = left + countAt(counted, at, tree, 2 * node + 2);
    const isLeft = (left + PRIOR_ROWS * share) / (all + PRIOR_ROWS);
    const next = below(tree, node, row);
    if (next === 2 * node + 1) {
      return (isLeft / share) * densityBelow(counted, at, tree, next, row);
    }
    if (next === 2 * node + 2) {
      return ((1 - isLeft) / (1 - share)) * densityBelow(counted, at, tree, next, row);
    }
    const either = densityBelow(counted, at, tree, 2 * node + 1, row);
    return isLeft * either + (1 - isLeft) * densityBelow(counted, at, tree, 2 * node + 2, row);
  };

  return {
    words,
    rows,
    density(counted, at, row) {
      let sum = 0;
      for (let tree = 0; tree < trees; tree++) {
        sum += Math.log2(densityBelow(counted, at, tree, 0, row));
      }
      return sum / trees;
    },
    kind(row) {
      return lowest(row) & inner;
    },
    alike(counted, at, row) {
      return countAt(counted, at, 0, lowest(row));
    },
    learn(counted, at, row) {
      if (rows(counted, at) >= ROWS_MAX) halve(counted, at, words);
      counted[at] = rows(counted, at) + 1;
      for (let tree = 0; tree < trees; tree++) {
        for (let node = below(tree, 0, row); node >= 0; node = below(tree, node, row)) {
          addHalf(counted, at + 1, tree * counts + node - 1);
        }
      }
    },
  };
}

/** @param inner nodes of a tree that have a cut */
function drawCuts(features: number, trees: number, inner: number, seed: number) {
  const chance = new CellChance(new Float64Array(1), seed);
  const columns = new Uint8Array(trees * inner);
  const cuts = new Float64Array(trees * inner);
  const shares = new Float64Array(trees * inner);
  const draw = (base: number, node: number, low: Float64Array, high: Float64Array): void => {
    if (node >= inner) return;
    const column = chance.below(features);
    const share = CUT_FROM + CUT_SPAN * chance.float();
    const [from, to] = [low[column] as number, high[column] as number];
    const cut = from + (to - from) * share;
    columns[base + node] = column;
    cuts[base + node] = cut;
    shares[base + node] = share;
    high[column] = cut;
    draw(base, 2 * node + 1, low, high);
    high[column] = to;
    low[column] = cut;
    draw(base, 2 * node + 2, low, high);
    low[column] = from;
  };
  for (let tree = 0; tree < trees; tree++) {
    draw(tree * inner, 0, new Float64Array(features), new Float64Array(features).fill(1));
  }

  /** The next node down, or -1 at the bottom and where the row's feature is not known. */
  const below = (tree: number, node: number, row: Float64Array): number => {
    if (node >= inner) return -1;
    const value = row[columns[tree * inner + node] as number] as number;
    if (Number.isNaN(value)) return -1;
    return 2 * node + (value < (cuts[tree * inner + node] as number) ? 1 : 2);
  };
  return { shares, below };
}

/** The n-th count of 16 bits from word `at` on. */
function halfOf(words: Int32Array, at: number, n: number): number {
  return ((words[at + (n >> 1)] as number) >>> (16 * (n & 1))) & 0xffff;
}

function addHalf(words: Int32Array, at: number, n: number): void {
  words[at + (n >> 1)] = (words[at + (n >> 1)] as number) + (1 << (16 * (n & 1)));
}

function halve(words: Int32Array, at: number, length: number): void {
  words[at] = (words[at] as number) >> 1;
  for (let i = at + 1; i < at + length; i++) {
    const both = words[i] as number;
    words[i] = ((both >>> 1) & 0x7fff) | ((both >>> 1) & 0x7fff0000);
  }
}
