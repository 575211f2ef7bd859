// The machine of the signals journal: batches of signals become warrants and revocations. Learns of
// the control ledger only by imports: control entries in order, without gaps, under their sealed
// head.

import {
  type Bytes,
  ControlImportSchema,
  type Crypto,
  decode,
  type Entry,
  EntrySchema,
  type Envelope,
  type EnvelopeKind,
  Frontier,
  isReject,
  type JournalMessage,
  Ledger,
  LIMITS,
  leafHash,
  openEnvelope,
  type PrivatePart,
  type RejectCode,
} from "@ostraka/proto";
import { Intake } from "../intake/index.ts";
import {
  type BinaryReader,
  type BinaryWriter,
  endedUntilMs,
  type MeshView,
  openPrivate,
} from "../kernel/index.ts";
import { SignalQuorum, type SignalVerdict } from "../quorum/index.ts";
import type { OpenedGenesis } from "../roster/index.ts";
import { openSealedHead } from "../sealer/index.ts";
import { JournalMachine, type MachineStep } from "./journal-machine.ts";
import { MachineVerdicts } from "./machine-verdicts.ts";
import { Mesh } from "./mesh.ts";
import { CONSISTENCY_HASHES_MAX, isPrefix } from "./prefix-proof.ts";
import { privatesFit } from "./privates-fit.ts";

export class SignalsMachine extends JournalMachine {
  readonly mesh: Mesh;
  readonly intake: Intake;
  readonly quorum: SignalQuorum;
  readonly verdicts: MachineVerdicts;
  /** Host of the last batch, if it is owed an acknowledgement. */
  #lastBatchHost: Bytes | undefined;
  /** Right edge of the control ledger as imported. */
  #control: Frontier;

  constructor(crypto: Crypto, genesis: OpenedGenesis) {
    super(crypto, Ledger.SIGNALS, genesis.mesh);
    this.mesh = new Mesh(crypto, genesis);
    this.intake = new Intake(crypto);
    this.quorum = new SignalQuorum(crypto);
    this.verdicts = new MachineVerdicts(crypto);
    this.#control = new Frontier(crypto);
  }

  /** Last control index imported. */
  get importedIndex(): number {
    return this.#control.size;
  }

  get lastBatchHost(): Bytes | undefined {
    return this.#lastBatchHost;
  }

  protected override saveOwn(w: BinaryWriter): void {
    w.bytes(this.#control.state());
    this.intake.save(w);
    this.quorum.save(w);
    this.verdicts.save(w);
  }

  protected override loadOwn(r: BinaryReader): void {
    this.#control = Frontier.ofState(this.crypto, r.bytes()) as Frontier;
    this.intake.load(r);
    this.quorum.load(r, (index) => this.mesh.viewAt(index));
    this.verdicts.load(r);
  }

  protected override view(): MeshView {
    return this.mesh.view;
  }

  protected override controlIndex(): number {
    return this.#control.size;
  }

  protected override onMachineTime(): void {
    this.quorum.expire(this.mesh.view, this.point.machineTimeMs);
    this.verdicts.expire(this.book.active, this.point.machineTimeMs);
  }

  protected override onMessage(
    kind: EnvelopeKind,
    message: JournalMessage & { envelope: Envelope },
    step: MachineStep,
  ): RejectCode | undefined {
    if (kind === "batch") return this.#onBatch(message, step);
    if (kind === "import") return this.#onImport(message);
    return "wrong-type";
  }

  #onBatch(
    message: JournalMessage & { envelope: Envelope },
    step: MachineStep,
  ): RejectCode | undefined {
    const { envelope, signals, privates } = message;
    const { view } = this.mesh;
    this.#lastBatchHost = undefined;
    const batch = this.intake.take(view, envelope, signals, privates);
    if (isReject(batch)) {
      this.#refuseBatch(message, batch.reject, step);
      return undefined;
    }
    this.#lastBatchHost = batch.host.key;
    for (const signal of batch.signals) {
      const verdict = this.quorum.count(view, signal, this.point.machineTimeMs);
      if (!isReject(verdict)) this.verdicts.see(view, signal, this.point.machineTimeMs);
      if (verdict === undefined) continue;
      if (isReject(verdict)) this.refuse(step, message, verdict.reject, true);
      else this.#enterVerdict(verdict, message, step);
    }
    return undefined;
  }

