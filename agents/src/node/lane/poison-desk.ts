// What a coordinator does about a message at which its machine fails: records it BEFORE the process
// ends, stops there after two failures, says so in the journal, and passes over the message once a
// majority says the same. Must never count anything but a failure of the machine itself: a kill is
// none, and a full disk is none.

import {
  type Bytes,
  type Channels,
  type Crypto,
  decode,
  type Envelope,
  encodeNew,
  JournalMessageSchema,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  ledgerName,
  PoisonNoteSchema,
  PoisonSchema,
} from "@ostraka/proto";
import {
  BinaryReader,
  BinaryWriter,
  type MeshView,
  type Out,
  orderedKey,
  type Store,
  type Write,
} from "../../kernel/index.ts";
import { type PoisonMajority, PoisonTally } from "../../repair/index.ts";
import type { CoordinatorEffect } from "../coordinator/coordinator-io.ts";
import { chainHashAfter } from "../machine/journal-chain.ts";
import type { JournalMachine, MachineStep } from "../machine/journal-machine.ts";
import { cutRows } from "./journal-cut.ts";
import { LaneRows } from "./lane-rows.ts";

type CoordinatorOut = Out<CoordinatorEffect>;

/** Called before a message is applied; a test may fail there. */
export type StepHook = (ledger: LedgerId, position: number) => void;

export interface PoisonDeskParts {
  readonly crypto: Crypto;
  readonly store: Store;
  readonly channels: Channels;
  readonly publicKey: Bytes;
  readonly machine: JournalMachine;
  /** Which program this is: another one may have mended what failed. */
  readonly release: string;
  readonly onStep?: StepHook | undefined;
}

/** Failures at one position after which the machine is not asked again. */
const FAILURES_MAX = 2;
const WHY_MAX = 200;
/** The note is said again this often, until it is in the journal of everybody. */
const NOTE_EVERY_MS = 5_000;

interface Failure {
  readonly position: number;
  readonly failures: number;
  readonly release: string;
  readonly why: string;
}

interface Stall {
  readonly position: number;
  readonly why: string;
  /** Of the chain with the message, once the stream has handed it out. */
  chainHash?: Bytes;
  /** Position read ahead next: what lies behind the message is looked through for notes. */
  next: number;
  tally: PoisonTally;
  notedMs: number;
}

export class PoisonDesk {
  readonly #p: PoisonDeskParts;
  readonly #letter: string;
  #stall: Stall | undefined;
  /** The store goes back: nothing more is taken in before it is opened again. */
  #isOver = false;

  constructor(parts: PoisonDeskParts) {
    this.#p = parts;
    this.#letter = ledgerLetter(parts.machine.ledger);
  }

