// Takes private parts away from stored records: those that were erased, and those that are older
// than the policy keeps them. Goes round the records of a ledger in portions, so that a store that
// was restored from a copy is cleaned too, and a part that comes back beside a later entry. Never
// takes what anybody still needs (DESIGN.md 9). Coordinators and hosts forget by the same rule.

import {
  type Bytes,
  decode,
  type EntryRecord,
  EntryRecordSchema,
  EntrySchema,
  encode,
  hex,
  LIMITS,
} from "@ostraka/proto";
import type { Out, Store, Write } from "../kernel/index.ts";
import { commitmentsOf } from "./privates-fit.ts";
import { privatesNeededUntilMs } from "./privates-needed.ts";

/** Rows looked at in one go: nobody waits for tidying. */
const PORTION_ROWS = 1_000;

/** Where the records of one ledger are kept, by index. */
export interface RecordTable {
  readonly letter: string;
  /** Records from an index on, in order. */
  scan(kind: "record", from: number, limit: number): Iterable<readonly [number, Bytes]>;
  key(kind: "record", index: number): string;
}

export interface PrivatesClock {
  readonly machineTimeMs: number;
  readonly privatesMs: number;
  /** Last control index whose parts nobody has to pass on any more: an import carries them. */
  readonly importedIndex: number;
}

/** Commitments that were erased, with the control index of each order. */
export class ErasedParts {
  readonly #store: Store;
  readonly #indexOf = new Map<string, number>();
  /** Index of the newest order. */
  #last = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  open(): void {
    for (const [key, value] of this.#store.scan("erased/")) {
      const at = new DataView(value.buffer, value.byteOffset, value.byteLength).getBigUint64(0);
      this.#indexOf.set(key.slice("erased/".length), Number(at));
      this.#last = Math.max(this.#last, Number(at));
    }
  }

  /** Notes an order of the control ledger. */
  note(commitments: readonly Uint8Array[], index: number): Write[] {
    this.#last = Math.max(this.#last, index);
    return commitments.map((commitment) => {
      const value = new Uint8Array(8);
      new DataView(value.buffer).setBigUint64(0, BigInt(index));
      this.#indexOf.set(hex(commitment), index);
      return { key: `erased/${hex(commitment)}`, value };
    });
  }

  /** Whether an order above a control index is still to be carried out. */
  waitsFor(importedIndex: number): boolean {
    return this.#last > importedIndex;
  }

  /** Whether a commitment was erased by an order at or below a control index. */
  has(commitment: Uint8Array, upTo: number): boolean {
    const index = this.#indexOf.get(hex(commitment));
    return index !== undefined && index <= upTo;
  }
}

export class PrivatesDesk {
  readonly #rows: RecordTable;
  readonly #erased: ErasedParts;
  #next = 1;
  /** Records are left to look at since the start or the last order of erasure. */
  #isErasing = true;

  constructor(rows: RecordTable, erased: ErasedParts) {
    this.#rows = rows;
    this.#erased = erased;
  }

  /** Begins anew: an order of erasure has come. */
  restart(): void {
    this.#next = 1;
    this.#isErasing = true;
  }

  get isErasing(): boolean {
    return this.#isErasing;
  }

  /** Goes on with the round. */
  work(clock: PrivatesClock, out: Out<unknown>): void {
    let seen = 0;
    let isWaiting = false;
    for (const [index, bytes] of this.#rows.scan("record", this.#next, PORTION_ROWS)) {
      seen++;
      this.#next = index + 1;
      const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
      if (record === undefined || record.privates.length === 0) continue;
      if (!this.#isOver(record, index, clock)) {
        isWaiting ||= this.#erased.waitsFor(clock.importedIndex);
        continue;
      }
      const value = encode(EntryRecordSchema, { ...record, privates: [] });
      out.persist.push({ key: this.#rows.key("record", index), value });
      out.trace.push({ what: "privates-deleted", at: `${this.#rows.letter}:${index}` });
    }
    if (seen === PORTION_ROWS) return;
    this.#next = 1;
    this.#isErasing = isWaiting;
  }

  #isOver(record: EntryRecord, index: number, clock: PrivatesClock): boolean {
    const { machineTimeMs, privatesMs, importedIndex } = clock;
    const entry = decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
    if (entry === undefined) return false;
    // An import must carry the private parts of what it brings.
    if (this.#rows.letter === "c" && index > importedIndex) return false;
    const untilMs = privatesNeededUntilMs(entry);
    if (untilMs > machineTimeMs) return false;
    if (untilMs + privatesMs <= machineTimeMs) return true;
    const commitments = commitmentsOf(entry) ?? [];
    return commitments.some((commitment) => this.#erased.has(commitment, importedIndex));
  }
}
