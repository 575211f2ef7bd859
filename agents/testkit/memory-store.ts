// A store in memory that keeps the contract of the real one: ordered keys, one transaction a write,
// and a copy of every value. Must never share bytes with its callers.

import type { Store, Write } from "../src/kernel/index.ts";

export class MemoryStore implements Store {
  readonly #values = new Map<string, Uint8Array>();
  /** Keys in order; `undefined` since a key came or went. */
  #sorted: string[] | undefined;
  /** Transactions written so far. */
  transactions = 0;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): Uint8Array | undefined {
    const value = this.#values.get(key);
    return value && Uint8Array.from(value);
  }

  *scan(prefix: string, from = prefix, limit = Number.POSITIVE_INFINITY) {
    this.#sorted ??= [...this.#values.keys()].sort();
    const keys = this.#sorted;
    let at = 0;
    for (let end = keys.length; at < end; ) {
      const middle = (at + end) >> 1;
      if ((keys[middle] as string) < from) at = middle + 1;
      else end = middle;
    }
    for (let left = limit; left > 0 && keys[at]?.startsWith(prefix); left--, at++) {
      const value = this.#values.get(keys[at] as string);
      if (value !== undefined) yield [keys[at] as string, Uint8Array.from(value)] as const;
    }
  }

  write(writes: readonly Write[]): void {
    this.transactions++;
    for (const { key, value } of writes) {
      if (value === undefined || !this.#values.has(key)) this.#sorted = undefined;
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, Uint8Array.from(value));
    }
  }

  /** The same content in a store of its own. */
  copy(): MemoryStore {
    const copy = new MemoryStore();
    for (const [key, value] of this.#values) copy.#values.set(key, Uint8Array.from(value));
    return copy;
  }
}
