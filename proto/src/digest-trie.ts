// The active-set digest: root of a binary Merkle trie over 32-byte ids. A set has one digest
// whatever the order of its changes. Empty = 32 zero bytes; one id = SHA-256(0x00 || id); more =
// SHA-256(0x01 || trie of ids with the next bit 0 || trie of those with 1).

import { assert } from "./assert.ts";
import type { Bytes } from "./bytes.ts";
import { HashSlots } from "./hash-slots.ts";
import { type Hash, leafHash, nodeHash } from "./merkle.ts";

const ID_BYTES = 32;
const EMPTY = new Uint8Array(32);
/** Ids that hang together without branches; what lies between them is hashed when it is asked. */
const BUCKET_MAX = 8;
/** A branch whose ids have become this few is a bucket again. */
const BUCKET_AGAIN = 4;
const BRANCHES_MIN = 16;
const GROWTH = 1.5;

/** 0 is nothing, a positive number a bucket (its first id's slot and one), a negative a branch. */
type Node = number;

/** A set of 32-byte ids, copied, with a digest that costs O(log n) hashes a change. */
export class DigestTrie {
  readonly #crypto: Hash;
  readonly #ids = new HashSlots();
  /** Of each slot the next of its bucket, and one; 0 at the end. */
  #next = new Uint32Array(BRANCHES_MIN);
  readonly #hashes = new HashSlots();
  /** Two nodes a branch. */
  #branches = new Int32Array(2 * BRANCHES_MIN);
  #isHashed = new Uint8Array(BRANCHES_MIN);
  #root: Node = 0;
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
    if (this.slotOf(id) !== undefined) return false;
    const slot = this.#ids.take();
    this.#ids.set(slot, id);
    if (slot >= this.#next.length) this.#next = grown(this.#next, slot, Uint32Array);
    this.#size++;
    this.#root = this.#added(this.#root, slot, 0);
    return true;
  }

  /** @returns whether the id was there. */
  delete(id: Uint8Array): boolean {
    const slot = this.slotOf(id);
    if (slot === undefined) return false;
    this.#size--;
    this.#root = this.#removed(this.#root, slot, 0);
    this.#ids.release(slot);
    return true;
  }

