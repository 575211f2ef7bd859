// The revocations of one ledger that are in force, with their digest (DESIGN.md 4, active-set
// digest). A lift is final, also for an id that has not been seen yet; expiry follows machine time
// only. An end counts only for the subject that its verdict names: what people were shown when they
// consented is all that their consent can end.

import { type Bytes, type Crypto, DigestTrie, hex, type SubjectText } from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  loadAll,
  loadBytes,
  loadNumber,
  saveAll,
  saveNumber,
} from "./saved-state.ts";
import { subjectKey } from "./subject-key.ts";

interface Item {
  readonly id: Uint8Array;
  readonly expiresMs: number;
  readonly subject: SubjectText;
}

export class ActiveSet {
  readonly #trie: DigestTrie;
  readonly #inForce = new Map<string, Item>();
  /** Ended early, by id and subject key, until when nothing of that id can be in force any more. */
  readonly #ended = new Map<string, number>();
  /** Min-heap by expiry. */
  readonly #heap: Item[] = [];

  readonly #crypto: Pick<Crypto, "sha256">;

  constructor(crypto: Pick<Crypto, "sha256">) {
    this.#crypto = crypto;
    this.#trie = new DigestTrie(crypto);
  }

  get size(): number {
    return this.#inForce.size;
  }

  has(id: Uint8Array): boolean {
    return this.#inForce.has(hex(id));
  }

  /** As `has`, for an id in hex. */
  holds(id: string): boolean {
    return this.#inForce.has(id);
  }

  ids(): Iterable<string> {
    return this.#inForce.keys();
  }

  digest(): Bytes {
    return this.#trie.digest();
  }

  /** @returns whether it came into force: not when it was ended before, is known or has expired. */
  add(id: Uint8Array, expiresMs: number, nowMs: number, subject: SubjectText): boolean {
    const key = hex(id);
    const isEnded = this.#ended.size > 0 && this.#ended.has(this.#endedKey(key, subject));
    if (expiresMs <= nowMs || isEnded || this.#inForce.has(key)) return false;
    const item = { id, expiresMs, subject };
    this.#inForce.set(key, item);
    this.#trie.add(id);
    push(this.#heap, item);
    return true;
  }

  /** Ends an id for ever; remembered until `untilMs`, after which it cannot be in force anyway. */
  end(id: Uint8Array, untilMs: number, subject: SubjectText): boolean {
    const key = hex(id);
    const ended = this.#endedKey(key, subject);
    this.#ended.set(ended, Math.max(untilMs, this.#ended.get(ended) ?? 0));
    return this.#inForce.get(key)?.subject === subject && this.#drop(key, id);
  }

  /** Drops what has expired at this machine time. @returns the ids dropped. */
  expire(nowMs: number): Uint8Array[] {
    const dropped: Uint8Array[] = [];
    for (
      let top = this.#heap[0];
      top !== undefined && top.expiresMs <= nowMs;
      top = this.#heap[0]
    ) {
      pop(this.#heap);
      if (this.#drop(hex(top.id), top.id)) dropped.push(top.id);
    }
    for (const [key, untilMs] of this.#ended) if (untilMs <= nowMs) this.#ended.delete(key);
    return dropped;
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#inForce.values(), (_, { id, expiresMs, subject }) => {
      w.bytes(id).string(subject);
      saveNumber(w, expiresMs);
    });
    saveAll(w, this.#ended, (_, [key, untilMs]) => {
      w.string(key);
      saveNumber(w, untilMs);
    });
  }

  load(r: BinaryReader): void {
    const items = loadAll(r, (): Item => {
      const id = loadBytes(r);
      return { id, subject: r.string() as SubjectText, expiresMs: loadNumber(r) };
    });
    for (const item of items) {
      this.#inForce.set(hex(item.id), item);
      this.#trie.add(item.id);
      push(this.#heap, item);
    }
    for (const [key, untilMs] of loadAll(r, () => [r.string(), loadNumber(r)] as const)) {
      this.#ended.set(key, untilMs);
    }
  }

  #endedKey(id: string, subject: SubjectText): string {
    return `${id}/${subjectKey(this.#crypto, subject)}`;
  }

  #drop(key: string, id: Uint8Array): boolean {
    if (!this.#inForce.delete(key)) return false;
    this.#trie.delete(id);
    return true;
  }
}

function push(heap: Item[], item: Item): void {
  heap.push(item);
  for (let i = heap.length - 1; i > 0; ) {
    const parent = (i - 1) >> 1;
    if ((heap[parent] as Item).expiresMs <= item.expiresMs) return;
    swap(heap, i, parent);
    i = parent;
  }
}

function pop(heap: Item[]): void {
  const last = heap.pop() as Item;
  if (heap.length === 0) return;
  heap[0] = last;
  for (let i = 0; ; ) {
    let least = i;
    for (const child of [2 * i + 1, 2 * i + 2]) {
      const candidate = heap[child];
      if (candidate !== undefined && candidate.expiresMs < (heap[least] as Item).expiresMs) {
        least = child;
      }
    }
    if (least === i) return;
    swap(heap, i, least);
    i = least;
  }
}

function swap(heap: Item[], i: number, j: number): void {
  const item = heap[i] as Item;
  heap[i] = heap[j] as Item;
  heap[j] = item;
}
