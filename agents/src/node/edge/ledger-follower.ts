// Follows one ledger at a sidecar: entries come in any order, are held until a sealed head covers
// them, and are handed on only when they hash to its root. Takes no entry on the word of a channel
// (I1).

import {
  type Bytes,
  type Crypto,
  decode,
  type Entry,
  type EntryRecord,
  EntryRecordSchema,
  EntrySchema,
  equalBytes,
  Frontier,
  type Head,
  type LedgerId,
  LIMITS,
  leafHash,
  type PrivatePart,
} from "@ostraka/proto";
import { type Sealed, Sealer } from "../../sealer/index.ts";
import { isPrefix } from "../prefix-proof.ts";
import { privatesFit } from "../privates-fit.ts";
import { isStripped } from "../privates-needed.ts";

export interface FollowedEntry {
  readonly entry: Entry;
  readonly privates: readonly PrivatePart[];
  readonly record: EntryRecord;
  /** Its private parts are gone, and nobody needs them any more. */
  readonly isStripped?: boolean;
}

interface Held {
  readonly entry: Entry;
  readonly record: EntryRecord;
}

interface Run {
  readonly frontier: Frontier;
  readonly entries: readonly FollowedEntry[];
  /** Machine time of the last entry. */
  readonly timeMs: bigint;
}

export class LedgerFollower {
  readonly ledger: LedgerId;
  readonly sealer: Sealer;
  readonly #crypto: Crypto;
  /** Records above the applied index, by index; the last that came of each. */
  readonly #pending = new Map<number, Held>();
  #frontier: Frontier;
  #head: Sealed | undefined;
  #lastEntryMs = 0n;

  constructor(crypto: Crypto, ledger: LedgerId) {
    this.ledger = ledger;
    this.sealer = new Sealer(crypto, ledger);
    this.#crypto = crypto;
    this.#frontier = new Frontier(crypto);
  }

  /** Index applied. */
  get index(): number {
    return this.#frontier.size;
  }

  /** The sealed head that everything applied stands under; `undefined` before the first. */
  get head(): Sealed | undefined {
    return this.#head;
  }

  /** Whether a sealed head is known that lies above what has been applied. */
  get isBehind(): boolean {
    return Number(this.sealer.latest?.head.index ?? 0) > this.index;
  }

  /** Last index up to which records are here without a gap. */
  get heldThrough(): number {
    let index = this.index;
    while (this.#pending.has(index + 1)) index++;
    return index;
  }

  get frontierState(): Bytes {
    return this.#frontier.state();
  }

  /** Starts from a sealed head and the right edge of its tree. @returns whether they fit. */
  adopt(sealed: Sealed, frontier: Frontier | undefined): boolean {
    if (frontier === undefined || frontier.size !== Number(sealed.head.index)) return false;
    if (!equalBytes(frontier.root(), sealed.head.root)) return false;
    this.#frontier = frontier;
    this.#head = sealed;
    this.sealer.adopt(sealed);
    for (const index of this.#pending.keys())
      if (index <= frontier.size) this.#pending.delete(index);
    return true;
  }

  /** Holds a record until a sealed head covers it. */
  hold(record: EntryRecord): void {
    const entry = decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
    if (entry === undefined || entry.ledger !== this.ledger) return;
    const index = Number(entry.index);
    if (index <= this.index || index > this.index + LIMITS.pendingEntriesMax) return;
    this.#pending.set(index, { entry, record });
  }

  holdBytes(bytes: Bytes): void {
    const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    if (record !== undefined) this.hold(record);
  }

  /** Holds what the own store gives back, however much it is. */
  holdStored(bytes: Bytes): void {
    const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    const entry = record && decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
    if (record === undefined || entry === undefined) return;
    this.#pending.set(Number(entry.index), { entry, record });
  }

  /**
   * Applies the entries of a page that a sealed head commits but that end below it.
   * @param last index of the page's last entry.
   * @param consistency RFC 9162 proof from there to the head.
   */
  advancePage(
    { head }: Sealed,
    last: number,
    consistency: readonly Uint8Array[],
  ): readonly FollowedEntry[] | "forged" | undefined {
    if (last <= this.index || last >= Number(head.index)) return undefined;
    const run = this.#run(last, head);
    if (run === "missing") return undefined;
    if (run === "forged" || !isPrefix(this.#crypto, run.frontier, head, consistency)) {
      return this.#throwAway();
    }
    return this.#apply(run);
  }

  /**
   * Moves to the newest sealed head if all entries up to it are here and hash to its root.
   * @returns the new entries, in order; `"missing"` when entries are needed; `undefined` when there
   * is nothing to do; `"forged"` when what came does not hash to the root and was thrown away.
   */
  advance(): readonly FollowedEntry[] | "missing" | "forged" | undefined {
    const target = this.sealer.latest;
    if (target === undefined || target === this.#head) return undefined;
    const last = Number(target.head.index);
    if (last < this.index) return undefined;
    const run = this.#run(last, target.head);
    if (run === "missing") return "missing";
    if (run === "forged" || !equalBytes(run.frontier.root(), target.head.root)) {
      return this.#throwAway();
    }
    this.#head = target;
    return this.#apply(run);
  }

  /** The held entries up to an index, hashed one after the other; nothing is applied yet. */
  #run(last: number, head: Head): Run | "missing" | "forged" {
    if (this.heldThrough < last) return "missing";
    const frontier = this.#frontier.copy();
    const entries: FollowedEntry[] = [];
    let timeMs = this.#lastEntryMs;
    for (let index = this.index + 1; index <= last; index++) {
      const { entry, record } = this.#pending.get(index) as Held;
      const isNext = equalBytes(entry.previousRoot, frontier.root());
      // Machine time never goes back: an entry dated back could make lapsed consent count.
      const isInTime = entry.machineTimeMs >= timeMs && entry.machineTimeMs <= head.machineTimeMs;
      if (!isNext || !isInTime) return "forged";
      const { privates } = record;
      const stripped = isStripped(entry, privates.length, Number(head.machineTimeMs));
      if (!stripped && !privatesFit(this.#crypto, entry, privates)) return "forged";
      timeMs = entry.machineTimeMs;
      frontier.append(leafHash(this.#crypto, record.entry));
      entries.push({ entry, privates, record, isStripped: stripped });
    }
    return { frontier, entries, timeMs };
  }

  #apply({ frontier, entries, timeMs }: Run): readonly FollowedEntry[] {
    this.#frontier = frontier;
    this.#lastEntryMs = timeMs;
    for (const { entry } of entries) this.#pending.delete(Number(entry.index));
    return entries;
  }

  /** All of it: the record that does not fit may not be the forged one. */
  #throwAway(): "forged" {
    this.#pending.clear();
    return "forged";
  }
}
