// A coordinator's wiring: a lane for each ledger, and the desks around them for callers, hosts and
// receipts. Everything that is answered or published here is durable first (I4). Pure: production
// and the simulator run this same file.

import {
  type Bytes,
  type Channels,
  type Crypto,
  channelsOf,
  decode,
  EnvelopeSchema,
  hex,
  isReject,
  LEDGERS,
  Ledger,
  type LedgerId,
  LIMITS,
  ledgerName,
  ResyncRequestSchema,
  ResyncResponseSchema,
} from "@ostraka/proto";
import type { Out, Store } from "../../kernel/index.ts";
import type { OpenedGenesis } from "../../roster/index.ts";
import type { Sealed } from "../../sealer/index.ts";
import { CatchUp } from "../lane/catch-up.ts";
import { cutRows } from "../lane/journal-cut.ts";
import { laneStatus } from "../lane/lane-status.ts";
import { LedgerLane } from "../lane/ledger-lane.ts";
import type { StepHook } from "../lane/poison-desk.ts";
import { type JournalPlace, RepairDesk } from "../lane/repair-desk.ts";
import { ControlMachine } from "../machine/control-machine.ts";
import type { MachineStep } from "../machine/journal-machine.ts";
import { SignalsMachine } from "../machine/signals-machine.ts";
import { AckDesk } from "./ack-desk.ts";
import type { CoordinatorEffect, CoordinatorInput, OrderAnswer } from "./coordinator-io.ts";
import { DutyDesk } from "./duty-desk.ts";
import { EquivocationDesk } from "./equivocation-desk.ts";
import { ImportDesk } from "./import-desk.ts";
import { QuestionDesk } from "./question-desk.ts";
import { ReceiptBook } from "./receipt-book.ts";
import { RetentionDesk } from "./retention-desk.ts";
import { Submissions } from "./submissions.ts";

export interface CoordinatorOptions {
  readonly crypto: Crypto;
  readonly genesis: OpenedGenesis;
  /** This coordinator's signing key. */
  readonly publicKey: Bytes;
  readonly store: Store;
  /** How often the mesh is probed. */
  readonly probeMs?: number;
  /** Which program this is; another one is asked anew for what this one failed at. */
  readonly release?: string;
  /** Called before each message is applied; a test may fail there. */
  readonly onStep?: StepHook | undefined;
}

export class CoordinatorNode {
  readonly control: ControlMachine;
  readonly signals: SignalsMachine;
  readonly receipts: ReceiptBook;
  readonly publicKey: Bytes;
  readonly channels: Channels;
  /** Reports, claims of coverage and probes. */
  readonly duties: DutyDesk;
  readonly #crypto: Crypto;
  readonly #store: Store;
  readonly #lanes: ReadonlyMap<LedgerId, LedgerLane>;
  readonly #repairs: ReadonlyMap<LedgerId, RepairDesk>;
  readonly #submissions = new Submissions();
  readonly #questions: QuestionDesk;
  readonly #acks: AckDesk;
  readonly #imports: ImportDesk;
  readonly #retention: RetentionDesk;
  readonly #catchUp: CatchUp;
  readonly #equivocations: EquivocationDesk;
  readonly #liars = new Set<string>();
  #wallMs = 0;