  /** Where deciding has stopped, and why; `undefined` while the machine works. */
  get stalled(): { readonly position: number; readonly why: string } | undefined {
    return this.#stall;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  open(): void {
    const known = this.#known();
    if (known === undefined || known.failures < FAILURES_MAX) return;
    if (known.release !== this.#p.release) return;
    const { position, why } = known;
    this.#stall = { position, why, next: position, tally: new PoisonTally(), notedMs: 0 };
  }

  /** Whether the message at a position is not to be asked of the machine again. */
  stopsAt(position: number): boolean {
    return this.#stall?.position === position;
  }

  /** Steps the machine. What it throws is recorded, fsynced, and thrown on. */
  step(position: number, bytes: Bytes): MachineStep {
    const { machine, onStep, store } = this.#p;
    const notes = this.#notesAt(position);
    if (notes !== undefined) return machine.step(position, bytes, notes);
    try {
      onStep?.(machine.ledger, position);
      return machine.step(position, bytes);
    } catch (error) {
      store.write([this.#failureRow(position, error)]);
      throw error;
    }
  }

  /** Looks through what comes at and after the message for notes of a majority. */
  readAhead(view: MeshView, position: number, bytes: Bytes, out: CoordinatorOut): void {
    const stall = this.#stall;
    if (stall === undefined || this.#isOver) return;
    const { crypto, machine } = this.#p;
    if (position === stall.position) {
      stall.chainHash = chainHashAfter(crypto, machine.point.chainHash, bytes);
      stall.next = position + 1;
      stall.tally = new PoisonTally();
      return;
    }
    if (position !== stall.next) return;
    stall.next++;
    const envelope = noteIn(bytes);
    if (envelope === undefined) return;
    const majority = stall.tally.take(crypto, view, envelope, {
      ledger: machine.ledger,
      generation: machine.point.generation,
    });
    if (typeof majority === "string" || majority?.position !== stall.position) return;
    out.persist.push(this.#poisonedRow(majority), { key: `poison/${this.#letter}` });
    this.#startOver(majority, out);
  }

  /** A majority fails at what this machine has applied: back, and over it. */
  goBack(majority: PoisonMajority, out: CoordinatorOut): void {
    const { crypto, machine, store } = this.#p;
    const { ledger, lastHeadPosition } = machine;
    const cut = cutRows(crypto, store, ledger, majority.position - 1, out.persist);
    // What was signed from there on was signed ONCE: nothing is signed there again.
    const mute = mutedRow(store, this.#letter, lastHeadPosition);
    out.persist.push(...cut, mute, this.#poisonedRow(majority));
    this.#startOver(majority, out);
  }

  /** Says that the machine fails here, now and then. */
  tick(wallMs: number, out: CoordinatorOut): void {
    const stall = this.#stall;
    if (stall?.chainHash === undefined || this.#isOver) return;
    if (Math.abs(wallMs - stall.notedMs) < NOTE_EVERY_MS) return;
    stall.notedMs = wallMs;
    const { channels, machine, publicKey } = this.#p;
    const body = encodeNew(PoisonNoteSchema, {
      format: 1,
      coordinatorKey: publicKey,
      ledger: machine.ledger,
      generation: machine.point.generation,
      position: BigInt(stall.position),
      chainHash: stall.chainHash,
      why: stall.why,
    });
    const channel = channels.journal(machine.ledger, publicKey);
    const messageId = `poison/${stall.position}/${wallMs}`;
    out.seal.push({ kind: "poison", body, channel, messageId });
  }

  #startOver({ position }: PoisonMajority, out: CoordinatorOut): void {
    this.#isOver = true;
    const ledger = ledgerName(this.#p.machine.ledger);
    out.trace.push({ what: "passed-over", ledger, position });
    out.enforce.push({ type: "reopen" });
  }

  #notesAt(position: number): readonly Envelope[] | undefined {
    const bytes = this.#p.store.get(`poisoned/${this.#letter}/${orderedKey(position)}`);
    return bytes && decode(PoisonSchema, bytes, LIMITS.messageBytesMax)?.notes;
  }

  #poisonedRow({ position, notes }: PoisonMajority): Write {
    const key = `poisoned/${this.#letter}/${orderedKey(position)}`;
    const value = encodeNew(PoisonSchema, { position: BigInt(position), notes: [...notes] });
    return { key, value };
  }

  #failureRow(position: number, error: unknown): Write {
    const { release } = this.#p;
    const known = this.#known();
    const isAgain = known?.position === position && known.release === release;
    const failures = isAgain ? known.failures + 1 : 1;
    const why = (error instanceof Error ? error.message : String(error)).slice(0, WHY_MAX);
    const w = new BinaryWriter().uint64(position).uint32(failures).string(release).string(why);
    return { key: `poison/${this.#letter}`, value: Uint8Array.from(w.finish()) };
  }

  #known(): Failure | undefined {
    const bytes = this.#p.store.get(`poison/${this.#letter}`);
    if (bytes === undefined) return undefined;
    const r = new BinaryReader(bytes);
    const position = Number(r.uint64());
    return { position, failures: r.uint32(), release: r.string(), why: r.string() };
  }
}

/** The envelope of a note, if the message is one by its type. */
function noteIn(bytes: Bytes): Envelope | undefined {
  const message = decode(JournalMessageSchema, bytes, LIMITS.messageBytesMax);
  const envelope = message?.envelope;
  return envelope?.type.includes(".poison.v1;") === true ? envelope : undefined;
}

/** The row by which nothing is signed up to a position (`wipe-guard.ts`). */
function mutedRow(store: Store, letter: string, position: number): Write {
  const rows = new LaneRows(store, letter);
  const key = `mute/${letter}`;
  return rows.numberRow(key, Math.max(position, rows.number(key) ?? 0));
}