  /** A number that is this id's alone while it is in the set; `undefined` for any other. */
  slotOf(id: Uint8Array): number | undefined {
    // Lifts may name anything.
    if (id.length !== ID_BYTES) return undefined;
    let node = this.#root;
    for (let depth = 0; node < 0; depth++) node = this.#branches[childOf(node, id, depth)] as Node;
    for (; node !== 0; node = this.#next[node - 1] as Node) {
      if (this.#ids.isEqual(node - 1, id)) return node - 1;
    }
    return undefined;
  }

  /** The id of a slot. */
  idAt(slot: number): Bytes {
    return this.#ids.view(slot).slice();
  }

  digest(): Bytes {
    return this.#hash(this.#root, 0).slice();
  }

  #added(node: Node, slot: number, depth: number): Node {
    if (node < 0) {
      const child = childOf(node, this.#ids.view(slot), depth);
      // Named first: what is added may have moved the branches to a larger room.
      const added = this.#added(this.#branches[child] as Node, slot, depth + 1);
      this.#branches[child] = added;
      this.#isHashed[-node - 1] = 0;
      return node;
    }
    if (this.#countOf(node) < BUCKET_MAX) {
      this.#next[slot] = node;
      return slot + 1;
    }
    let branch = this.#newBranch();
    for (let rest = node; rest !== 0; ) {
      const next = this.#next[rest - 1] as Node;
      branch = this.#added(branch, rest - 1, depth);
      rest = next;
    }
    return this.#added(branch, slot, depth);
  }

  #removed(node: Node, slot: number, depth: number): Node {
    if (node < 0) {
      const child = childOf(node, this.#ids.view(slot), depth);
      this.#branches[child] = this.#removed(this.#branches[child] as Node, slot, depth + 1);
      this.#isHashed[-node - 1] = 0;
      return this.#folded(node);
    }
    const next = this.#next[slot] as Node;
    if (node === slot + 1) return next;
    let before = node;
    while (this.#next[before - 1] !== slot + 1) before = this.#next[before - 1] as Node;
    this.#next[before - 1] = next;
    return node;
  }

  /** The branch, or the bucket of all its ids where they are few. */
  #folded(node: Node): Node {
    const left = this.#branches[leftOf(node)] as Node;
    const right = this.#branches[leftOf(node) + 1] as Node;
    if (left < 0 || right < 0) return node;
    if (this.#countOf(left) + this.#countOf(right) > BUCKET_AGAIN) return node;
    this.#hashes.release(-node - 1);
    if (left === 0) return right;
    let last = left;
    while (this.#next[last - 1] !== 0) last = this.#next[last - 1] as Node;
    this.#next[last - 1] = right;
    return left;
  }

  #newBranch(): Node {
    const branch = this.#hashes.take();
    if (branch >= this.#isHashed.length) {
      this.#isHashed = grown(this.#isHashed, branch, Uint8Array);
      this.#branches = grown(this.#branches, 2 * this.#isHashed.length - 1, Int32Array);
    }
    this.#branches.fill(0, 2 * branch, 2 * branch + 2);
    this.#isHashed[branch] = 0;
    return -branch - 1;
  }

  #countOf(bucket: Node): number {
    let count = 0;
    for (let node = bucket; node !== 0; node = this.#next[node - 1] as Node) count++;
    return count;
  }

  #hash(node: Node, depth: number): Bytes {
    if (node >= 0) return this.#bucketHash(this.#slotsOf(node), depth);
    const branch = -node - 1;
    if (this.#isHashed[branch] === 0) {
      const left = this.#hash(this.#branches[2 * branch] as Node, depth + 1);
      const right = this.#hash(this.#branches[2 * branch + 1] as Node, depth + 1);
      this.#hashes.set(branch, nodeHash(this.#crypto, left, right));
      this.#isHashed[branch] = 1;
    }
    return this.#hashes.view(branch);
  }

  #slotsOf(bucket: Node): number[] {
    const slots: number[] = [];
    for (let node = bucket; node !== 0; node = this.#next[node - 1] as Node) slots.push(node - 1);
    return slots;
  }

  #bucketHash(slots: readonly number[], depth: number): Bytes {
    const [first] = slots;
    if (first === undefined) return EMPTY;
    if (slots.length === 1) return leafHash(this.#crypto, this.#ids.view(first));
    const bit = (slot: number) => bitAt(this.#ids.view(slot), depth);
    const left = slots.filter((slot) => bit(slot) === 0);
    const right = slots.filter((slot) => bit(slot) === 1);
    const hashes = [this.#bucketHash(left, depth + 1), this.#bucketHash(right, depth + 1)] as const;
    return nodeHash(this.#crypto, ...hashes);
  }
}

function bitAt(id: Uint8Array, depth: number): number {
  return ((id[depth >> 3] as number) >> (7 - (depth & 7))) & 1;
}

function leftOf(branch: Node): number {
  return 2 * (-branch - 1);
}

/** Where the branch keeps the node that an id is under. */
function childOf(branch: Node, id: Uint8Array, depth: number): number {
  return leftOf(branch) + bitAt(id, depth);
}

interface Numbers {
  readonly length: number;
  set(other: Numbers & ArrayLike<number>): void;
}

/** The same numbers with room for a place beyond them. */
function grown<A extends Numbers & ArrayLike<number>>(
  numbers: A,
  place: number,
  Room: new (length: number) => A,
): A {
  const room = new Room(Math.max(place + 1, Math.ceil(numbers.length * GROWTH)));
  room.set(numbers);
  return room;
}
