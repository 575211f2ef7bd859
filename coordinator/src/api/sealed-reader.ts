// Reads what this replica has sealed: entries, heads and places in both ledgers, and says when
// there is more. Shows nothing above the latest sealed head, nor what the own machine has not
// applied.

import { orderedKey } from "@ostraka/agents/kernel";
import { type FoundBy, findEntries, findingRows } from "@ostraka/agents/node";
import {
  decode,
  type Entry,
  type EntryRecord,
  EntryRecordSchema,
  EntrySchema,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  OstrakaError,
  type SealedHead,
} from "@ostraka/proto";
import type { CoordinatorRuntime } from "../runtime.ts";

/** A place in both ledgers. */
export interface Place {
  readonly control: bigint;
  readonly signals: bigint;
}

export interface ReadRecord {
  readonly index: number;
  readonly record: EntryRecord;
}

/** An entry with the ledger that it stands in. */
export interface FoundRecord extends ReadRecord {
  readonly ledger: LedgerId;
  readonly entry: Entry;
}

/** Entries of one name that are looked through. */
const FOUND_MAX = 64;
/** Without a sealed head ticks bring one within this time: what may have been missed is seen. */
const LOOK_AGAIN_MS = 1_000;

export class SealedReader {
  readonly runtime: CoordinatorRuntime;

  constructor(runtime: CoordinatorRuntime) {
    this.runtime = runtime;
  }

  /** Last index that may be shown. */
  indexOf(ledger: LedgerId): number {
    const sealed = this.runtime.node.sealedOf(ledger);
    return Math.min(this.#machine(ledger).book.index, Number(sealed?.head.index ?? 0n));
  }

  /** Last index that is sealed, whether or not the own machine has come so far. */
  sealedIndexOf(ledger: LedgerId): number {
    return Number(this.runtime.node.sealedOf(ledger)?.head.index ?? 0n);
  }

  sealedHead(ledger: LedgerId): SealedHead | undefined {
    return this.runtime.node.sealedOf(ledger)?.sealed;
  }

  place(): Place {
    return {
      control: BigInt(this.indexOf(Ledger.CONTROL)),
      signals: BigInt(this.indexOf(Ledger.SIGNALS)),
    };
  }

  machineTimeMs(): bigint {
    return BigInt(this.runtime.node.control.point.machineTimeMs);
  }

  /** @returns `undefined` for an entry that is not sealed or that there is none of. */
  record(ledger: LedgerId, index: number): EntryRecord | undefined {
    if (index < 1 || index > this.indexOf(ledger)) return undefined;
    const bytes = this.runtime.parts.store.get(keyOf(ledger, index));
    return bytes && this.#opened(bytes);
  }

  /**
   * Entries of a range in order, as many as fit a page; one always fits, so asking again always
   * gets on.
   */
  page(ledger: LedgerId, first: number, last: number, countMax: number): ReadRecord[] {
    const end = Math.min(last, this.indexOf(ledger));
    if (first > end) return [];
    const prefix = `record/${ledgerLetter(ledger)}/`;
    const read: ReadRecord[] = [];
    let size = 0;
    const rows = Math.min(countMax, end - first + 1);
    for (const [key, bytes] of this.runtime.parts.store.scan(prefix, keyOf(ledger, first), rows)) {
      const index = Number(key.slice(prefix.length));
      size += bytes.length;
      if (index > end || (read.length > 0 && size > LIMITS.pageBytesMax)) break;
      read.push({ index, record: this.#opened(bytes) });
    }
    return read;
  }

  /**
   * The newest sealed head and the path of an entry to its root; neither while the own machine has
   * not come that far.
   */
  inclusion(ledger: LedgerId, index: number): { head?: SealedHead; path: Uint8Array[] } {
    const sealed = this.runtime.node.sealedOf(ledger);
    const size = Number(sealed?.head.index ?? 0n);
    const { book } = this.#machine(ledger);
    if (sealed === undefined || size > book.index || index > size) return { path: [] };
    return { head: sealed.sealed, path: book.inclusionPath(index, size) };
  }

  /** That the ledger of `size1` entries is a prefix of that of the newest sealed head. */
  consistency(ledger: LedgerId, size1: number): Uint8Array[] {
    const size = Number(this.runtime.node.sealedOf(ledger)?.head.index ?? 0n);
    const { book } = this.#machine(ledger);
    const isAsked = size1 > 0 && size1 < size && size <= book.index;
    return isAsked ? book.consistencyPath(size1, size) : [];
  }

  #machine(ledger: LedgerId) {
    const { control, signals } = this.runtime.node;
    return ledger === Ledger.CONTROL ? control : signals;
  }

  /**
   * Sealed entries by name, in the order of their names and indices. A row that leads elsewhere, as
   * one of a generation that was cut off, is passed over.
   */
  *find(kind: FoundBy, name: string, from = name, limit = FOUND_MAX): Iterable<FoundRecord> {
    const { store, crypto } = this.runtime.parts;
    for (const { letter, index, key } of findEntries(store, kind, name, from, limit)) {
      const ledger = LEDGERS.find((known) => ledgerLetter(known) === letter);
      const record = ledger && this.record(ledger, index);
      if (ledger === undefined || record === undefined) continue;
      const entry = this.entryOf(record);
      const rows = findingRows(crypto, ledger, index, entry);
      if (rows.some((row) => row.key === `by/${kind}/${key}`))
        yield { ledger, index, record, entry };
    }
  }

  entryOf({ entry }: EntryRecord): Entry {
    const opened = decode(EntrySchema, entry, LIMITS.entryBytesMax);
    if (opened === undefined) throw this.#damaged();
    return opened;
  }

  /** Resolves when something may have been sealed, when the time is up, or when nobody waits. */
  changed(signal: AbortSignal, waitMs = LOOK_AGAIN_MS): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        stop();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, Math.min(waitMs, LOOK_AGAIN_MS)));
      const stop = this.runtime.onSealed(done);
      signal.addEventListener("abort", done, { once: true });
      if (signal.aborted) done();
    });
  }

  #opened(bytes: Uint8Array): EntryRecord {
    const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    if (record === undefined) throw this.#damaged();
    return record;
  }

  #damaged(): OstrakaError {
    const { name } = this.runtime.parts.config;
    return new OstrakaError(
      "OSTRAKA_STORE",
      `the store of ${name} is damaged: ask another coordinator, and repair this one's disk`,
    );
  }
}

function keyOf(ledger: LedgerId, index: number): string {
  return `record/${ledgerLetter(ledger)}/${orderedKey(index)}`;
}
