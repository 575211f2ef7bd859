// A coordinator's wiring: two machines, their sealers, the store they are opened from, and what
// leaves. Everything that is answered or published here is durable first (I4). Pure: production and
// the simulator run this same file.

import {
  type Bytes,
  type Channels,
  type Crypto,
  channelsOf,
  decode,
  type Envelope,
  EnvelopeSchema,
  encode,
  encodeNew,
  equalBytes,
  hex,
  isReject,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  ledgerName,
  type PrivatePart,
  ResyncRequestSchema,
  SealedHeadSchema,
  TickSchema,
} from "@ostraka/proto";
import { MACHINE_VERSION_MAX, type Out, orderedKey, type Store } from "../kernel/index.ts";
import type { OpenedGenesis } from "../roster/index.ts";
import { openSealedHead, type Sealed, Sealer } from "../sealer/index.ts";
import { AckDesk } from "./ack-desk.ts";
import { makeImport } from "./control-import.ts";
import { ControlMachine } from "./control-machine.ts";
import type { JournalMachine, MachineStep } from "./journal-machine.ts";
import { JournalWatch } from "./journal-watch.ts";
import { ReceiptBook } from "./receipt-book.ts";
import { ResyncDesk } from "./resync-desk.ts";
import { SignalsMachine } from "./signals-machine.ts";
import { Submissions } from "./submissions.ts";

export type CoordinatorInput =
  | {
      readonly type: "message";
      readonly ledger: LedgerId;
      readonly position: number;
      readonly bytes: Bytes;
    }
  | { readonly type: "head"; readonly bytes: Bytes }
  | { readonly type: "receipt"; readonly bytes: Bytes }
  | { readonly type: "resync"; readonly bytes: Bytes; readonly to: number }
  | {
      readonly type: "submit";
      readonly envelope: Envelope;
      readonly privates: readonly PrivatePart[];
      readonly to: number;
      readonly untilMs: number;
    }
  | { readonly type: "clock"; readonly wallMs: number }
  /** The journal was read again after a (re)connect: its last position, and the message at ours. */
  | {
      readonly type: "reread";
      readonly ledger: LedgerId;
      readonly lastPosition: number;
      readonly bytesAtOurs?: Bytes;
    };

/** What the API hears of. */
export type CoordinatorEffect =
  | { readonly type: "receipt"; readonly envelope: Envelope }
  | { readonly type: "sealed"; readonly ledger: LedgerId; readonly index: number };

export interface CoordinatorOptions {
  readonly crypto: Crypto;
  readonly genesis: OpenedGenesis;
  /** This coordinator's signing key. */
  readonly publicKey: Bytes;
  readonly store: Store;
}

interface LedgerState {
  readonly machine: JournalMachine;
  readonly sealer: Sealer;
  readonly watch: JournalWatch;
  /** Position up to which heads and entries have been handed to the bus. */
  published: number;
  /** Our own newest heads by position, to compare with what a majority has sealed. */
  readonly ownHeads: Map<number, Bytes>;
  /** Index up to which a majority has sealed the very bytes that we made. */
  confirmedIndex: number;
}

export class CoordinatorNode {
  readonly control: ControlMachine;
  readonly signals: SignalsMachine;
  readonly receipts: ReceiptBook;
  readonly publicKey: Bytes;
  readonly channels: Channels;
  readonly #crypto: Crypto;
  readonly #store: Store;
  readonly #ledgers: ReadonlyMap<LedgerId, LedgerState>;
  readonly #submissions = new Submissions();
  readonly #resync: ResyncDesk;
  readonly #acks: AckDesk;
  readonly #liars = new Set<string>();
  #wallMs = 0;
  #imported = { index: 0, wallMs: 0 };

