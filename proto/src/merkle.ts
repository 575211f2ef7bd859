// RFC 9162 Merkle trees: hashing (2.1.1), inclusion (2.1.3) and consistency proofs (2.1.4), an
// append-only tree that answers them, and a frontier that only appends. Pure; the hash is an
// argument.

import { type Bytes, equalBytes } from "./bytes.ts";
import type { Crypto } from "./crypto.ts";

export type Hash = Pick<Crypto, "sha256">;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const HASH_BYTES = 32;

export function leafHash(crypto: Hash, data: Uint8Array): Bytes {
  return crypto.sha256(LEAF, data);
}

export function nodeHash(crypto: Hash, left: Uint8Array, right: Uint8Array): Bytes {
  return crypto.sha256(NODE, left, right);
}

/** Largest power of two smaller than n (n >= 2). */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/**
 * An append-only tree that keeps the hash of every complete subtree, so proofs cost O(log n)
 * hashes.
 */
export class MerkleTree {
  readonly #crypto: Hash;
  /** levels[h][i] = hash of the complete subtree of 2^h leaves that starts at leaf i * 2^h. */
  readonly #levels: Bytes[][] = [[]];

  constructor(crypto: Hash) {
    this.#crypto = crypto;
  }

  get size(): number {
    return this.#levels[0]?.length ?? 0;
  }

