// The machine of the control journal: people's and coordinators' commands become entries, complete
// warrants become verdicts. Never waits for a signal, so a kill never queues behind a flood.

import {
  type Bytes,
  type Crypto,
  type Envelope,
  type EnvelopeKind,
  EnvelopeSchema,
  encode,
  equalBytes,
  hex,
  isReject,
  type JournalMessage,
  Ledger,
  LIMITS,
  openEnvelope,
  type PrivatePart,
  type Reject,
  type RejectCode,
  reject,
  type SubjectText,
} from "@ostraka/proto";
import { NeededParts, openErasure } from "../../erasure/index.ts";
import {
  type BinaryReader,
  type BinaryWriter,
  loadAll,
  loadBytes,
  loadNumber,
  MACHINE_VERSION_MAX,
  type MeshView,
  openAccusation,
  saveAll,
  saveNumber,
} from "../../kernel/index.ts";
import type { Effect } from "../../ledger/index.ts";
import { PeopleQuorum } from "../../quorum/index.ts";
import type { OpenedGenesis } from "../../roster/index.ts";
import { Mesh } from "../mesh.ts";
import { commitmentsOf } from "../privates-fit.ts";
import { privatesNeededUntilMs } from "../privates-needed.ts";
import { type CommandOutcome, JournalMachine, type MachineStep } from "./journal-machine.ts";
import { isStatement, type StatementKind, VerdictDesk } from "./verdict-desk.ts";

/** Kinds that are commands of the control journal. */
export const COMMAND_KINDS = [
  "genesis",
  "erasure",
  "roster",
  "grant",
  "membership",
  "policy",
  "activation",
  "rollout",
  "proposal",
  "approval",
  "equivocation",
] as const satisfies readonly EnvelopeKind[];

type CommandKind = (typeof COMMAND_KINDS)[number];

/** The verdict that a command completed. */
interface CompletedEffect {
  readonly effect: Effect;
  readonly privates: readonly PrivatePart[];
  readonly id: Bytes;
  readonly subject: SubjectText;
}

interface Decided {
  readonly effect: Effect;
  readonly privates: readonly PrivatePart[];
  /** What the quorum remembers once the entry stands; may complete a verdict. */
  readonly then?: () => CompletedEffect | undefined;
}

interface Remembered {
  readonly untilMs: number;
  readonly index: number;
  readonly verdictId?: Bytes;
}

const NO_VERDICT = new Uint8Array(0);

/** Identity of a command: SHA-256 over its whole envelope, in hex. */
export function commandHash(crypto: Pick<Crypto, "sha256">, envelope: Envelope): string {
  return hex(crypto.sha256(encode(EnvelopeSchema, envelope)));
}

export class ControlMachine extends JournalMachine {
  readonly mesh: Mesh;
  readonly people: PeopleQuorum;
  /** What goes on around verdicts: lock-outs, widening, halts, coverage, probes, reports. */
  readonly desk: VerdictDesk;
  /** What an order of erasure must wait for. */
  readonly #needed = new NeededParts();
  /** Commands that were entered, so that the same bytes never make a second entry. */
  readonly #entered = new Map<string, Remembered>();

  constructor(crypto: Crypto, genesis: OpenedGenesis, mesh = new Mesh(crypto, genesis)) {
    super(crypto, Ledger.CONTROL, genesis.mesh);
    this.mesh = mesh;
    this.people = new PeopleQuorum(crypto);
    this.desk = new VerdictDesk(crypto);
  }

  /** What coordinators have counted. */
  get reports(): VerdictDesk["reports"] {
    return this.desk.reports;
  }

  /** What became of a command that was entered, by its hash. */
  outcomeOf(command: string): CommandOutcome | undefined {
    const known = this.#entered.get(command);
    return known && { command, ...known };
  }

