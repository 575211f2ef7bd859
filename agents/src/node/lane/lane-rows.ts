// The rows of one ledger in a coordinator's store: journal copy, records, heads, seals, snapshots
// and the cursor of what was sent. Owns their keys and their order; decides nothing.

import {
  type Bytes,
  decode,
  type Head,
  HeadSchema,
  LIMITS,
  type SealedHead,
  SealedHeadSchema,
} from "@ostraka/proto";
import { orderedKey, type Store, type Write } from "../../kernel/index.ts";

const NUMBER_BYTES = 8;

/** Kinds of rows that stand under a position or an index. */
export type RowKind = "journal" | "record" | "head" | "sealed" | "snapshot" | "snapshot-sealed";

export class LaneRows {
  readonly letter: string;
  readonly #store: Store;

  constructor(store: Store, letter: string) {
    this.#store = store;
    this.letter = letter;
  }

  key(kind: RowKind, n: number): string {
    return `${kind}/${this.letter}/${orderedKey(n)}`;
  }

  get(kind: RowKind, n: number): Bytes | undefined {
    return this.#store.get(this.key(kind, n));
  }

  /** Rows of a kind from `from` on, in order. */
  *scan(kind: RowKind, from = 0, limit?: number): Iterable<readonly [number, Bytes]> {
    const prefix = `${kind}/${this.letter}/`;
    for (const [key, value] of this.#store.scan(prefix, this.key(kind, from), limit)) {
      yield [Number(key.slice(-16)), value];
    }
  }

  /** Number of the first row of a kind; `undefined` without any. */
  first(kind: RowKind): number | undefined {
    for (const [n] of this.scan(kind, 0, 1)) return n;
    return undefined;
  }

  head(position: number): Head | undefined {
    const bytes = this.get("head", position);
    return bytes && decode(HeadSchema, bytes, LIMITS.headBytesMax);
  }

  sealedSnapshot(position: number): SealedHead | undefined {
    const bytes = this.get("snapshot-sealed", position);
    return bytes && decode(SealedHeadSchema, bytes, LIMITS.messageBytesMax);
  }

  /** The newest head that a majority had sealed when it was last stored. */
  latestSealed(): SealedHead | undefined {
    const bytes = this.#store.get(`sealed-latest/${this.letter}`);
    return bytes && decode(SealedHeadSchema, bytes, LIMITS.messageBytesMax);
  }

  /** The newest sealed head of an index that was stored. */
  sealedAt(index: number): SealedHead | undefined {
    const bytes = this.get("sealed", index);
    return bytes && decode(SealedHeadSchema, bytes, LIMITS.messageBytesMax);
  }

  sealedRows(index: number, value: Bytes): Write[] {
    return [
      { key: this.key("sealed", index), value },
      { key: `sealed-latest/${this.letter}`, value },
    ];
  }

  /** Position up to which everything had been handed to the bus. */
  published(): number {
    return this.number(`published/${this.letter}`) ?? 0;
  }

  publishedRow(position: number): Write {
    return this.numberRow(`published/${this.letter}`, position);
  }

  number(key: string): number | undefined {
    const bytes = this.#store.get(key);
    if (bytes === undefined) return undefined;
    return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0));
  }

  /** A row of numbers, as `numbersRow` wrote it; none without the row. */
  numbers(key: string): number[] {
    const bytes = this.#store.get(key) ?? new Uint8Array();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = Math.floor(bytes.length / NUMBER_BYTES);
    return Array.from({ length: count }, (_, i) => Number(view.getBigUint64(i * NUMBER_BYTES)));
  }

  numbersRow(key: string, numbers: readonly number[]): Write {
    const value = new Uint8Array(numbers.length * NUMBER_BYTES);
    const view = new DataView(value.buffer);
    for (const [i, n] of numbers.entries()) view.setBigUint64(i * NUMBER_BYTES, BigInt(n));
    return { key, value };
  }

  numberRow(key: string, n: number): Write {
    return this.numbersRow(key, [n]);
  }
}
