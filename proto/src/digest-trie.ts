// The active-set digest: root of a binary Merkle trie over 32-byte ids. A set has one digest
// whatever the order of its changes. Empty = 32 zero bytes; one id = SHA-256(0x00 || id); more =
// SHA-256(0x01 || trie of ids with the next bit 0 || trie of those with 1).

import { assert } from "./assert.ts";
import type { Bytes } from "./bytes.ts";
import { HashSlots } from "./hash-slots.ts";
import { type Hash, leafHash, nodeHash } from "./merkle.ts";

const ID_BYTES = 32;
const EMPTY = new Uint8Array(32);

/** A number is a leaf: the slot of its id. Its hash is not kept: a change asks for one or two. */
type Node = undefined | number | Branch;

interface Branch {
  left: Node;
  right: Node;
  /** Of its hash, while `isHashed`. */
  readonly slot: number;
  isHashed: boolean;
}

function bitAt(id: Uint8Array, depth: number): number {
  return ((id[depth >> 3] as number) >> (7 - (depth & 7))) & 1;
}

/** A set of 32-byte ids, copied, with a digest that costs O(log n) hashes a change. */
export class DigestTrie {
  readonly #crypto: Hash;
  readonly #slots = new HashSlots();
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
    assert(id.length === ID_BYTES, "an id in force is a hash");
    const before = this.#size;
    this.#root = this.#added(this.#root, id, 0);
    return this.#size > before;
  }

  /** @returns whether the id was there. */
  delete(id: Uint8Array): boolean {
    // Lifts may name anything.
    if (id.length !== ID_BYTES) return false;
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
      const slot = this.#slots.take();
      this.#slots.set(slot, id);
      return slot;
    }
    if (typeof node === "object") {
      if (bitAt(id, depth) === 0) node.left = this.#added(node.left, id, depth + 1);
      else node.right = this.#added(node.right, id, depth + 1);
      node.isHashed = false;
      return node;
    }
    if (this.#slots.isEqual(node, id)) return node;
    const slot = this.#slots.take();
    const branch: Branch = { left: undefined, right: undefined, slot, isHashed: false };
    if (bitAt(this.#slots.view(node), depth) === 0) branch.left = node;
    else branch.right = node;
    return this.#added(branch, id, depth);
  }

  #removed(node: Node, id: Uint8Array, depth: number): Node {
    if (node === undefined) return node;
    if (typeof node === "number") {
      if (!this.#slots.isEqual(node, id)) return node;
      this.#size--;
      this.#slots.release(node);
      return undefined;
    }
    if (bitAt(id, depth) === 0) node.left = this.#removed(node.left, id, depth + 1);
    else node.right = this.#removed(node.right, id, depth + 1);
    node.isHashed = false;
    // A branch over one leaf or none is not a trie of its set: fold it.
    const { left, right } = node;
    const isOneLeft = left === undefined && typeof right !== "object";
    const isOneRight = right === undefined && typeof left !== "object";
    if (!isOneLeft && !isOneRight) return node;
    this.#slots.release(node.slot);
    return isOneLeft ? right : left;
  }

  #hash(node: Node): Bytes {
    if (node === undefined) return EMPTY;
    if (typeof node === "number") return leafHash(this.#crypto, this.#slots.view(node));
    if (!node.isHashed) {
      const { left, right } = node;
      this.#slots.set(node.slot, nodeHash(this.#crypto, this.#hash(left), this.#hash(right)));
      node.isHashed = true;
    }
    return this.#slots.view(node.slot).slice();
  }
}
