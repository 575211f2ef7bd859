// The quorum over people: open proposals and their approvals, and the verdict as soon as the rule's
// tree is satisfied. Never the proposer, each holder once however many keys, each proposal decided
// once (I2).

import {
  type Bytes,
  type Crypto,
  compareBytes,
  type Envelope,
  hex,
  isReject,
  LIMITS,
  type PrivatePart,
  type Reject,
  reject,
} from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  checkNotAfter,
  EVIDENCE_SPENT_MS,
  isDatedBack,
  isForgotten,
  loadAll,
  loadNumber,
  type MeshView,
  type OpenedApproval,
  type OpenedProposal,
  openApproval,
  openProposal,
  type PeopleVerdict,
  saveAll,
  savedMs,
  saveNumber,
  subjectKey,
  verdictOfPeople,
} from "../kernel/index.ts";
import { loadCommand, loadPart, saveCommand, savePart, type ViewAt } from "./saved-quorum.ts";

interface Open {
  readonly envelope: Envelope;
  /** Its own private part, then those of the signals that it takes along. */
  readonly parts: readonly PrivatePart[];
  readonly opened: OpenedProposal;
  /** Control index of the mesh that it was opened against. */
  readonly takenAt: number;
  readonly approvals: {
    readonly envelope: Envelope;
    readonly opened: OpenedApproval;
    readonly takenAt: number;
  }[];
  isDecided: boolean;
}

export interface CompletedVerdict {
  readonly verdict: PeopleVerdict;
  /** Private parts of the proposal: its own first. */
  readonly privates: readonly PrivatePart[];
}

/** An approver's clock may be this much slower than the proposer's. */
const CLOCKS_APART_MS = BigInt(LIMITS.signalAheadMsMax);

