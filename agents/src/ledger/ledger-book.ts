// The ledger agent: turns effects into entries, one after the other, under an RFC 9162 tree; keeps
// the set of revocations in force and makes heads. Never decides anything (I3: a pure function of
// its input).

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  assert,
  type Bytes,
  type Crypto,
  type Entry,
  EntrySchema,
  encode,
  encodeNew,
  HeadSchema,
  type LedgerId,
  leafHash,
  MerkleTree,
  type SubjectText,
} from "@ostraka/proto";
import { ActiveSet, endedUntilMs } from "../kernel/index.ts";

export type Effect = NonNullable<MessageInitShape<typeof EntrySchema>["effect"]>;

export interface Written {
  readonly index: number;
  readonly bytes: Bytes;
  readonly entry: Entry;
}

/** Where in its journal a machine stands. */
export interface JournalPoint {
  /** Rules in force here (DESIGN.md 9, machine version). */
  readonly machineVersion: number;
  readonly generation: number;
  readonly position: number;
  readonly chainHash: Bytes;
  readonly machineTimeMs: number;
}

export class LedgerBook {
  readonly ledger: LedgerId;
  readonly active: ActiveSet;
  readonly #crypto: Crypto;
  readonly #tree: MerkleTree;

  constructor(crypto: Crypto, ledger: LedgerId) {
    this.ledger = ledger;
    this.active = new ActiveSet(crypto);
    this.#tree = new MerkleTree(crypto);
    this.#crypto = crypto;
  }

  /** Index of the last entry; 0 when empty. Entries count from 1. */
  get index(): number {
    return this.#tree.size;
  }

  /** Takes up an entry that was made before, as it lies in the store. */
  recall(entry: Uint8Array): void {
    this.#tree.append(leafHash(this.#crypto, entry));
  }

  root(index = this.index): Bytes {
    return this.#tree.root(index);
  }

  /** RFC 9162 path of the entry with this index, in the tree of `size` entries. */
  inclusionPath(index: number, size: number): Bytes[] {
    return this.#tree.inclusionPath(index - 1, size);
  }

  /** RFC 9162 proof that the ledger of `size1` entries is a prefix of that of `size2`. */
  consistencyPath(size1: number, size2: number): Bytes[] {
    return this.#tree.consistencyPath(size1, size2);
  }

  frontier(size: number): Bytes[] {
    return this.#tree.frontier(size);
  }

  /**
   * Appends an entry.
   * @param subject whom a revocation or a lift is about; a lift ends only what is about the same.
   */
  append(effect: Effect, point: JournalPoint, subject?: SubjectText): Written {
    const entry = create(EntrySchema, {
      format: 1,
      ledger: this.ledger,
      generation: point.generation,
      index: BigInt(this.index + 1),
      position: BigInt(point.position),
      machineTimeMs: BigInt(point.machineTimeMs),
      machineVersion: point.machineVersion,
      previousRoot: this.root(),
      effect,
    });
    const bytes = encode(EntrySchema, entry);
    this.#tree.append(leafHash(this.#crypto, bytes));
    if (subject !== undefined) this.#applyToActive(entry, point.machineTimeMs, subject);
    return { index: this.index, bytes, entry };
  }

  #applyToActive(entry: Entry, nowMs: number, subject: SubjectText): void {
    const { effect } = entry;
    if (effect.case === "revocation") {
      const { id, fromMs, expiresMs, supersedes } = effect.value;
      assert(id.length === 32, "a revocation has an id of 32 bytes");
      this.active.add(id, Number(expiresMs), nowMs, subject);
      const untilMs = endedUntilMs(Number(fromMs));
      for (const superseded of supersedes) this.active.end(superseded, untilMs, subject);
    }
    if (effect.case === "lift") {
      for (const id of effect.value.revocationIds) {
        this.active.end(id, Number(effect.value.expiresMs), subject);
      }
    }
  }

  /**
   * The head of the ledger at a journal position.
   * @param stateDigest SHA-256 of the snapshot made here; empty where none is.
   */
  head(
    point: JournalPoint,
    names: { controlIndex: number; epoch: number; rosterVersion: number },
    stateDigest: Bytes,
  ): Bytes {
    return encodeNew(HeadSchema, {
      format: 1,
      ledger: this.ledger,
      generation: point.generation,
      position: BigInt(point.position),
      chainHash: point.chainHash,
      index: BigInt(this.index),
      root: this.root(),
      machineTimeMs: BigInt(point.machineTimeMs),
      activeSetDigest: this.active.digest(),
      stateDigest,
      controlIndex: BigInt(names.controlIndex),
      epoch: names.epoch,
      rosterVersion: names.rosterVersion,
      machineVersion: point.machineVersion,
    });
  }
}
