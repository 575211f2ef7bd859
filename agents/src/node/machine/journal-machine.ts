// What the two machines share: one deterministic machine per journal. Owns position and chain hash,
// ticks and machine time, refusal counts, entries and heads. A pure function of the journal prefix
// (I3).

import { create } from "@bufbuild/protobuf";
import {
  assert,
  type Bytes,
  type Crypto,
  decode,
  type Entry,
  EntryRecordSchema,
  type Envelope,
  type EnvelopeKind,
  type Equivocation,
  encode,
  equalBytes,
  hex,
  isReject,
  type JournalMessage,
  JournalMessageSchema,
  kindOfType,
  Ledger,
  type LedgerId,
  LIMITS,
  ledgerName,
  type MeshId,
  openEnvelope,
  type PrivatePart,
  type Reject,
  type RejectCode,
  type SubjectText,
  type Tick,
  TickSchema,
  utf8,
} from "@ostraka/proto";
import {
  type BinaryReader,
  BinaryWriter,
  knowsKind,
  loadAll,
  loadBytes,
  loadNumber,
  type MeshView,
  retentionOf,
  saveAll,
  saveNumber,
} from "../../kernel/index.ts";
import { type Effect, type JournalPoint, LedgerBook, RefusalCounts } from "../../ledger/index.ts";
import { type CheckedOpening, type PoisonMajority, PoisonTally } from "../../repair/index.ts";
import { openingAt } from "./generation.ts";
import { chainHashOf } from "./journal-chain.ts";

/** An entry with what lies beside it, as stored and sent. */
export interface MadeRecord {
  readonly index: number;
  readonly entry: Entry;
  /** The entry as it was hashed. */
  readonly entryBytes: Bytes;
  /** Encoded EntryRecord. */
  readonly bytes: Bytes;
}

/** What became of a command at a position. */
export interface CommandOutcome {
  /** Hex of SHA-256 over the whole envelope. */
  readonly command: string;
  readonly code?: RejectCode;
  readonly index?: number;
  readonly verdictId?: Bytes;
}

/** What one journal message made. */
export interface MachineStep {
  readonly position: number;
  readonly chainHash: Bytes;
  readonly records: MadeRecord[];
  readonly outcomes: CommandOutcome[];
  readonly rejects: { readonly key: string; readonly code: RejectCode }[];
  /** Members caught at saying two things at one place; no part of what is computed. */
  readonly proofs: Equivocation[];
  /** Set at positions that add an entry and at ticks. */
  head?: Bytes;
  /** Machine state as of the head, whose digest the head names. */
  snapshot?: Bytes;
  /** The snapshot was forced: nothing below it may be kept once it is sealed. */
  isForgetting?: true;
  tick?: Tick;
  /** A tick no later than its author's last: it moves no time, yet says where its author stands. */
  staleTick?: Tick;
  kind?: EnvelopeKind;
  /** A majority says that its machines fail at a message that this one has applied. */
  poisoned?: PoisonMajority;
}

const NO_KEY = new Uint8Array(0);
const NO_DIGEST = new Uint8Array(0);
/** Rises when a snapshot is written in another way: an older one is then no use. */
const STATE_FORMAT = 1;

export abstract class JournalMachine {
  readonly ledger: LedgerId;
  readonly book: LedgerBook;
  protected readonly crypto: Crypto;
  readonly #refusals = new RefusalCounts();
  readonly #poison = new PoisonTally();
  readonly #latestTicks = new Map<string, number>();
  /** Newest machine version that each coordinator has announced, by hex key. */
  readonly #announced = new Map<string, number>();
  #generation = 1;
  /** Position that this generation's first message comes after. */
  #base = 0;
  #position = 0;
  #chainHash: Bytes;
  #machineTimeMs = 0;
  #lastHeadPosition = 0;
  #lastHead: Bytes | undefined;
  #lastSnapshotPosition = 0;
  /** The next head carries a snapshot, however near the last one is. */
  #isSnapshotDue = false;
  /** Once that one is sealed, nothing below it may be kept. */
  #isForgetting = false;
  /** Position of that one while streams cannot be trimmed to it yet; 0 = none. */
  #forgottenAt = 0;
  /** Ledger index of each revocation that may be in force, by hex id. */
  readonly #indexOf = new Map<string, number>();

