// The active-set digest: root of a binary Merkle trie over 32-byte ids. A set has one digest
// whatever the order of its changes. Empty = 32 zero bytes; one id = SHA-256(0x00 || id); more =
// SHA-256(0x01 || trie of ids with the next bit 0 || trie of those with 1).

import { type Bytes, equalBytes } from "./bytes.ts";
import { type Hash, leafHash, nodeHash } from "./merkle.ts";

const EMPTY = new Uint8Array(32);

/** A leaf's hash is not kept: it is half of the memory, and a change asks for one or two again. */
type Node = undefined | { readonly id: Uint8Array } | Branch;

interface Branch {
  left: Node;
  right: Node;
  hash?: Bytes | undefined;
}

function isBranch(node: Node): node is Branch {
  return node !== undefined && "left" in node;
}

function bitAt(id: Uint8Array, depth: number): number {
  return ((id[depth >> 3] as number) >> (7 - (depth & 7))) & 1;
}

/** A set of ids with a digest that costs O(log n) hashes a change. */
export class DigestTrie {
  readonly #crypto: Hash;
  #root: Node;
  #size = 0;

  constructor(crypto: Hash) {
    this.#crypto = crypto;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns whether the id was new. */
  add(id: Uint8Array): boolean {
    const before = this.#size;
    this.#root = this.#added(this.#root, id, 0);
    return this.#size > before;
  }

  /** @returns whether the id was there. */
  delete(id: Uint8Array): boolean {
    const before = this.#size;
    this.#root = this.#removed(this.#root, id, 0);
    return this.#size < before;
  }

  digest(): Bytes {
    return this.#hash(this.#root);
  }

  #added(node: Node, id: Uint8Array, depth: number): Node {
    if (node === undefined) {
      this.#size++;
      return { id };
    }
    if (isBranch(node)) {
      if (bitAt(id, depth) === 0) node.left = this.#added(node.left, id, depth + 1);
      else node.right = this.#added(node.right, id, depth + 1);
      node.hash = undefined;
      return node;
    }
    if (equalBytes(node.id, id)) return node;
    const branch: Branch = { left: undefined, right: undefined };
    if (bitAt(node.id, depth) === 0) branch.left = node;
    else branch.right = node;
    return this.#added(branch, id, depth);
  }

  #removed(node: Node, id: Uint8Array, depth: number): Node {
    if (node === undefined) return node;
    if (!isBranch(node)) {
      if (!equalBytes(node.id, id)) return node;
      this.#size--;
      return undefined;
    }
    if (bitAt(id, depth) === 0) node.left = this.#removed(node.left, id, depth + 1);
    else node.right = this.#removed(node.right, id, depth + 1);
    node.hash = undefined;
    // A branch over one leaf or none is not a trie of its set: fold it.
    if (node.left === undefined && !isBranch(node.right)) return node.right;
    if (node.right === undefined && !isBranch(node.left)) return node.left;
    return node;
  }

  #hash(node: Node): Bytes {
    if (node === undefined) return EMPTY;
    if (!isBranch(node)) return leafHash(this.#crypto, node.id);
    node.hash ??= nodeHash(this.#crypto, this.#hash(node.left), this.#hash(node.right));
    return node.hash;
  }
}