  append(leaf: Bytes): void {
    let hash = leaf;
    for (let height = 0; ; height++) {
      const level = this.#levels[height] ?? [];
      this.#levels[height] = level;
      level.push(hash);
      if (level.length % 2 === 1) return;
      hash = nodeHash(this.#crypto, level[level.length - 2] as Bytes, hash);
    }
  }

  root(size = this.size): Bytes {
    return size === 0 ? this.#crypto.sha256() : this.#hash(0, size);
  }

  /** Hashes of the perfect subtrees that make the tree of `size`, left to right. */
  frontier(size = this.size): Bytes[] {
    const hashes: Bytes[] = [];
    for (let start = 0; start < size; ) {
      const width = 2 ** Math.floor(Math.log2(size - start));
      hashes.push(this.#hash(start, width));
      start += width;
    }
    return hashes;
  }

  /** RFC 9162 section 2.1.3.1: PATH(index, D_size). */
  inclusionPath(index: number, size = this.size): Bytes[] {
    const path: Bytes[] = [];
    let start = 0;
    for (let width = size; width > 1; ) {
      const k = split(width);
      if (index - start < k) {
        path.push(this.#hash(start + k, width - k));
        width = k;
      } else {
        path.push(this.#hash(start, k));
        start += k;
        width -= k;
      }
    }
    return path.reverse();
  }

  /** RFC 9162 section 2.1.4.1: PROOF(size1, D_size2), for 0 < size1 <= size2. */
  consistencyPath(size1: number, size2 = this.size): Bytes[] {
    const path: Bytes[] = [];
    let start = 0;
    let width = size2;
    let m = size1;
    let isWhole = true;
    while (m !== width) {
      const k = split(width);
      if (m <= k) {
        path.push(this.#hash(start + k, width - k));
        width = k;
      } else {
        path.push(this.#hash(start, k));
        start += k;
        width -= k;
        m -= k;
        isWhole = false;
      }
    }
    if (!isWhole) path.push(this.#hash(start, width));
    return path.reverse();
  }

  #hash(start: number, width: number): Bytes {
    const height = Math.log2(width);
    if (Number.isInteger(height) && start % width === 0) {
      const complete = this.#levels[height]?.[start / width];
      if (complete !== undefined) return complete;
    }
    const k = split(width);
    return nodeHash(this.#crypto, this.#hash(start, k), this.#hash(start + k, width - k));
  }
}

/** The right edge of a tree: enough to append and to give the root. */
export class Frontier {
  readonly #crypto: Hash;
  #size: number;
  /** Perfect subtrees, left to right; their widths are the set bits of the size. */
  #hashes: Bytes[];

  constructor(crypto: Hash, size = 0, hashes: readonly Bytes[] = []) {
    this.#crypto = crypto;
    this.#size = size;
    this.#hashes = [...hashes];
  }

  /** A frontier of `size` leaves; `undefined` when the number of hashes does not fit. */
  static of(crypto: Hash, size: number, hashes: readonly Uint8Array[]): Frontier | undefined {
    if (!Number.isSafeInteger(size) || size < 0 || hashes.length !== bitCount(size))
      return undefined;
    if (hashes.some((h) => h.length !== 32)) return undefined;
    return new Frontier(
      crypto,
      size,
      hashes.map((h) => Uint8Array.from(h)),
    );
  }

  get size(): number {
    return this.#size;
  }

  /** Size (8 bytes, big-endian) and hashes, for a store. */
  state(): Bytes {
    const state = new Uint8Array(8 + 32 * this.#hashes.length);
    new DataView(state.buffer).setBigUint64(0, BigInt(this.#size));
    this.#hashes.forEach((hash, i) => {
      state.set(hash, 8 + 32 * i);
    });
    return state;
  }

  /** Reads what `state` gave; `undefined` when it cannot be one. */
  static ofState(crypto: Hash, state: Uint8Array): Frontier | undefined {
    if (state.length < 8 || state.length % 32 !== 8) return undefined;
    const view = new DataView(state.buffer, state.byteOffset, state.byteLength);
    const hashes: Bytes[] = [];
    for (let at = 8; at < state.length; at += 32) hashes.push(state.slice(at, at + 32));
    return Frontier.of(crypto, Number(view.getBigUint64(0)), hashes);
  }

  copy(): Frontier {
    return new Frontier(this.#crypto, this.#size, this.#hashes);
  }

  append(leaf: Bytes): void {
    let hash = leaf;
    for (let n = this.#size; n % 2 === 1; n = (n - 1) / 2) {
      hash = nodeHash(this.#crypto, this.#hashes.pop() as Bytes, hash);
    }
    this.#hashes.push(hash);
    this.#size++;
  }

  root(): Bytes {
    if (this.#size === 0) return this.#crypto.sha256();
    let hash = this.#hashes[this.#hashes.length - 1] as Bytes;
    for (let i = this.#hashes.length - 2; i >= 0; i--) {
      hash = nodeHash(this.#crypto, this.#hashes[i] as Bytes, hash);
    }
    return hash;
  }
}

function bitCount(n: number): number {
  let bits = 0;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return bits;
}

/** RFC 9162 section 2.1.3.2. */
export function verifyInclusion(
  crypto: Hash,
  index: number,
  size: number,
  leaf: Uint8Array,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!(index >= 0 && index < size)) return false;
  if (leaf.length !== HASH_BYTES || path.some((hash) => hash.length !== HASH_BYTES)) return false;
  let fn = index;
  let sn = size - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(crypto, sibling, hash);
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    } else {
      hash = nodeHash(crypto, hash, sibling);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && equalBytes(hash, root);
}

/**
 * RFC 9162 section 2.1.4.2, for 0 < size1 <= size2; equal sizes need an empty proof and equal
 * roots.
 */
export function verifyConsistency(
  crypto: Hash,
  size1: number,
  size2: number,
  proof: readonly Uint8Array[],
  root1: Uint8Array,
  root2: Uint8Array,
): boolean {
  if (size1 < 1 || size1 > size2) return false;
  if (size1 === size2) return proof.length === 0 && equalBytes(root1, root2);
  if (proof.length === 0) return false;
  const path = Number.isInteger(Math.log2(size1)) ? [root1, ...proof] : [...proof];
  let fn = size1 - 1;
  let sn = size2 - 1;
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  let fr = path[0] as Uint8Array;
  let sr = fr;
  for (const sibling of path.slice(1)) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(crypto, sibling, fr);
      sr = nodeHash(crypto, sibling, sr);
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    } else {
      sr = nodeHash(crypto, sr, sibling);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && equalBytes(fr, root1) && equalBytes(sr, root2);
}