  /** Enters what a warrant has completed, unless the governor leaves it to people. */
  #enterVerdict(verdict: SignalVerdict, message: JournalMessage, step: MachineStep): void {
    const { revocation, subject, privates } = verdict;
    const { machineTimeMs } = this.point;
    const held = this.verdicts.judge(this.mesh.view, verdict, this.book.active, machineTimeMs);
    if (held === undefined) {
      this.enter(step, { case: "revocation", value: revocation }, privates, subject);
      return;
    }
    this.refuse(step, message, held.why, true);
    const { suggestion } = held;
    if (suggestion === undefined) return;
    this.enter(step, { case: "suggestion", value: suggestion }, privates);
  }

  /** Held against who signed it; a clone is named so. */
  #refuseBatch(
    message: JournalMessage & { envelope: Envelope },
    code: RejectCode,
    step: MachineStep,
  ): void {
    const { view } = this.mesh;
    const { envelope } = message;
    const opened = openEnvelope(this.crypto, view.mesh, "batch", envelope, view.findHolder);
    this.refuse(step, message, code, !isReject(opened));
    // Who repeats has not heard of our acknowledgement: without another it would repeat for ever.
    // And a clone that is none, overtaken by a batch that was held back, hears of it so.
    if (code === "number-repeated" || code === "number-gap" || code === "cloned") {
      this.#lastBatchHost = envelope.signatures[0]?.key;
    }
  }

  /** Imports what is new of a run of control entries; a repeat changes nothing. */
  #onImport(message: JournalMessage & { envelope: Envelope }): RejectCode | undefined {
    const { view } = this.mesh;
    const { envelope } = message;
    const opened = openEnvelope(this.crypto, view.mesh, "import", envelope, view.findHolder);
    if (isReject(opened)) return opened.reject;
    const body = decode(ControlImportSchema, opened.body, LIMITS.messageBytesMax);
    if (body === undefined || body.records.length > LIMITS.importRecordsMax) return "malformed";
    if (body.format !== 1) return "unsupported-format";
    if (body.consistency.length > CONSISTENCY_HASHES_MAX) return "malformed";
    const head = openSealedHead(this.crypto, view, body.head);
    if (isReject(head)) return head.reject;
    if (head.ledger !== Ledger.CONTROL) return "malformed";
    if (Number(head.index) <= this.#control.size) return undefined;
    const entries: { entry: Entry; bytes: Bytes; privates: PrivatePart[] }[] = [];
    for (const record of body.records) {
      const entry = decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
      if (entry === undefined) return "malformed";
      if (Number(entry.index) > this.#control.size) {
        // I2: a pardon is read from what lies beside the entry, so one coordinator must not choose
        // it.
        if (!privatesFit(this.crypto, entry, record.privates)) return "commitment-mismatch";
        entries.push({ entry, bytes: record.entry, privates: record.privates });
      }
    }
    const frontier = this.#control.copy();
    for (const { entry, bytes } of entries) {
      if (Number(entry.index) !== frontier.size + 1) return "import-gap";
      frontier.append(leafHash(this.crypto, bytes));
    }
    if (entries.length === 0 || frontier.size > Number(head.index)) return "import-gap";
    if (!isPrefix(this.crypto, frontier, head, body.consistency)) return "wrong-root";
    this.#control = frontier;
    for (const { entry, privates } of entries) this.#applyControl(entry, privates);
    return undefined;
  }

  #applyControl(entry: Entry, privates: readonly PrivatePart[]): void {
    this.mesh.apply(entry);
    const { effect } = entry;
    const part = privates[0];
    const subject = part && this.#subjectOf(part);
    if (subject === undefined) return;
    if (effect.case === "revocation") {
      // As a lift does: a kill switch may supersede a machine's verdict.
      const untilMs = endedUntilMs(Number(effect.value.fromMs));
      for (const id of effect.value.supersedes) this.book.active.end(id, untilMs, subject);
    }
    if (effect.case !== "lift") return;
    const lift = effect.value;
    for (const id of lift.revocationIds) this.book.active.end(id, Number(lift.expiresMs), subject);
    if (lift.pardonBeforeMs === 0n) return;
    this.quorum.pardon(subject, Number(lift.pardonBeforeMs));
  }

  #subjectOf(part: PrivatePart) {
    const commitment = this.crypto.sha256(part.salt, part.content);
    return openPrivate(this.crypto, commitment, part)?.subject;
  }
}