export class PeopleQuorum {
  readonly #crypto: Crypto;
  readonly #open = new Map<string, Open>();
  /**
   * Commitments of signals that a verdict of people has used, and until when they are remembered:
   * nobody takes them along a second time. What machines have spent is not known here: control
   * never waits for a signal.
   */
  readonly #spent = new Map<string, number>();
  /** Until when evidence about a subject was pardoned, by subject key: it outlasts an erasure. */
  readonly #pardons = new Map<string, number>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** Checks a proposal without taking it. */
  evaluateProposal(
    view: MeshView,
    envelope: Envelope,
    parts: readonly PrivatePart[],
    machineTimeMs: number,
  ): OpenedProposal | Reject {
    const [part, ...evidenceParts] = parts;
    const opened = openProposal(this.#crypto, view, envelope, part, evidenceParts);
    if (isReject(opened)) return opened;
    const late = checkNotAfter(opened.proposal.notAfterMs, machineTimeMs);
    if (late !== undefined) return late;
    if (Number(opened.proposal.createdMs) > machineTimeMs + LIMITS.signalAheadMsMax) {
      return reject("clock-off");
    }
    if (opened.proposal.epoch !== view.epoch) return reject("wrong-epoch");
    if (this.#open.has(hex(opened.id))) return reject("duplicate");
    const worn = this.#faultOfEvidence(opened, machineTimeMs);
    if (worn !== undefined) return worn;
    if (this.#openOf(opened.proposer) >= LIMITS.proposalsPerHolderMax) return reject("too-large");
    return opened;
  }

  /** Evidence that was used up, that is forgotten, or that reaches back before a pardon, by now. */
  #faultOfEvidence(
    { evidence, subject }: OpenedProposal,
    machineTimeMs: number,
  ): Reject | undefined {
    if (isForgotten(evidence, machineTimeMs)) return reject("expired");
    const pardonedMs = this.#pardons.get(subjectKey(this.#crypto, subject)) ?? 0;
    for (const { signal } of evidence) {
      if (this.#spent.has(hex(signal.commitment))) return reject("spent");
      if (Number(signal.evidenceFromMs) < pardonedMs) return reject("pardoned");
    }
    return undefined;
  }

  #openOf(proposer: string): number {
    let count = 0;
    for (const open of this.#open.values()) {
      if (!open.isDecided && open.opened.proposer === proposer) count++;
    }
    return count;
  }

  /** @param view the mesh that it was opened against. */
  applyProposal(
    view: MeshView,
    envelope: Envelope,
    parts: readonly PrivatePart[],
    opened: OpenedProposal,
  ): void {
    const takenAt = view.controlIndex;
    const entry = { envelope, parts, opened, takenAt, approvals: [], isDecided: false };
    this.#open.set(hex(opened.id), entry);
  }

  /** Checks an approval without taking it. */
  evaluateApproval(
    view: MeshView,
    envelope: Envelope,
    machineTimeMs: number,
  ): OpenedApproval | Reject {
    const opened = openApproval(this.#crypto, view, envelope);
    if (isReject(opened)) return opened;
    const late = checkNotAfter(opened.approval.notAfterMs, machineTimeMs);
    if (late !== undefined) return late;
    const isAhead = Number(opened.approval.createdMs) > machineTimeMs + LIMITS.signalAheadMsMax;
    if (isAhead || isDatedBack(opened.approval, view, machineTimeMs)) return reject("clock-off");
    const open = this.#open.get(hex(opened.approval.proposalId));
    if (open === undefined) return reject("unknown-proposal");
    if (opened.approver === open.opened.proposer) return reject("self-approval");
    if (open.approvals.some((a) => a.opened.approver === opened.approver)) {
      return reject("already-approved");
    }
    if (open.isDecided) return reject("already-decided");
    if (open.opened.proposal.epoch !== view.epoch) return reject("wrong-epoch");
    if (open.approvals.length >= LIMITS.approvalsMax) return reject("too-large");
    const outdated = view.machineVersion < 2 ? undefined : this.#faultOfProposal(view, open);
    if (outdated !== undefined) return outdated;
    const worn = this.#faultOfEvidence(open.opened, machineTimeMs);
    if (worn !== undefined) return worn;
    // A verdict runs from its oldest witness: a consent dated back would make one that is over at
    // once.
    const { createdMs } = open.opened.proposal;
    if (opened.approval.createdMs + CLOCKS_APART_MS < createdMs) return reject("clock-off");
    return opened;
  }

  /** Why a proposal no longer stands: who made it or what it takes along counts no more. */
  #faultOfProposal(view: MeshView, { envelope, parts: [part, ...evidence] }: Open) {
    const opened = openProposal(this.#crypto, view, envelope, part, evidence);
    return isReject(opened) ? opened : undefined;
  }

  /** An open or decided proposal that has not lapsed, as it was opened. */
  openedOf(id: Bytes): OpenedProposal | undefined {
    return this.#open.get(hex(id))?.opened;
  }

  /** Takes an approval; the verdict when it completes the warrant. */
  applyApproval(
    view: MeshView,
    envelope: Envelope,
    opened: OpenedApproval,
    machineTimeMs: number,
  ): CompletedVerdict | undefined {
    const open = this.#open.get(hex(opened.approval.proposalId)) as Open;
    open.approvals.push({ envelope, opened, takenAt: view.controlIndex });
    const valid = open.approvals
      .filter((a) => Number(a.opened.approval.notAfterMs) > machineTimeMs)
      .filter((a) => this.#isStanding(view, a.envelope))
      .sort((a, b) => compareBytes(a.opened.id, b.opened.id))
      .map((a) => a.envelope);
    const { envelope: proposal, parts } = open;
    const [part, ...evidenceParts] = parts;
    const at = machineTimeMs;
    const verdict = verdictOfPeople(this.#crypto, view, proposal, part, valid, at, evidenceParts);
    if (isReject(verdict)) return undefined;
    open.isDecided = true;
    if (verdict.kind === "lift" && verdict.lift.pardonBeforeMs > 0n) {
      const key = subjectKey(this.#crypto, verdict.subject);
      const pardonedMs = this.#pardons.get(key) ?? 0;
      const beforeMs = Math.max(pardonedMs, savedMs(verdict.lift.pardonBeforeMs));
      this.#pardons.set(key, beforeMs);
    }
    for (const { signal } of open.opened.evidence) {
      this.#spent.set(hex(signal.commitment), Number(signal.timeMs) + EVIDENCE_SPENT_MS);
    }
    return { verdict, privates: parts };
  }

  /** Whether an approver is one still: who has left the roster must not hold up the others. */
  #isStanding(view: MeshView, approval: Envelope): boolean {
    return view.machineVersion < 2 || !isReject(openApproval(this.#crypto, view, approval));
  }

  /** Forgets proposals that can no longer be approved. */
  expire(machineTimeMs: number): void {
    for (const [id, open] of this.#open) {
      if (Number(open.opened.proposal.notAfterMs) <= machineTimeMs) this.#open.delete(id);
    }
    for (const [commitment, untilMs] of this.#spent) {
      if (untilMs <= machineTimeMs) this.#spent.delete(commitment);
    }
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#open.values(), (_, open) => {
      saveAll(w, open.parts, savePart);
      saveCommand(w, open.envelope, open.takenAt);
      w.bool(open.isDecided);
      saveAll(w, open.approvals, (__, a) => saveCommand(w, a.envelope, a.takenAt));
    });
    for (const times of [this.#spent, this.#pardons]) {
      saveAll(w, times, (_, [key, ms]) => saveNumber(w.string(key), ms));
    }
  }

  /** @param viewAt the mesh as of each control index up to where the snapshot was made. */
  load(r: BinaryReader, viewAt: ViewAt): void {
    const crypto = this.#crypto;
    loadAll(r, () => {
      const parts = loadAll(r, loadPart);
      const [part, ...more] = parts;
      const asked = loadCommand(r, (e, at) => openProposal(crypto, viewAt(at), e, part, more));
      const isDecided = r.bool();
      const approvals = loadAll(r, () =>
        loadCommand(r, (e, at) => openApproval(crypto, viewAt(at), e)),
      );
      this.#open.set(hex(asked.opened.id), { ...asked, parts, isDecided, approvals });
    });
    for (const times of [this.#spent, this.#pardons]) {
      loadAll(r, () => times.set(r.string(), loadNumber(r)));
    }
  }

  /** Ids of the proposals that have not lapsed, oldest first, as hex. */
  ids(): Iterable<string> {
    return this.#open.keys();
  }

  /**
   * An open or decided proposal that has not lapsed, with its approvals, for who wants to approve.
   */
  find(id: Bytes):
    | (Pick<Open, "envelope" | "isDecided"> & {
        /** Its own private part: the subject and the statement. */
        readonly part: PrivatePart;
        /** Private parts of the signals that it takes along. */
        readonly evidenceParts: readonly PrivatePart[];
        readonly approvals: readonly Envelope[];
      })
    | undefined {
    const open = this.#open.get(hex(id));
    if (open === undefined) return undefined;
    const { envelope, isDecided } = open;
    const [part, ...evidenceParts] = open.parts as [PrivatePart, ...PrivatePart[]];
    const approvals = open.approvals.map((a) => a.envelope);
    return { envelope, part, evidenceParts, isDecided, approvals };
  }
}
