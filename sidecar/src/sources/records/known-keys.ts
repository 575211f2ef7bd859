// Well-known keys of records without a schema, looked up in one walk over the record's own keys:
// a dozen of those, against some hundred that are known. Owns the order of preference among keys
// that mean the same.

import { isRecord, type JsonRecord } from "./record-format.ts";

/** What a key means, and whether a value can be it. */
export type Accepts = (value: unknown) => boolean;

interface Rank {
  readonly meaning: number;
  readonly rank: number;
}

/** Keys in order of preference; `a.b` is both that very key and `b` within `a`. */
export interface Meaning {
  readonly keys: readonly string[];
  readonly accepts: Accepts;
}

export class KnownKeys {
  readonly #meanings: readonly Meaning[];
  readonly #flat = new Map<string, Rank[]>();
  /** Keys whose value may hold a known key: the rest of its path by its first step. */
  readonly #nested = new Map<string, { readonly path: readonly string[]; readonly rank: Rank }[]>();
  readonly #best: number[];

  constructor(meanings: readonly Meaning[]) {
    this.#meanings = meanings;
    this.#best = meanings.map(() => Number.POSITIVE_INFINITY);
    for (const [meaning, { keys }] of meanings.entries()) {
      for (const [rank, key] of keys.entries()) {
        push(this.#flat, key, { meaning, rank });
        const [head, ...path] = key.split(".");
        if (path.length > 0) push(this.#nested, head as string, { path, rank: { meaning, rank } });
      }
    }
  }

  /** The preferred value of each meaning, in the order of the meanings; undefined where none is. */
  find(record: JsonRecord): unknown[] {
    const found: unknown[] = new Array(this.#meanings.length).fill(undefined);
    this.#best.fill(Number.POSITIVE_INFINITY);
    for (const key of Object.keys(record)) {
      const value = record[key];
      for (const rank of this.#flat.get(key) ?? []) this.#offer(found, rank, value);
      if (!isRecord(value)) continue;
      for (const { path, rank } of this.#nested.get(key) ?? []) {
        this.#offer(found, rank, valueAt(value, path));
      }
    }
    return found;
  }

  #offer(found: unknown[], { meaning, rank }: Rank, value: unknown): void {
    if (value === undefined || rank >= (this.#best[meaning] as number)) return;
    if (this.#meanings[meaning]?.accepts(value) !== true) return;
    this.#best[meaning] = rank;
    found[meaning] = value;
  }
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function valueAt(record: JsonRecord, path: readonly string[]): unknown {
  let value: unknown = record;
  for (const key of path) {
    if (!isRecord(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}
