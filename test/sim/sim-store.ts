// A store in memory with the durability of the real one: a write is there after a crash exactly
// when `write` returned.

import type { Store, Write } from "@ostraka/agents/kernel";

export class SimStore implements Store {
  readonly #values = new Map<string, Uint8Array>();
  /** Sorted keys by what comes before their last slash, as rows of one table. */
  readonly #tables = new Map<string, string[]>();

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key);
  }

  *scan(prefix: string, from = prefix, limit = Number.POSITIVE_INFINITY) {
    const keys = this.#keysUnder(prefix);
    const low = placeIn(keys, from);
    // What was written meanwhile is not shown, as in a statement that has begun.
    for (const key of keys.slice(low, Math.min(keys.length, low + limit))) {
      if (!key.startsWith(prefix)) return;
      const value = this.#values.get(key);
      if (value !== undefined) yield [key, value] as const;
    }
  }

  write(writes: readonly Write[]): void {
    for (const { key, value } of writes) {
      if (value === undefined) this.#delete(key);
      else this.#set(key, Uint8Array.from(value));
    }
  }

  /** What a backup would hold now. */
  copy(): ReadonlyMap<string, Uint8Array> {
    return new Map(this.#values);
  }

  /** The disk is replaced by an old copy of it. */
  become(copy: ReadonlyMap<string, Uint8Array>): void {
    this.wipe();
    for (const [key, value] of copy) this.#set(key, value);
  }

  /** Loses everything: the disk is gone. */
  wipe(): void {
    this.#values.clear();
    this.#tables.clear();
  }

  #set(key: string, value: Uint8Array): void {
    if (!this.#values.has(key)) {
      const name = tableOf(key);
      const keys = this.#tables.get(name) ?? [];
      if (keys.length === 0) this.#tables.set(name, keys);
      const last = keys.at(-1);
      if (last === undefined || last < key) keys.push(key);
      else keys.splice(placeIn(keys, key), 0, key);
    }
    this.#values.set(key, value);
  }

  #delete(key: string): void {
    if (!this.#values.delete(key)) return;
    const keys = this.#tables.get(tableOf(key)) as string[];
    keys.splice(placeIn(keys, key), 1);
  }

  /** All keys that a prefix may stand before, sorted. */
  #keysUnder(prefix: string): readonly string[] {
    const names = [...this.#tables.keys()].filter(
      (name) => name.startsWith(prefix) || prefix.startsWith(name),
    );
    const [name] = names;
    if (name === undefined) return [];
    if (names.length === 1) return this.#tables.get(name) as string[];
    return names.flatMap((n) => this.#tables.get(n) as string[]).sort();
  }
}

function tableOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}

/** Place of the first of sorted keys that is not before a text. */
function placeIn(keys: readonly string[], text: string): number {
  let low = 0;
  for (let high = keys.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
