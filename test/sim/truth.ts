// What really happened, as seen from outside: heads that coordinators let out, entries in their
// stores. Recomputes roots by the plainest rule there is and shares no code with the nodes but the
// wire formats.

import { fromBinary } from "@bufbuild/protobuf";
import {
  type Bytes,
  decode,
  type Entry,
  type EntryRecord,
  EntryRecordSchema,
  EntrySchema,
  type Envelope,
  EnvelopeSchema,
  envelopeType,
  type Head,
  HeadSchema,
  hex,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  PrivateSubjectSchema,
  pae,
} from "@ostraka/proto";
import { Epochs } from "./epochs.ts";
import { Rosters } from "./rosters.ts";
import type { SimStore } from "./sim-store.ts";
import type { SimCoordinator, World } from "./world.ts";

/** A head is dated by the last reading of a sidecar's clock, which may be this old. */
const READING_MS = 300;

export interface TrueEntry {
  readonly entry: Entry;
  readonly record: EntryRecord;
}

/** Whom an entry's private part names: read by hand, unverified, for who plays and who checks. */
export function nameIn({ privates }: EntryRecord): string {
  const [part] = privates;
  return part === undefined ? "" : fromBinary(PrivateSubjectSchema, part.content).subject;
}

export interface SealedTruth {
  readonly head: Head;
  readonly bytes: Bytes;
  /** True time at which a majority had signed it. */
  readonly atMs: number;
}

/** A message of a coordinator's heads. */
export interface SaidHead {
  readonly envelope: Envelope;
  readonly head: Head;
}

interface SignedHead {
  readonly head: Head;
  readonly bytes: Bytes;
  readonly signers: Set<string>;
  sealedMs: number | undefined;
}

export class Truth {
  readonly world: World;
  readonly epochs = new Epochs(this);
  readonly rosters = new Rosters(this);
  readonly #heads = new Map<string, SignedHead>();
  readonly #sealed = new Map<LedgerId, SealedTruth[]>(LEDGERS.map((l) => [l, []]));
  readonly #proven = new Map<LedgerId, TrueEntry[]>(LEDGERS.map((l) => [l, []]));
  /** Highest index that a majority has sealed. */
  readonly #highest = new Map<LedgerId, number>();
  /** How far machine time has at most stood ahead of the truth when a head was sealed. */
  #leadMs = Number.NEGATIVE_INFINITY;
  readonly #decoded = new Map<string, TrueEntry>();
  /** Entries as they stood before their private parts went, by hash of their bytes. */
  readonly #whole = new Map<string, TrueEntry>();

  /** The message that is being let out now, as every checker reads it. */
  #saying: { readonly bytes: Uint8Array; readonly said: SaidHead | undefined } | undefined;

