// A store in memory that keeps the contract of the real one: ordered keys, one transaction a write,
// and a copy of every value. Must never share bytes with its callers.

import type { Store, Write } from "../src/kernel/index.ts";

export class MemoryStore implements Store {
  readonly #values = new Map<string, Uint8Array>();
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
    const keys = [...this.#values.keys()].filter((key) => key.startsWith(prefix) && key >= from);
    for (const key of keys.sort().slice(0, limit)) {
      yield [key, Uint8Array.from(this.#values.get(key) as Uint8Array)] as const;
    }
  }

  write(writes: readonly Write[]): void {
    this.transactions++;
    for (const { key, value } of writes) {
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