  constructor(options: CoordinatorOptions) {
    const { crypto, genesis, publicKey, store, release = "", onStep } = options;
    this.#crypto = crypto;
    this.#store = store;
    this.publicKey = publicKey;
    const channels = channelsOf(genesis.mesh);
    this.channels = channels;
    this.receipts = new ReceiptBook(crypto);
    this.control = new ControlMachine(crypto, genesis);
    this.signals = new SignalsMachine(crypto, genesis);
    const parts = { crypto, store, channels, publicKey, release, onStep };
    this.#lanes = new Map<LedgerId, LedgerLane>([
      [Ledger.CONTROL, new LedgerLane(parts, this.control)],
      [Ledger.SIGNALS, new LedgerLane(parts, this.signals)],
    ]);
    this.#repairs = new Map(
      [...this.#lanes].map(([ledger, lane]) => {
        const view = () => this.control.mesh.view;
        return [ledger, new RepairDesk({ ...parts, lane, book: lane.repair, view })];
      }),
    );
    const { receipts, control } = this;
    const probeMs = options.probeMs ?? LIMITS.probeMs;
    this.duties = new DutyDesk({ ...parts, receipts, control, probeMs });
    this.#acks = new AckDesk(this.signals.intake, publicKey);
    this.#imports = new ImportDesk({ store, channels, publicKey });
    this.#retention = new RetentionDesk(store, this.#lanes.values(), this.receipts);
    const { erased } = this.#retention;
    this.#catchUp = new CatchUp({ ...parts, genesis, lanes: this.#lanes, erased });
    this.#equivocations = new EquivocationDesk(channels, publicKey);
    const { signals } = this;
    const lanes = this.#lanes;
    this.#questions = new QuestionDesk({ ...parts, control, signals, lanes, acks: this.#acks });
  }

  /**
   * Rebuilds both machines from the own copy of the journals; sends again what may not have left.
   */
  open(out: Out<CoordinatorEffect>): void {
    for (const lane of this.#lanes.values()) {
      lane.open(out);
      lane.openSealed(this.control.mesh.view, out);
      this.#repair(lane.ledger).open(out);
    }
    this.#retention.open();
    this.duties.open();
    for (const [, bytes] of this.#store.scan("receipt/")) {
      this.receipts.take(this.control.mesh.view, bytes);
    }
  }

  status(ledger: LedgerId) {
    const { view } = this.control.mesh;
    return laneStatus(this.#lane(ledger), this.#repair(ledger), view, this.#liars);
  }

  /** The newest sealed head of a ledger, for who asks often. */
  sealedOf(ledger: LedgerId): Sealed | undefined {
    return this.#lane(ledger).sealer.latest;
  }

  /** The newest head of a ledger heard from a coordinator since this process began. */
  newestHeadOf(ledger: LedgerId, coordinatorKey: Uint8Array) {
    return this.#lane(ledger).sealer.newestOf(coordinatorKey);
  }

  /** Position of the next message wanted from a journal. */
  nextPosition(ledger: LedgerId): number {
    return this.#lane(ledger).machine.point.position + 1;
  }

  /** First position that the own copy still holds; the next one when it holds none. */
  firstKept(ledger: LedgerId): number {
    return this.#lane(ledger).rows.first("journal") ?? this.nextPosition(ledger);
  }

  /** Where a journal is read from; `undefined` while its next generation is awaited. */
  journalPlace(ledger: LedgerId): JournalPlace | undefined {
    return this.#repair(ledger).place;
  }

  awaitedGeneration(ledger: LedgerId): number | undefined {
    return this.#repair(ledger).isPlaced ? undefined : this.#repair(ledger).awaited;
  }

  /** Whether the awaited generation's stream is for us to make. */
  isReadyToOpen(ledger: LedgerId): boolean {
    return this.#repair(ledger).isReady;
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
        this.#questions.onResync(input, out);
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
      case "scrub":
        this.#onScrub(input, out);
        break;
      case "stream":
        this.#repair(input.ledger).onStream(input.generation, input.first, out);
        break;
      case "retired":
        this.#repair(input.ledger).heard(input.generation + 1, out);
        break;
      case "repair":
        this.#onRepair(input.bytes, out);
        break;
      case "order":
        this.#onOrder(input, out);
        break;
      case "answer":
        this.#onAnswer(input, out);
        break;
    }
  }

  /** The pump has handed everything up to here to the bus. */
  onPublished(): void {
    for (const lane of this.#lanes.values()) lane.onPublished();
  }

  #lane(ledger: LedgerId): LedgerLane {
    return this.#lanes.get(ledger) as LedgerLane;
  }

  #repair(ledger: LedgerId): RepairDesk {
    return this.#repairs.get(ledger) as RepairDesk;
  }

  /** Goes back to what is common, and takes the rest from others instead of the stream. */
  #leaveFork(lane: LedgerLane, out: Out<CoordinatorEffect>): void {
    const position = lane.takeFork();
    if (position === undefined) return;
    out.persist.push(...lane.dissentRows(position));
    out.persist.push(...cutRows(this.#crypto, this.#store, lane.ledger, position, out.persist));
    out.persist.push(lane.forkRow(position));
    out.trace.push({ what: "went-back", ledger: ledgerName(lane.ledger), to: position });
    out.enforce.push({ type: "reopen" });
  }

  #onReread(input: CoordinatorInput & { type: "reread" }, out: Out<CoordinatorEffect>): void {
    const { ledger, lastPosition, bytesAtOurs, firstPosition } = input;
    this.#lane(ledger).reread(lastPosition, bytesAtOurs, out, firstPosition);
  }

  #onScrub(input: CoordinatorInput & { type: "scrub" }, out: Out<CoordinatorEffect>): void {
    const lane = this.#lane(input.ledger);
    if (input.generation !== lane.machine.point.generation) return;
    for (const { position, bytes } of input.messages) lane.scrub(position, bytes, out);
  }

  #onRepair(bytes: Bytes, out: Out<CoordinatorEffect>): void {
    const envelope = decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
    if (envelope === undefined) return;
    for (const desk of this.#repairs.values()) desk.onMessage(envelope, this.#wallMs, out);
  }

  #onOrder(input: CoordinatorInput & { type: "order" }, out: Out<CoordinatorEffect>): void {
    const codes = [...this.#repairs.values()].map((desk) =>
      desk.takeOrder(input.envelope, this.#wallMs, out),
    );
    // An order is about one ledger: to the other one it is malformed.
    const code = codes.find((found) => found !== undefined && found !== "malformed");
    const isFollowed = codes.includes(undefined);
    const value: OrderAnswer = isFollowed ? {} : { code: code ?? "malformed" };
    out.reply.push({ to: input.to, value });
  }

  #onAnswer(input: CoordinatorInput & { type: "answer" }, out: Out<CoordinatorEffect>): void {
    const request = decode(ResyncRequestSchema, input.request, LIMITS.envelopeBodyBytesMax);
    const response = decode(ResyncResponseSchema, input.bytes, LIMITS.messageBytesMax);
    const ledger = LEDGERS.find((l) => l === request?.ledger);
    if (request === undefined || ledger === undefined) return;
    if (response === undefined || response.format !== 1) return;
    const lane = this.#lane(ledger);
    const caught = this.#catchUp.onAnswer(request, response, out);
    if (caught.length > 0) lane.resume(out);
    for (const [position, bytes] of caught) this.#apply(lane, position, bytes, out);
    if (caught.length > 0) this.#repair(ledger).onApplied(out);
    if (caught.length > 0) out.enforce.push({ type: "journal", ledger });
    if (request.want.case !== "journalAbove" || lane.isBehindStream) return;
    const above = Number(request.want.value);
    const verified = this.#repair(ledger).onPage(above, response.messages, out);
    // Under a promise: what they make is stored, and none of it is signed.
    if (verified.length > 0) lane.watch.damage = undefined;
    for (const [position, bytes] of verified) this.#apply(lane, position, bytes, out);
    if (verified.length > 0) this.#repair(ledger).onCaughtUp(out);
  }

  #onMessage(input: CoordinatorInput & { type: "message" }, out: Out<CoordinatorEffect>): void {
    const { ledger, position, bytes } = input;
    const lane = this.#lane(ledger);
    const generation = input.generation ?? lane.machine.point.generation;
    const desk = this.#repair(ledger);
    if (position === this.nextPosition(ledger) && !desk.admits(generation, bytes, out)) return;
    this.#apply(lane, position, bytes, out);
    desk.onApplied(out);
  }

  #apply(lane: LedgerLane, position: number, bytes: Bytes, out: Out<CoordinatorEffect>): void {
    const step = lane.apply(position, bytes, out);
    if (step === undefined) return;
    this.#equivocations.note(step.proofs);
    for (const outcome of step.outcomes) this.#submissions.decided(outcome, bytes);
    for (const { key, code } of step.rejects) {
      const at = lane.at(step.position);
      out.trace.push({ what: "rejected", at, code, key: key.slice(0, 16), kind: step.kind });
    }
    for (const { index, entry } of step.records) {
      out.trace.push({ what: "entered", at: lane.at(index), effect: entry.effect.case });
    }
    this.#answerSubmissions(out);
    this.#retention.onStep(lane, step, out);
    this.duties.onStep(lane.ledger, step, out);
    this.#afterStep(lane, step, out);
  }

  #afterStep(lane: LedgerLane, step: MachineStep, out: Out<CoordinatorEffect>): void {
    const host = step.kind === "batch" ? this.signals.lastBatchHost : undefined;
    if (host !== undefined) this.#acks.note(host, step.position);
    if (step.kind === "import") this.#import(out);
    if (step.tick === undefined) return;
    lane.compare(step.tick, this.control.mesh.view.coordinatorKeys().length);
    if (lane.ledger === Ledger.SIGNALS) this.#acknowledge(out);
  }

  #acknowledge(out: Out<CoordinatorEffect>): void {
    if (this.#lane(Ledger.SIGNALS).guard.isMuteAt(this.signals.point.position)) return;
    for (const { hostKey, body } of this.#acks.take(this.signals.point.generation)) {
      out.seal.push({ kind: "ack", body, channel: this.channels.acks(hostKey) });
    }
  }

  #onHead(bytes: Bytes, out: Out<CoordinatorEffect>): void {
    const envelope = decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
    if (envelope === undefined) return;
    for (const lane of this.#lanes.values()) {
      const sealed = lane.takeHead(this.control.mesh.view, envelope, out);
      this.#equivocations.note(lane.sealer.takeProofs());
      if (sealed === "equivocation") {
        const liar = hex(envelope.signatures[0]?.key ?? new Uint8Array());
        this.#liars.add(liar);
        out.trace.push({ what: "equivocation", ledger: ledgerName(lane.ledger), key: liar });
      } else if (sealed !== undefined) this.#onSealed(lane, sealed, out);
    }
  }

  #onSealed(lane: LedgerLane, { head }: Sealed, out: Out<CoordinatorEffect>): void {
    const index = Number(head.index);
    this.#repair(lane.ledger).heard(head.generation, out);
    out.enforce.push({ type: "sealed", ledger: lane.ledger, index });
    out.trace.push({ what: "sealed", at: lane.at(index), position: Number(head.position) });
    if (lane.ledger !== Ledger.CONTROL) return;
    this.#answerSubmissions(out);
    this.#import(out);
  }

  #import(out: Out<CoordinatorEffect>): void {
    const { latest } = this.#lane(Ledger.CONTROL).sealer;
    this.#imports.offer(this.control, this.signals, latest, this.#wallMs, out);
  }

  #onReceipt(bytes: Bytes, out: Out<CoordinatorEffect>): void {
    const taken = this.receipts.take(this.control.mesh.view, bytes, {
      controlIndex: this.control.book.index,
      signalsIndex: this.signals.book.index,
      machineTimeMs: this.#wallMs + LIMITS.expirySlackMs,
    });
    this.#equivocations.note(this.receipts.takeProofs());
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
    const { confirmedIndex } = this.#lane(Ledger.CONTROL);
    for (const answer of this.#submissions.answers(confirmedIndex, this.#wallMs)) {
      out.reply.push(answer);
    }
  }

  #onClock(wallMs: number, out: Out<CoordinatorEffect>): void {
    this.#wallMs = wallMs;
    for (const lane of this.#lanes.values()) lane.tick(wallMs, out);
    for (const desk of this.#repairs.values()) desk.tick(out);
    this.#equivocations.offer(this.control.mesh.view, wallMs, out);
    for (const { command, message } of this.#submissions.unseen()) {
      this.#publishCommand(command, message, out);
    }
    this.#answerSubmissions(out);
    this.#import(out);
    // Whose own history is damaged states nothing about it.
    if (this.#lane(Ledger.CONTROL).watch.damage === undefined) this.duties.onClock(wallMs, out);
    const { machineTimeMs } = this.control.point;
    const { importedIndex } = this.signals;
    this.#retention.work(this.control.mesh.view, { machineTimeMs, importedIndex }, out);
    for (const lane of this.#lanes.values()) {
      lane.release(this.control.mesh.view, out);
      this.#leaveFork(lane, out);
    }
    this.#catchUp.tick(out);
  }
}