  constructor(crypto: Crypto, ledger: LedgerId, mesh: MeshId) {
    this.crypto = crypto;
    this.ledger = ledger;
    this.book = new LedgerBook(crypto, ledger);
    this.#chainHash = crypto.sha256(utf8(`ostraka/v1/journal/${ledgerName(ledger)}/${mesh}`));
  }

  /** Position of the last head made. */
  get lastHeadPosition(): number {
    return this.#lastHeadPosition;
  }

  /** Ledger indices of the revocations in force, ascending. */
  activeIndices(): number[] {
    const indices = [...this.book.active.ids()].map((id) => this.#indexOf.get(id) as number);
    return indices.sort((a, b) => a - b);
  }

  /** Time of a coordinator's latest tick by its own clock; 0 before the first. */
  tickedMs(coordinatorKey: Uint8Array): number {
    return this.#latestTicks.get(hex(coordinatorKey)) ?? 0;
  }

  /** Encoded; it names the state, so it is no part of it. */
  get lastHead(): Bytes | undefined {
    return this.#lastHead;
  }

  /** Position before the first message of this generation. */
  get base(): number {
    return this.#base;
  }

  /** Tells a machine that was loaded from a snapshot the head that stands there. */
  resumeAt(head: Bytes): void {
    this.#lastHead = head;
  }

  get point(): JournalPoint {
    return {
      machineVersion: this.view().machineVersion,
      generation: this.#generation,
      position: this.#position,
      chainHash: this.#chainHash,
      machineTimeMs: this.#machineTimeMs,
    };
  }

  /** The mesh as this machine knows it at its position. */
  protected abstract view(): MeshView;
  protected abstract controlIndex(): number;
  /** Handles a message of a kind; returns the reject code, if any. */
  protected abstract onMessage(
    kind: EnvelopeKind,
    message: JournalMessage & { envelope: Envelope },
    step: MachineStep,
  ): RejectCode | undefined;
  /** Called at each tick, after machine time has moved. */
  protected abstract onMachineTime(step: MachineStep): void;

  /** What a subclass adds to the state, after what all machines have. */
  protected abstract saveOwn(w: BinaryWriter): void;
  protected abstract loadOwn(r: BinaryReader): void;

  /**
   * Everything that can influence what comes, but the ledger itself, roster and policies: those lie
   * in the entries. A pure function of the journal prefix, as all else (I3).
   */
  save(w: BinaryWriter): void {
    saveNumber(w.uint32(STATE_FORMAT).uint32(this.#generation), this.#base);
    for (const n of [this.#position, this.#machineTimeMs, this.#lastHeadPosition]) saveNumber(w, n);
    saveNumber(w, this.#lastSnapshotPosition).bool(this.#isSnapshotDue).bool(this.#isForgetting);
    saveNumber(w, this.#forgottenAt).bytes(this.#chainHash);
    for (const byKey of [this.#latestTicks, this.#announced]) {
      saveAll(w, byKey, (_, [key, n]) => saveNumber(w.string(key), n));
    }
    this.#refusals.save(w);
    this.#poison.save(w);
    this.book.active.save(w);
    const indices = [...this.book.active.ids()].map((id) => this.#indexOf.get(id) as number);
    saveAll(w, indices, saveNumber);
    this.saveOwn(w);
  }

  /** Fills a fresh machine whose entries have been recalled. */
  load(r: BinaryReader): void {
    assert(r.uint32() === STATE_FORMAT, "a snapshot is of this format");
    this.#generation = r.uint32();
    this.#base = loadNumber(r);
    this.#position = loadNumber(r);
    this.#machineTimeMs = loadNumber(r);
    this.#lastHeadPosition = loadNumber(r);
    this.#lastSnapshotPosition = loadNumber(r);
    this.#isSnapshotDue = r.bool();
    this.#isForgetting = r.bool();
    this.#forgottenAt = loadNumber(r);
    this.#chainHash = loadBytes(r);
    for (const byKey of [this.#latestTicks, this.#announced]) {
      loadAll(r, () => byKey.set(r.string(), loadNumber(r)));
    }
    this.#refusals.load(r);
    this.#poison.load(r);
    this.book.active.load(r);
    const indices = loadAll(r, loadNumber);
    for (const id of this.book.active.ids()) this.#indexOf.set(id, indices.shift() as number);
    this.loadOwn(r);
  }

  /**
   * Applies the next message of the journal.
   * @param poison notes of a majority: the message is passed over, and nothing else changes.
   */
  step(position: number, bytes: Bytes, poison?: readonly Envelope[]): MachineStep {
    assert(position === this.#position + 1, "journal positions have no gaps");
    const message = decode(JournalMessageSchema, bytes, LIMITS.messageBytesMax);
    this.#chainHash = chainHashOf(this.crypto, this.#chainHash, message, bytes);
    this.#position = position;
    const step: MachineStep = {
      position,
      chainHash: this.#chainHash,
      records: [],
      outcomes: [],
      rejects: [],
      proofs: [],
    };
    const code = poison ? this.#passOver(poison, step) : this.#dispatch(message, step);
    if (code !== undefined) this.refuse(step, message, code);
    if (step.records.length > 0 || step.tick !== undefined) {
      this.#lastHeadPosition = position;
      const { epoch, rosterVersion } = this.view();
      const names = { controlIndex: this.controlIndex(), epoch, rosterVersion };
      const isForgetting = this.#isForgetting;
      const snapshot = this.#snapshotIfDue();
      if (isForgetting && snapshot !== undefined) step.isForgetting = true;
      if (snapshot !== undefined) step.snapshot = snapshot;
      const digest = snapshot === undefined ? NO_DIGEST : this.crypto.sha256(snapshot);
      step.head = this.book.head(this.point, names, digest);
      this.#lastHead = step.head;
    }
    return step;
  }

  /** What was erased here is in no snapshot from the next head on: all before it can go. */
  protected forget(): void {
    this.#isSnapshotDue = true;
    this.#isForgetting = true;
  }

  #snapshotIfDue(): Bytes | undefined {
    const view = this.view();
    if (view.machineVersion < 2) return undefined;
    const since = this.#position - this.#lastSnapshotPosition;
    // Streams are trimmed up to a distance below a sealed snapshot: one must follow that far above.
    const isFarAbove =
      this.#forgottenAt > 0 && this.#position >= this.#forgottenAt + LIMITS.trimSlack;
    const isDue = this.#isSnapshotDue || isFarAbove;
    if (!isDue && since < retentionOf(view).snapshotEvery) return undefined;
    if (isFarAbove) this.#forgottenAt = 0;
    if (this.#isForgetting) this.#forgottenAt = this.#position;
    this.#isSnapshotDue = false;
    this.#isForgetting = false;
    this.#lastSnapshotPosition = this.#position;
    return this.state();
  }

  /** The state as a snapshot would hold it now. */
  state(): Bytes {
    const w = new BinaryWriter();
    this.save(w);
    return Uint8Array.from(w.finish());
  }

  #dispatch(message: JournalMessage | undefined, step: MachineStep): RejectCode | undefined {
    const envelope = message?.envelope;
    if (message === undefined || envelope === undefined) return "malformed";
    if (message.format !== 1) return "unsupported-format";
    const kind = kindOfType(this.view().mesh, envelope.type);
    const isKnown = kind !== undefined && knowsKind(this.view().machineVersion, kind);
    if (!isKnown) return "wrong-type";
    step.kind = kind;
    if (kind === "tick") return this.#onTick(envelope, step);
    if (kind === "opening") return this.#onOpening(message, step);
    if (kind === "poison") return this.#onPoison(envelope, step);
    return this.onMessage(kind, message as JournalMessage & { envelope: Envelope }, step);
  }

  /** Counts a refusal against the member who signed, if one did. */
  protected refuse(
    step: MachineStep,
    message: JournalMessage | undefined,
    code: RejectCode,
    isSigned = false,
  ): void {
    const key = isSigned ? (message?.envelope?.signatures[0]?.key ?? NO_KEY) : NO_KEY;
    this.#refusals.add(key, code);
    step.rejects.push({ key: hex(key), code });
  }

  /** Enters an effect; private parts travel beside it. */
  protected enter(
    step: MachineStep,
    effect: Effect,
    privates: readonly PrivatePart[],
    subject?: SubjectText,
  ): MadeRecord {
    const { index, bytes, entry } = this.book.append(effect, this.point, subject);
    const record = create(EntryRecordSchema, { entry: bytes, privates: [...privates] });
    const made = { index, entry, entryBytes: bytes, bytes: encode(EntryRecordSchema, record) };
    step.records.push(made);
    if (effect.case === "opening") this.#isSnapshotDue = true;
    if (effect.case === "erasure") this.forget();
    if (entry.effect.case === "revocation") this.#indexOf.set(hex(entry.effect.value.id), index);
    return made;
  }

  #onTick(envelope: Envelope, step: MachineStep): RejectCode | undefined {
    const view = this.view();
    const opened = openEnvelope(this.crypto, view.mesh, "tick", envelope, view.findHolder);
    if (isReject(opened)) return opened.reject;
    const tick = decode(TickSchema, opened.body, LIMITS.envelopeBodyBytesMax);
    const key = envelope.signatures[0]?.key;
    if (tick === undefined || key === undefined || tick.ledger !== this.ledger) return "malformed";
    if (!equalBytes(tick.coordinatorKey, key)) return "malformed";
    const timeMs = Number(tick.timeMs);
    if (!Number.isSafeInteger(timeMs)) return "malformed";
    const before = this.#latestTicks.get(hex(key)) ?? 0;
    if (timeMs <= before) {
      step.staleTick = tick;
      return "stale-tick";
    }
    this.#latestTicks.set(hex(key), timeMs);
    this.#announced.set(hex(key), tick.machineVersion);
    this.#machineTimeMs = Math.max(this.#machineTimeMs, this.#median());
    step.tick = tick;
    for (const id of this.book.active.expire(this.#machineTimeMs)) this.#indexOf.delete(hex(id));
    this.onMachineTime(step);
    // The genesis is entry 1 of the control ledger: counts of what came before it wait.
    const isOpen = this.ledger !== Ledger.CONTROL || this.book.index > 0;
    const minute = isOpen ? this.#refusals.take(this.#machineTimeMs) : undefined;
    if (minute !== undefined) {
      const value = { minute: BigInt(minute.minute), counts: minute.counts.map((c) => ({ ...c })) };
      this.enter(step, { case: "refusals", value }, []);
    }
    return undefined;
  }

  /** The opening that a message would be here, as the next one. */
  openingOf(message: JournalMessage): CheckedOpening | Reject {
    const { ledger, point, lastHead } = this;
    return openingAt(this.crypto, this.view(), message, { ledger, point, lastHead });
  }

  #passOver(notes: readonly Envelope[], step: MachineStep): undefined {
    const position = this.#position;
    this.#poison.pass(position);
    const value = { position: BigInt(position), notes: [...notes] };
    this.enter(step, { case: "poison", value }, []);
  }

  #onPoison(envelope: Envelope, step: MachineStep): RejectCode | undefined {
    const taken = this.#poison.take(this.crypto, this.view(), envelope, {
      ledger: this.ledger,
      generation: this.#generation,
    });
    if (typeof taken === "string") return taken;
    if (taken !== undefined) step.poisoned = taken;
    return undefined;
  }

  #onOpening(message: JournalMessage, step: MachineStep): RejectCode | undefined {
    const checked = openingAt(this.crypto, this.view(), message, {
      ledger: this.ledger,
      // As of the message before: the chain already names this one.
      point: { ...this.point, position: this.#position - 1 },
      lastHead: this.#lastHead,
    });
    if (isReject(checked)) return checked.reject;
    this.#generation = checked.generation;
    this.#base = this.#position - 1;
    this.enter(step, { case: "opening", value: checked.opening }, []);
    return undefined;
  }

  /** The machine version that every coordinator can run by what it said last. */
  protected announcedByAll(): number {
    const versions = this.view()
      .coordinatorKeys()
      .map((key) => this.#announced.get(hex(key)) ?? 0);
    return Math.min(...versions);
  }

  /** Lower median of every coordinator's latest tick; who has not ticked counts as zero. */
  #median(): number {
    const times = this.view()
      .coordinatorKeys()
      .map((key) => this.#latestTicks.get(hex(key)) ?? 0)
      .sort((a, b) => a - b);
    return times[Math.floor((times.length - 1) / 2)] as number;
  }
}