  constructor(world: World) {
    this.world = world;
    world.bus.taps.push((_, channel, bytes) => this.#hear(channel, bytes));
  }

  get majority(): number {
    return Math.floor(this.world.sim.coordinators.length / 2) + 1;
  }

  /** Sealed heads of a ledger in the order in which they were sealed. */
  sealed(ledger: LedgerId): readonly SealedTruth[] {
    return this.#sealed.get(ledger) as SealedTruth[];
  }

  isSealed(bytes: Uint8Array): boolean {
    return this.#heads.get(hex(bytes))?.sealedMs !== undefined;
  }

  /** Latest machine time that any node may believe in, on the word of any sealed head. */
  machineMsMax(): number {
    return this.#leadMs + this.world.time.nowMs + READING_MS;
  }

  /** True time at which a majority had signed that it is so late; the latest so far at most. */
  trueMsOf(machineMs: number): number {
    const sealed = this.sealed(Ledger.CONTROL);
    const first = sealed.find(({ head }) => Number(head.machineTimeMs) >= machineMs);
    return first?.atMs ?? this.world.time.nowMs;
  }

  /** Entries of a ledger under sealed heads, by index from 1 (place 0 is a hole). */
  entries(ledger: LedgerId): readonly TrueEntry[] {
    const proven = this.#proven.get(ledger) as TrueEntry[];
    if ((this.#highest.get(ledger) ?? 0) < proven.length) return proven;
    const sealed = this.sealed(ledger);
    for (let i = sealed.length - 1; i >= 0; i--) {
      const { head } = sealed[i] as SealedTruth;
      // A lower one may have got its majority later.
      if (Number(head.index) < proven.length) continue;
      const found = this.#entriesUnder(ledger, head);
      if (found === undefined) continue;
      this.#proven.set(ledger, found);
      return found;
    }
    return proven;
  }

  #entriesUnder(ledger: LedgerId, head: Head): TrueEntry[] | undefined {
    for (const { store } of this.world.coordinators) {
      const entries = this.storedEntries(store, ledger).slice(0, Number(head.index) + 1);
      if (entries.length !== Number(head.index) + 1) continue;
      const leaves = entries.slice(1).map((e) => this.#leaf(e.record.entry));
      if (hex(this.#root(leaves)) === hex(head.root)) return entries;
    }
    return undefined;
  }

  /** Entries that a coordinator's store holds, by index from 1. */
  storedEntries(store: SimStore, ledger: LedgerId): TrueEntry[] {
    const entries: TrueEntry[] = [];
    for (const [key, bytes] of store.scan(`record/${ledgerLetter(ledger)}/`)) {
      const found = this.decodeRecord(bytes);
      if (found !== undefined) entries[Number(key.slice(-16))] = this.#wholeOf(found);
    }
    return entries;
  }

  /** What was erased or pruned since is remembered: who judges must still know whom it names. */
  #wholeOf(found: TrueEntry): TrueEntry {
    const key = hex(this.world.sim.crypto.sha256(found.record.entry));
    if (found.record.privates.length === 0) return this.#whole.get(key) ?? found;
    this.#whole.set(key, found);
    return found;
  }

  decodeRecord(bytes: Bytes): TrueEntry | undefined {
    const key = hex(this.world.sim.crypto.sha256(bytes));
    const known = this.#decoded.get(key);
    if (known !== undefined) return known;
    const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    const entry = record && decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
    if (record === undefined || entry === undefined) return undefined;
    this.#decoded.set(key, { entry, record });
    return { entry, record };
  }

  /** Coordinators that run, have no damage to name and have not lost their store. */
  wholeCoordinators(): SimCoordinator[] {
    return this.world.coordinators.filter(
      (c) => c.node !== undefined && LEDGERS.every((l) => isWhole(c.node?.status(l))),
    );
  }

  /** The head in a message; `undefined` when it is none. Nobody may change what it gives. */
  saidIn(bytes: Uint8Array): SaidHead | undefined {
    if (this.#saying?.bytes === bytes) return this.#saying.said;
    const envelope = decode(EnvelopeSchema, Uint8Array.from(bytes), LIMITS.messageBytesMax);
    const head = envelope && decode(HeadSchema, envelope.body, LIMITS.envelopeBodyBytesMax);
    const said = envelope && head && { envelope, head };
    this.#saying = { bytes, said };
    return said;
  }

  #hear(channel: string, bytes: Uint8Array): void {
    if (!channel.startsWith(this.world.channels.headsAll.slice(0, -1))) return;
    const { crypto, mesh, coordinators } = this.world.sim;
    const said = this.saidIn(bytes);
    if (said === undefined) return;
    const { envelope, head } = said;
    const message = pae(envelopeType(mesh, "head"), envelope.body);
    for (const { key, signature } of envelope.signatures) {
      const signer = coordinators.find((c) => hex(c.signer.publicKey) === hex(key));
      if (signer === undefined || !crypto.verify(key, message, signature)) continue;
      this.#note(head, Uint8Array.from(envelope.body), signer.name);
    }
  }

  #note(head: Head, bytes: Bytes, signer: string): void {
    const known = this.#heads.get(hex(bytes));
    const signed = known ?? { head, bytes, signers: new Set<string>(), sealedMs: undefined };
    this.#heads.set(hex(bytes), signed);
    signed.signers.add(signer);
    if (signed.sealedMs !== undefined || signed.signers.size < this.majority) return;
    signed.sealedMs = this.world.time.nowMs;
    this.#leadMs = Math.max(this.#leadMs, Number(head.machineTimeMs) - signed.sealedMs);
    const ledger = LEDGERS.find((l) => l === head.ledger);
    if (ledger !== undefined) {
      this.#sealed.get(ledger)?.push({ head, bytes, atMs: signed.sealedMs });
      const highest = Math.max(this.#highest.get(ledger) ?? 0, Number(head.index));
      this.#highest.set(ledger, highest);
    }
  }

  /** RFC 9162 section 2.1.1, as it is written there. */
  #root(leaves: readonly Bytes[]): Bytes {
    const { crypto } = this.world.sim;
    if (leaves.length === 0) return crypto.sha256();
    if (leaves.length === 1) return leaves[0] as Bytes;
    let k = 1;
    while (2 * k < leaves.length) k *= 2;
    const left = this.#root(leaves.slice(0, k));
    return crypto.sha256(Uint8Array.of(1), left, this.#root(leaves.slice(k)));
  }

  #leaf(bytes: Uint8Array): Bytes {
    return this.world.sim.crypto.sha256(Uint8Array.of(0), bytes);
  }
}

function isWhole(status: { readonly damage: unknown; readonly isWiped: boolean } | undefined) {
  return status?.damage === undefined && status?.isWiped !== true;
}
