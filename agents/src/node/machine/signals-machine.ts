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
  hex,
  isReject,
  type JournalMessage,
  Ledger,
  LIMITS,
  leafHash,
  openEnvelope,
  type PrivatePart,
  type RejectCode,
  type Suggestion,
} from "@ostraka/proto";
import { NeededParts } from "../../erasure/index.ts";
import { InquiryDesk } from "../../inquiry/index.ts";
import { Intake } from "../../intake/index.ts";
import {
  type BinaryReader,
  type BinaryWriter,
  endedUntilMs,
  evidenceOf,
  type MeshView,
  openPrivate,
  savedMs,
} from "../../kernel/index.ts";
import {
  type CountedSignal,
  type HeldWarrant,
  SignalQuorum,
  type SignalVerdict,
} from "../../quorum/index.ts";
import type { OpenedGenesis } from "../../roster/index.ts";
import { openSealedHead } from "../../sealer/index.ts";
import { Mesh } from "../mesh.ts";
import { CONSISTENCY_HASHES_MAX, isPrefix } from "../prefix-proof.ts";
import { commitmentsOf, privatesFit } from "../privates-fit.ts";
import { privatesNeededUntilMs } from "../privates-needed.ts";
import { JournalMachine, type MachineStep } from "./journal-machine.ts";
import { MachineVerdicts } from "./machine-verdicts.ts";

export class SignalsMachine extends JournalMachine {
  readonly mesh: Mesh;
  readonly intake: Intake;
  readonly quorum: SignalQuorum;
  readonly verdicts: MachineVerdicts;
  readonly inquiries: InquiryDesk;
  /** What verdicts in force hold against an order of erasure, which control cannot know. */
  readonly #needed = new NeededParts();
  /** Host of the last batch, if it is owed an acknowledgement. */
  #lastBatchHost: Bytes | undefined;
  /** Right edge of the control ledger as imported. */
  #control: Frontier;

  constructor(crypto: Crypto, genesis: OpenedGenesis, mesh = new Mesh(crypto, genesis)) {
    super(crypto, Ledger.SIGNALS, genesis.mesh);
    this.mesh = mesh;
    this.intake = new Intake(crypto);
    this.quorum = new SignalQuorum(crypto);
    this.verdicts = new MachineVerdicts(crypto);
    this.inquiries = new InquiryDesk(crypto);
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
    this.inquiries.save(w);
    this.#needed.save(w);
  }

  protected override loadOwn(r: BinaryReader): void {
    this.#control = Frontier.ofState(this.crypto, r.bytes()) as Frontier;
    this.intake.load(r);
    this.quorum.load(r, (index) => this.mesh.viewAt(index));
    this.verdicts.load(r);
    this.inquiries.load(r);
    this.#needed.load(r);
  }

  protected override view(): MeshView {
    return this.mesh.view;
  }

  protected override controlIndex(): number {
    return this.#control.size;
  }

  protected override onMachineTime(step: MachineStep): void {
    const { view } = this.mesh;
    const { machineTimeMs } = this.point;
    for (const short of this.quorum.closing(view, machineTimeMs)) this.#suggest(short, step);
    this.inquiries.expire(machineTimeMs);
    this.quorum.expire(this.mesh.view, this.point.machineTimeMs);
    this.verdicts.expire(this.book.active, this.point.machineTimeMs);
    // A verdict is over that kept its subject in our state against an order: now it goes there too.
    if (this.#needed.expire(machineTimeMs)) this.forget();
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
      const proof = this.intake.takeProof();
      if (proof !== undefined) step.proofs.push(proof);
      this.#refuseBatch(message, batch.reject, step);
      return undefined;
    }
    this.#lastBatchHost = batch.host.key;
    for (const signal of batch.signals) this.#onSignal(signal, message, step);
    return undefined;
  }

