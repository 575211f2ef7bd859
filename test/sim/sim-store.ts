// A store in memory with the durability of the real one: a write is there after a crash exactly
// when `write` returned.

import type { Store, Write } from "@ostraka/agents/kernel";

export class SimStore implements Store {
  readonly #values = new Map<string, Uint8Array>();
  #keys: string[] | undefined;

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key);
  }

  *scan(prefix: string, from = prefix, limit = Number.POSITIVE_INFINITY) {
    this.#keys ??= [...this.#values.keys()].sort();
    const keys = this.#keys;
    let low = 0;
    for (let high = keys.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((keys[middle] as string) < from) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < keys.length && i - low < limit; i++) {
      const key = keys[i] as string;
      if (!key.startsWith(prefix)) return;
      const value = this.#values.get(key);
      if (value !== undefined) yield [key, value] as const;
    }
  }

  write(writes: readonly Write[]): void {
    for (const { key, value } of writes) {
      if (value === undefined) {
        if (this.#values.delete(key)) this.#keys = undefined;
        continue;
      }
      if (!this.#values.has(key)) this.#keys = undefined;
      this.#values.set(key, Uint8Array.from(value));
    }
  }

  /** What a backup would hold now. */
  copy(): ReadonlyMap<string, Uint8Array> {
    return new Map(this.#values);
  }

  /** The disk is replaced by an old copy of it. */
  become(copy: ReadonlyMap<string, Uint8Array>): void {
    this.wipe();
    for (const [key, value] of copy) this.#values.set(key, value);
  }

  /** Loses everything: the disk is gone. */
  wipe(): void {
    this.#values.clear();
    this.#keys = undefined;
  }
}