  protected override saveOwn(w: BinaryWriter): void {
    this.#needed.save(w);
    this.people.save(w);
    this.desk.save(w);
    saveAll(w, this.#entered, (_, [command, { untilMs, index, verdictId }]) => {
      saveNumber(saveNumber(w.string(command), untilMs), index).bytes(verdictId ?? NO_VERDICT);
    });
  }

  protected override loadOwn(r: BinaryReader): void {
    this.#needed.load(r);
    this.people.load(r, (index) => this.mesh.viewAt(index));
    this.desk.load(r);
    loadAll(r, () => {
      const [command, untilMs, index] = [r.string(), loadNumber(r), loadNumber(r)];
      const verdictId = loadBytes(r);
      const outcome = { index, ...(verdictId.length > 0 && { verdictId }) };
      this.#entered.set(command, { untilMs, ...outcome });
    });
  }

  protected override view(): MeshView {
    return this.mesh.view;
  }

  protected override controlIndex(): number {
    return this.book.index;
  }

  protected override onMachineTime(step: MachineStep): void {
    const { machineTimeMs } = this.point;
    this.#activateVersion(step);
    this.people.expire(machineTimeMs);
    this.#needed.expire(machineTimeMs);
    this.desk.expire(this.book.active, machineTimeMs);
    // After what has lapsed is forgotten: sidecars take no step on a report that has.
    this.#stepRollout(step);
    for (const halt of this.desk.halts(this.mesh.view, machineTimeMs)) {
      this.#enterControl(step, halt, []);
    }
    for (const [hash, { untilMs }] of this.#entered) {
      if (untilMs <= machineTimeMs) this.#entered.delete(hash);
    }
  }

  /** Every coordinator has announced it: what comes after is computed by the next version. */
  #activateVersion(step: MachineStep): void {
    const next = this.mesh.view.machineVersion + 1;
    if (this.book.index === 0 || next > MACHINE_VERSION_MAX || this.announcedByAll() < next) return;
    this.#enterControl(step, { case: "version", value: { machineVersion: next } }, []);
  }

  #stepRollout(step: MachineStep): void {
    const epoch = this.mesh.rollouts.running?.order.epoch;
    if (epoch === undefined) return;
    const report = this.desk.reports.majority(this.mesh.view, { case: "epoch", value: epoch });
    const change = this.mesh.nextRolloutChange(this.point.machineTimeMs, report);
    if (change !== undefined)
      this.#enterControl(step, { case: "rolloutChange", value: change }, []);
  }

  protected override onMessage(
    kind: EnvelopeKind,
    message: JournalMessage & { envelope: Envelope },
    step: MachineStep,
  ): RejectCode | undefined {
    if (isStatement(kind)) return this.#onStatement(kind, message, step);
    if (!(COMMAND_KINDS as readonly string[]).includes(kind)) return "wrong-type";
    if (message.envelope.body.length > LIMITS.commandBytesMax) return "too-large";
    const command = commandHash(this.crypto, message.envelope);
    const known = this.#entered.get(command);
    if (known !== undefined) {
      step.outcomes.push({ command, ...known });
      return undefined;
    }
    const decided = this.#decide(kind as CommandKind, message);
    if (isReject(decided)) {
      step.outcomes.push({ command, code: decided.reject });
      this.refuse(step, message, decided.reject, this.#isSigned(kind, message.envelope));
      return undefined;
    }
    const { index } = this.#enterControl(step, decided.effect, decided.privates);
    const verdict = decided.then?.();
    if (verdict !== undefined) {
      const { effect, privates, subject } = verdict;
      this.#enterControl(step, effect, privates, subject);
    }
    const untilMs = this.point.machineTimeMs + LIMITS.notAfterMsMax + LIMITS.signalAheadMsMax;
    const outcome = { index, ...(verdict && { verdictId: verdict.id }) };
    this.#entered.set(command, { untilMs, ...outcome });
    step.outcomes.push({ command, ...outcome });
    return undefined;
  }

  /** What a coordinator states: counted, or entered where it says something new. */
  #onStatement(
    kind: StatementKind,
    message: JournalMessage & { envelope: Envelope },
    step: MachineStep,
  ): RejectCode | undefined {
    const { envelope, privates } = message;
    if (envelope.body.length > LIMITS.commandBytesMax) return "too-large";
    if (this.book.index === 0) return "no-genesis";
    const { machineTimeMs } = this.point;
    const taken =
      privates.length > 0
        ? reject("malformed")
        : this.desk.take(this.mesh.view, kind, envelope, machineTimeMs);
    if (isReject(taken)) {
      this.refuse(step, message, taken.reject, this.#isSigned(kind, envelope));
    } else if (taken !== undefined) this.#enterControl(step, taken, []);
    return undefined;
  }

  #enterControl(
    step: MachineStep,
    effect: Effect,
    privates: readonly PrivatePart[],
    subject?: SubjectText,
  ) {
    const made = this.enter(step, effect, privates, subject);
    this.mesh.apply(made.entry);
    this.desk.entered(made.entry, subject);
    if (privates.length > 0) {
      this.#needed.need(commitmentsOf(made.entry) ?? [], privatesNeededUntilMs(made.entry));
    }
    return made;
  }

  #decide(kind: CommandKind, message: JournalMessage & { envelope: Envelope }): Decided | Reject {
    const { envelope, privates } = message;
    const { machineTimeMs } = this.point;
    const { roster, policies, view } = this.mesh;
    // The genesis is entry 1: whoever reads the ledger alone must meet it first.
    if (this.book.index === 0 && kind !== "genesis") return reject("no-genesis");
    const plain = (checked: unknown, effect: Effect): Decided | Reject => {
      if (isReject(checked)) return checked;
      return privates.length === 0 ? { effect, privates: [] } : reject("malformed");
    };
    switch (kind) {
      case "genesis":
        return this.#decideGenesis(envelope, privates);
      case "erasure": {
        const order = openErasure(this.crypto, view, envelope, machineTimeMs);
        if (isReject(order)) return order;
        if (this.#needed.has(order.commitments)) return reject("in-force");
        const value = { commitments: order.commitments, order: envelope };
        return plain(order, { case: "erasure", value });
      }
      case "roster": {
        const roster = this.mesh.evaluateRoster(envelope, machineTimeMs);
        return plain(roster, { case: "roster", value: envelope });
      }
      case "grant": {
        const effect: Effect = { case: "grant", value: envelope };
        return plain(roster.evaluateGrant(envelope, machineTimeMs), effect);
      }
      case "membership": {
        const member = roster.evaluateMembership(envelope, machineTimeMs);
        return isReject(member) ? member : plain(member, { case: "member", value: member });
      }
      case "policy": {
        const policy = policies.evaluateDocument(envelope, view, machineTimeMs);
        return plain(policy, { case: "policy", value: envelope });
      }
      case "activation": {
        const epoch = this.mesh.evaluateActivation(envelope, machineTimeMs);
        return plain(epoch, { case: "activation", value: envelope });
      }
      case "rollout": {
        const order = this.mesh.evaluateRollout(envelope, machineTimeMs);
        return plain(order, { case: "rollout", value: envelope });
      }
      case "proposal":
        return this.#decideProposal(envelope, privates);
      case "equivocation": {
        const proof = openAccusation(this.crypto, view, envelope);
        return isReject(proof) ? proof : plain(proof, { case: "equivocation", value: proof });
      }
      case "approval":
        return this.#decideApproval(envelope, privates);
    }
  }

  #decideGenesis(envelope: Envelope, privates: readonly PrivatePart[]): Decided | Reject {
    const ours = this.mesh.genesis.envelope;
    if (this.book.index !== 0) return reject("duplicate");
    const isSame = equalBytes(encode(EnvelopeSchema, envelope), encode(EnvelopeSchema, ours));
    if (!isSame || privates.length > 0) return reject("wrong-mesh");
    return { effect: { case: "genesis", value: envelope }, privates: [] };
  }

  #decideProposal(envelope: Envelope, privates: readonly PrivatePart[]): Decided | Reject {
    const { machineTimeMs } = this.point;
    const { view } = this.mesh;
    const isCounted = view.machineVersion < 2 ? privates.length === 1 : privates.length > 0;
    if (!isCounted) return reject("commitment-mismatch");
    const opened = this.people.evaluateProposal(view, envelope, privates, machineTimeMs);
    if (isReject(opened)) return opened;
    const locked = this.desk.lockout(view, opened, this.book.active);
    if (locked !== undefined) return locked;
    const then = () => {
      this.people.applyProposal(this.mesh.view, envelope, privates, opened);
      return undefined;
    };
    return { effect: { case: "proposal", value: envelope }, privates, then };
  }

  #decideApproval(envelope: Envelope, privates: readonly PrivatePart[]): Decided | Reject {
    if (privates.length > 0) return reject("malformed");
    const { machineTimeMs } = this.point;
    const opened = this.people.evaluateApproval(this.mesh.view, envelope, machineTimeMs);
    if (isReject(opened)) return opened;
    const asked = this.people.openedOf(opened.approval.proposalId);
    const locked = asked && this.desk.lockout(this.mesh.view, asked, this.book.active);
    if (locked !== undefined) return locked;
    const then = () => {
      const { view } = this.mesh;
      const completed = this.people.applyApproval(view, envelope, opened, machineTimeMs);
      if (completed === undefined) return undefined;
      const { verdict, privates: parts } = completed;
      return verdict.kind === "lift"
        ? {
            effect: { case: "lift" as const, value: verdict.lift },
            privates: parts,
            id: verdict.lift.id,
            subject: verdict.subject,
          }
        : {
            effect: { case: "revocation" as const, value: verdict.revocation },
            privates: parts,
            id: verdict.revocation.id,
            subject: verdict.subject,
          };
    };
    return { effect: { case: "approval", value: envelope }, privates: [], then };
  }

  /**
   * Whether the refused command truly came from who signed it: only then is it held against them.
   */
  #isSigned(kind: EnvelopeKind, envelope: Envelope): boolean {
    const { view } = this.mesh;
    return !isReject(openEnvelope(this.crypto, view.mesh, kind, envelope, view.findHolder));
  }
}