  #onSignal(signal: CountedSignal, message: JournalMessage, step: MachineStep): void {
    const { view } = this.mesh;
    const { machineTimeMs } = this.point;
    const isAnswer = signal.signal.inquiryId.length > 0;
    const answer = isAnswer ? this.inquiries.take(signal, machineTimeMs) : undefined;
    if (answer === "against") return;
    const counted = isReject(answer)
      ? answer
      : this.quorum.count(view, signal, machineTimeMs, this.book);
    if (!isReject(counted)) this.verdicts.see(view, signal, machineTimeMs);
    if (counted === undefined) this.#inquire(signal, step);
    else if (isReject(counted)) this.refuse(step, message, counted.reject, true);
    else if ("held" in counted) {
      this.refuse(step, message, "shared-address", true);
      this.#suggest(counted, step);
    } else this.#enterVerdict(counted, message, step);
  }

  /** Asks the mesh when hosts together hold much and no warrant is complete. */
  #inquire(signal: CountedSignal, step: MachineStep): void {
    const held = this.quorum.heldOn(signal.private.subject, signal.signal.epoch);
    const opened = this.inquiries.consider(this.mesh.view, held, signal, this.point.machineTimeMs);
    if (opened === undefined) return;
    this.enter(step, { case: "inquiry", value: opened.inquiry }, [opened.part]);
  }

  /** Leaves to people what machines may not do, once a subject. */
  #suggest({ held, why }: HeldWarrant, step: MachineStep): void {
    const { view } = this.mesh;
    const { machineTimeMs } = this.point;
    const suggestion = this.verdicts.suggestions.make(view, held, why, machineTimeMs);
    if (suggestion !== undefined) this.#enterSuggestion(suggestion, held, step);
  }

  #enterSuggestion(suggestion: Suggestion, held: SignalVerdict, step: MachineStep): void {
    suggestion.againstCount = this.inquiries.againstOf(held.subject);
    this.enter(step, { case: "suggestion", value: suggestion }, held.privates);
  }

  /** Enters what a warrant has completed, unless the governor leaves it to people. */
  #enterVerdict(verdict: SignalVerdict, message: JournalMessage, step: MachineStep): void {
    const { revocation, subject, privates } = verdict;
    const { machineTimeMs } = this.point;
    const held = this.verdicts.judge(this.mesh.view, verdict, this.book.active, machineTimeMs);
    if (held === undefined) {
      const effect = { case: "revocation", value: revocation } as const;
      const { entry, entryBytes, index } = this.enter(step, effect, privates, subject);
      this.quorum.entered(verdict, { bytes: entryBytes, index });
      this.#needed.need(commitmentsOf(entry) ?? [], privatesNeededUntilMs(entry));
      return;
    }
    this.refuse(step, message, held.why, true);
    if (held.suggestion !== undefined) this.#enterSuggestion(held.suggestion, verdict, step);
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
    if (effect.case === "roster" || effect.case === "equivocation") {
      this.quorum.recheck(this.mesh.view);
    }
    if (effect.case === "erasure") {
      const commitments = new Set(effect.value.commitments.map(hex));
      this.quorum.erase(commitments);
      this.inquiries.erase(commitments);
      this.#needed.order(commitments);
      this.forget();
    }
    const part = privates[0];
    const subject = part && this.#subjectOf(part);
    if (subject === undefined) return;
    if (effect.case === "revocation") {
      // As a lift does: a kill switch may supersede a machine's verdict.
      const untilMs = endedUntilMs(Number(effect.value.fromMs));
      for (const id of effect.value.supersedes) this.book.active.end(id, untilMs, subject);
      this.quorum.spend(subject, evidenceOf(effect.value.warrant));
    }
    if (effect.case !== "lift") return;
    const lift = effect.value;
    for (const id of lift.revocationIds) this.book.active.end(id, Number(lift.expiresMs), subject);
    this.quorum.lift(subject, lift.revocationIds);
    if (lift.pardonBeforeMs === 0n) return;
    this.quorum.pardon(subject, savedMs(lift.pardonBeforeMs));
  }

  #subjectOf(part: PrivatePart) {
    const commitment = this.crypto.sha256(part.salt, part.content);
    return openPrivate(this.crypto, commitment, part)?.subject;
  }
}