  constructor(options: CoordinatorOptions) {
    const { crypto, genesis, publicKey, store } = options;
    this.#crypto = crypto;
    this.#store = store;
    this.publicKey = publicKey;
    this.channels = channelsOf(genesis.mesh);
    this.control = new ControlMachine(crypto, genesis);
    this.signals = new SignalsMachine(crypto, genesis);
    this.receipts = new ReceiptBook(crypto);
    this.#acks = new AckDesk(this.signals.intake, publicKey);
    const state = (machine: JournalMachine): LedgerState => ({
      machine,
      sealer: new Sealer(crypto, machine.ledger),
      watch: new JournalWatch(),
      published: 0,
      ownHeads: new Map(),
      confirmedIndex: 0,
    });
    this.#ledgers = new Map([
      [Ledger.CONTROL as LedgerId, state(this.control)],
      [Ledger.SIGNALS as LedgerId, state(this.signals)],
    ]);
    this.#resync = new ResyncDesk(store, (ledger) => {
      const { machine, sealer } = this.#state(ledger);
      return { machine, sealed: sealer.latest };
    });
  }

  /**
   * Rebuilds both machines from the own copy of the journals; sends again what may not have left.
   */
  open(out: Out<CoordinatorEffect>): void {
    for (const ledger of LEDGERS) this.#openLedger(ledger, out);
    for (const [, bytes] of this.#store.scan("receipt/")) {
      this.receipts.take(this.control.mesh.view, bytes);
    }
  }

  status(ledger: LedgerId) {
    const { machine, sealer, watch } = this.#state(ledger);
    const missing = sealer.missingSeals(this.control.mesh.view);
    return {
      point: machine.point,
      index: machine.book.index,
      active: machine.book.active.size,
      sealed: sealer.latest,
      damage: watch.damage,
      dissenters: [...watch.dissenters, ...this.#liars],
      missingSeals: missing,
    };
  }

  /** Position of the next message wanted from a journal. */
  nextPosition(ledger: LedgerId): number {
    return this.#state(ledger).machine.point.position + 1;
  }

  step(input: CoordinatorInput, out: Out<CoordinatorEffect>): void {
    switch (input.type) {
      case "message":
        this.#onMessage(input, out);
        break;
      case "head":
        this.#onHead(input.bytes, out);
        break;
      case "receipt":
        this.#onReceipt(input.bytes, out);
        break;
      case "resync":
        this.#onResync(input, out);
        break;
      case "submit":
        this.#onSubmit(input, out);
        break;
      case "clock":
        this.#onClock(input.wallMs, out);
        break;
      case "reread":
        this.#onReread(input, out);
        break;
    }
  }

  #state(ledger: LedgerId): LedgerState {
    return this.#ledgers.get(ledger) as LedgerState;
  }

  #openLedger(ledger: LedgerId, out: Out<CoordinatorEffect>): void {
    const state = this.#state(ledger);
    const letter = ledgerLetter(ledger);
    const cursor = this.#store.get(`published/${letter}`);
    state.published = cursor === undefined ? 0 : numberOf(cursor);
    for (const [key, bytes] of this.#store.scan(`journal/${letter}/`)) {
      const step = state.machine.step(Number(key.slice(-16)), bytes);
      state.watch.remember(step.position, step.chainHash);
      this.#rememberHead(state, step);
      const stored = this.#store.get(`head/${letter}/${orderedKey(step.position)}`);
      // I3: our own copy must make the head that we signed; anything else is damage, not history.
      if (stored !== undefined && !equalBytes(stored, step.head ?? new Uint8Array())) {
        state.watch.damage = `own copy makes another head at ${letter}:${step.position}`;
        return;
      }
      if (step.position > state.published) this.#publishStep(ledger, step, out);
    }
    const sealedBytes = this.#store.get(`sealed-latest/${letter}`);
    const sealed = sealedBytes && decode(SealedHeadSchema, sealedBytes, LIMITS.messageBytesMax);
    if (sealed === undefined) return;
    const head = openSealedHead(this.#crypto, this.control.mesh.view, sealed);
    if (!isReject(head)) state.sealer.adopt({ head, sealed });
    this.#confirm(ledger, out);
  }

  #rememberHead({ ownHeads }: LedgerState, { position, head }: MachineStep): void {
    if (head === undefined) return;
    ownHeads.set(position, head);
    const [oldest] = ownHeads.keys();
    if (ownHeads.size > LIMITS.pendingHeadsMax) ownHeads.delete(oldest as number);
  }

  /**
   * Compares the newest sealed head with our own of that position: an OK stands on our bytes under
   * a majority's seals (I4), and a majority of another history means that ours is the damaged one
   * (I3).
   */
  #confirm(ledger: LedgerId, out: Out<CoordinatorEffect>): void {
    const { sealer, ownHeads, watch } = this.#state(ledger);
    const { latest } = sealer;
    const own = latest && ownHeads.get(Number(latest.head.position));
    if (latest === undefined || own === undefined) return;
    if (equalBytes(own, latest.sealed.head)) {
      this.#state(ledger).confirmedIndex = Number(latest.head.index);
      return;
    }
    const at = `${ledgerLetter(ledger)}:${latest.head.position}`;
    watch.damage ??= `a majority has sealed another head than ours at ${at}`;
    out.trace.push({ what: "journal-damaged", ledger: ledgerName(ledger), why: watch.damage });
  }

  #onMessage(input: CoordinatorInput & { type: "message" }, out: Out<CoordinatorEffect>): void {
    const { ledger, position, bytes } = input;
    const state = this.#state(ledger);
    if (state.watch.damage !== undefined) return;
    const expected = state.machine.point.position + 1;
    if (position < expected) return;
    if (position > expected) {
      state.watch.damage = `message ${ledgerLetter(ledger)}:${expected} is missing`;
      out.trace.push({
        what: "journal-damaged",
        ledger: ledgerName(ledger),
        why: state.watch.damage,
      });
      return;
    }
    const step = state.machine.step(position, bytes);
    state.watch.remember(position, step.chainHash);
    this.#rememberHead(state, step);
    this.#confirm(ledger, out);
    const letter = ledgerLetter(ledger);
    out.persist.push({ key: `journal/${letter}/${orderedKey(position)}`, value: bytes });
    for (const record of step.records) {
      out.persist.push({
        key: `record/${letter}/${orderedKey(record.index)}`,
        value: record.bytes,
      });
    }
    if (step.head !== undefined) {
      out.persist.push({ key: `head/${letter}/${orderedKey(position)}`, value: step.head });
    }
    this.#publishStep(ledger, step, out);
    for (const outcome of step.outcomes) this.#submissions.decided(outcome, bytes);
    this.#afterStep(ledger, step, out);
  }

  #publishStep(ledger: LedgerId, step: MachineStep, out: Out<CoordinatorEffect>): void {
    const channel = this.channels.verdicts(ledger);
    for (const { bytes } of step.records) out.publish.push({ channel, bytes });
    if (step.head !== undefined) {
      const heads = this.channels.heads(ledger, this.publicKey);
      out.seal.push({ kind: "head", body: step.head, channel: heads });
    }
  }

  /** The pump has handed everything up to here to the bus: the cursor may move (DESIGN.md 9). */
  onPublished(): void {
    for (const state of this.#ledgers.values()) state.published = state.machine.point.position;
  }

  #afterStep(ledger: LedgerId, step: MachineStep, out: Out<CoordinatorEffect>): void {
    const { watch } = this.#state(ledger);
    for (const { key, code } of step.rejects) {
      const at = `${ledgerLetter(ledger)}:${step.position}`;
      out.trace.push({ what: "rejected", at, code, key: key.slice(0, 16), kind: step.kind });
    }
    for (const { index, entry } of step.records) {
      const at = `${ledgerLetter(ledger)}:${index}`;
      out.trace.push({ what: "entered", at, effect: entry.effect.case });
    }
    this.#answerSubmissions(out);
    const host = step.kind === "batch" ? this.signals.lastBatchHost : undefined;
    if (host !== undefined) this.#acks.note(host, step.position);
    if (step.kind === "import") this.#import(out);
    if (step.tick === undefined) return;
    watch.compare(step.tick, this.control.mesh.view.coordinatorKeys().length);
    if (ledger === Ledger.SIGNALS) this.#acknowledge(out);
  }

  #acknowledge(out: Out<CoordinatorEffect>): void {
    for (const { hostKey, body } of this.#acks.take(this.signals.point.generation)) {
      out.seal.push({ kind: "ack", body, channel: this.channels.acks(hostKey) });
    }
  }

  #onResync(input: CoordinatorInput & { type: "resync" }, out: Out<CoordinatorEffect>): void {
    const request = decode(ResyncRequestSchema, input.bytes, LIMITS.envelopeBodyBytesMax);
    if (request === undefined || request.format !== 1) return;
    if (request.want.case !== "incarnation") {
      const bytes = this.#resync.answer(request);
      if (bytes !== undefined) out.reply.push({ to: input.to, bytes });
      return;
    }
    // What an earlier incarnation got through is said as every acknowledgement is: signed.
    const { hostKey } = request;
    if (this.control.mesh.view.hostOf(hostKey) === undefined) return;
    if (request.want.value.length !== INCARNATION_BYTES) return;
    const { generation, position } = this.signals.point;
    const body = this.#acks.bodyOf(hostKey, generation, position, request.want.value);
    if (body !== undefined) {
      out.seal.push({ kind: "ack", body, channel: this.channels.acks(hostKey) });
    }
  }

  #onHead(bytes: Bytes, out: Out<CoordinatorEffect>): void {
    const envelope = decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
    if (envelope === undefined) return;
    const { view } = this.control.mesh;
    for (const ledger of LEDGERS) {
      const { sealer } = this.#state(ledger);
      const sealed = sealer.take(view, envelope);
      if (sealed === undefined) continue;
      if (!isReject(sealed)) this.#onSealed(ledger, sealed, out);
      else if (sealed.reject === "equivocation") {
        const liar = hex(envelope.signatures[0]?.key ?? new Uint8Array());
        this.#liars.add(liar);
        out.trace.push({ what: "equivocation", ledger: ledgerName(ledger), key: liar });
      }
    }
  }

  #onSealed(ledger: LedgerId, { head, sealed }: Sealed, out: Out<CoordinatorEffect>): void {
    const letter = ledgerLetter(ledger);
    const value = encode(SealedHeadSchema, sealed);
    const index = Number(head.index);
    out.persist.push({ key: `sealed/${letter}/${orderedKey(index)}`, value });
    out.persist.push({ key: `sealed-latest/${letter}`, value });
    const cursor = bytesOf(this.#state(ledger).published);
    out.persist.push({ key: `published/${letter}`, value: cursor });
    this.#confirm(ledger, out);
    out.enforce.push({ type: "sealed", ledger, index });
    out.trace.push({ what: "sealed", at: `${letter}:${index}`, position: Number(head.position) });
    if (ledger === Ledger.CONTROL) {
      this.#answerSubmissions(out);
      this.#import(out);
    }
  }

  /** Brings sealed control entries into the signals journal, if nobody has yet. */
  #import(out: Out<CoordinatorEffect>): void {
    const from = this.signals.importedIndex;
    const { latest } = this.#state(Ledger.CONTROL).sealer;
    const sealedIndex = Number(latest?.head.index ?? 0);
    if (sealedIndex <= from || this.signals.point.machineTimeMs === 0) return;
    // One at a time: what is sealed meanwhile goes along in the next.
    // Also when the own clock was set back: waiting for it to catch up could take hours.
    const isRecent = Math.abs(this.#wallMs - this.#imported.wallMs) < 2 * LIMITS.tickMs;
    if (this.#imported.index > from && isRecent) return;
    const { book } = this.control;
    const made = latest && makeImport(this.#store, book, this.publicKey, from, latest);
    if (made === undefined) return;
    this.#imported = { index: made.index, wallMs: this.#wallMs };
    const channel = this.channels.journal(Ledger.SIGNALS, this.publicKey);
    // A message id of its own a try: an import that was refused must not silence the next one.
    const messageId = `import/${made.index}/${Math.floor(this.#wallMs / (2 * LIMITS.tickMs))}`;
    out.seal.push({ kind: "import", body: made.body, channel, messageId });
  }

  #onReceipt(bytes: Bytes, out: Out<CoordinatorEffect>): void {
    const taken = this.receipts.take(this.control.mesh.view, bytes, {
      controlIndex: this.control.book.index,
      signalsIndex: this.signals.book.index,
      machineTimeMs: this.#wallMs + LIMITS.expirySlackMs,
    });
    if (taken === undefined || isReject(taken)) return;
    out.persist.push({ key: `receipt/${hex(taken.receipt.hostKey)}`, value: bytes });
    out.enforce.push({ type: "receipt", envelope: taken.envelope });
  }

  #onSubmit(input: CoordinatorInput & { type: "submit" }, out: Out<CoordinatorEffect>): void {
    const submission = this.#submissions.add(this.#crypto, input);
    if (submission === undefined) return;
    const known = this.control.outcomeOf(submission.command);
    if (known !== undefined) this.#submissions.decided(known);
    else this.#publishCommand(submission.command, submission.message, out);
    this.#answerSubmissions(out);
  }

  #publishCommand(command: string, bytes: Bytes, out: Out<CoordinatorEffect>): void {
    const channel = this.channels.journal(Ledger.CONTROL, this.publicKey);
    // A message id of its own a try: a command that was refused may be right when it is sent again.
    const messageId = `${command}/${Math.floor(this.#wallMs / (2 * LIMITS.tickMs))}`;
    out.publish.push({ channel, bytes, messageId });
  }

  #answerSubmissions(out: Out<CoordinatorEffect>): void {
    const { confirmedIndex } = this.#state(Ledger.CONTROL);
    for (const answer of this.#submissions.answers(confirmedIndex, this.#wallMs)) {
      out.reply.push(answer);
    }
  }

  #onClock(wallMs: number, out: Out<CoordinatorEffect>): void {
    this.#wallMs = wallMs;
    for (const ledger of LEDGERS) this.#tick(ledger, wallMs, out);
    for (const { command, message } of this.#submissions.unseen()) {
      this.#publishCommand(command, message, out);
    }
    this.#answerSubmissions(out);
    this.#import(out);
  }

  #tick(ledger: LedgerId, wallMs: number, out: Out<CoordinatorEffect>): void {
    const { machine, watch } = this.#state(ledger);
    if (watch.damage !== undefined) return;
    const { generation, position, chainHash } = machine.point;
    const body = encodeNew(TickSchema, {
      format: 1,
      coordinatorKey: this.publicKey,
      ledger,
      timeMs: BigInt(wallMs),
      generation,
      position: BigInt(position),
      chainHash,
      machineVersion: MACHINE_VERSION_MAX,
    });
    const channel = this.channels.journal(ledger, this.publicKey);
    const messageId = `tick/${hex(this.publicKey.subarray(0, 8))}/${wallMs}`;
    out.seal.push({ kind: "tick", body, channel, messageId });
  }

  #onReread(input: CoordinatorInput & { type: "reread" }, out: Out<CoordinatorEffect>): void {
    const { watch, machine } = this.#state(input.ledger);
    if (watch.damage !== undefined) return;
    const letter = ledgerLetter(input.ledger);
    const { position } = machine.point;
    const ours = this.#store.get(`journal/${letter}/${orderedKey(position)}`);
    const isSame =
      ours === undefined ||
      (input.bytesAtOurs !== undefined && equalBytes(ours, input.bytesAtOurs));
    if (input.lastPosition < position) {
      const end = `${letter}:${input.lastPosition}`;
      watch.damage = `journal ends at ${end}, we applied ${letter}:${position}`;
    } else if (!isSame) watch.damage = `message ${letter}:${position} is not the one we applied`;
    if (watch.damage === undefined) return;
    out.trace.push({
      what: "journal-damaged",
      ledger: ledgerName(input.ledger),
      why: watch.damage,
    });
  }
}

const INCARNATION_BYTES = 16;

function bytesOf(n: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(n));
  return bytes;
}

function numberOf(bytes: Bytes): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0));
}
