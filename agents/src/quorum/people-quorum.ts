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
  loadAll,
  type MeshView,
  type OpenedApproval,
  type OpenedProposal,
  openApproval,
  openProposal,
  type PeopleVerdict,
  saveAll,
  verdictOfPeople,
} from "../kernel/index.ts";
import { loadCommand, loadPart, saveCommand, savePart, type ViewAt } from "./saved-quorum.ts";

interface Open {
  readonly envelope: Envelope;
  readonly part: PrivatePart;
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
  /** Private part of the proposal. */
  readonly part: PrivatePart;
}

/** An approver's clock may be this much slower than the proposer's. */
const CLOCKS_APART_MS = BigInt(LIMITS.signalAheadMsMax);

export class PeopleQuorum {
  readonly #crypto: Crypto;
  readonly #open = new Map<string, Open>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** Checks a proposal without taking it. */
  evaluateProposal(
    view: MeshView,
    envelope: Envelope,
    part: PrivatePart | undefined,
    machineTimeMs: number,
  ): OpenedProposal | Reject {
    const opened = openProposal(this.#crypto, view, envelope, part);
    if (isReject(opened)) return opened;
    const late = checkNotAfter(opened.proposal.notAfterMs, machineTimeMs);
    if (late !== undefined) return late;
    if (Number(opened.proposal.createdMs) > machineTimeMs + LIMITS.signalAheadMsMax) {
      return reject("clock-off");
    }
    if (opened.proposal.epoch !== view.epoch) return reject("wrong-epoch");
    if (this.#open.has(hex(opened.id))) return reject("duplicate");
    if (this.#openOf(opened.proposer) >= LIMITS.proposalsPerHolderMax) return reject("too-large");
    return opened;
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
    part: PrivatePart,
    opened: OpenedProposal,
  ): void {
    const takenAt = view.controlIndex;
    const entry = { envelope, part, opened, takenAt, approvals: [], isDecided: false };
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
    if (Number(opened.approval.createdMs) > machineTimeMs + LIMITS.signalAheadMsMax) {
      return reject("clock-off");
    }
    const open = this.#open.get(hex(opened.approval.proposalId));
    if (open === undefined) return reject("unknown-proposal");
    if (opened.approver === open.opened.proposer) return reject("self-approval");
    if (open.approvals.some((a) => a.opened.approver === opened.approver)) {
      return reject("already-approved");
    }
    if (open.isDecided) return reject("already-decided");
    if (open.opened.proposal.epoch !== view.epoch) return reject("wrong-epoch");
    if (open.approvals.length >= LIMITS.approvalsMax) return reject("too-large");
    // A verdict runs from its oldest witness: a consent dated back would make one that is over at
    // once.
    const { createdMs } = open.opened.proposal;
    if (opened.approval.createdMs + CLOCKS_APART_MS < createdMs) return reject("clock-off");
    return opened;
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
      .sort((a, b) => compareBytes(a.opened.id, b.opened.id))
      .map((a) => a.envelope);
    const { envelope: proposal, part } = open;
    const verdict = verdictOfPeople(this.#crypto, view, proposal, part, valid, machineTimeMs);
    if (isReject(verdict)) return undefined;
    open.isDecided = true;
    return { verdict, part };
  }

  /** Forgets proposals that can no longer be approved. */
  expire(machineTimeMs: number): void {
    for (const [id, open] of this.#open) {
      if (Number(open.opened.proposal.notAfterMs) <= machineTimeMs) this.#open.delete(id);
    }
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#open.values(), (_, open) => {
      savePart(w, open.part);
      saveCommand(w, open.envelope, open.takenAt);
      w.bool(open.isDecided);
      saveAll(w, open.approvals, (__, a) => saveCommand(w, a.envelope, a.takenAt));
    });
  }

  /** @param viewAt the mesh as of each control index up to where the snapshot was made. */
  load(r: BinaryReader, viewAt: ViewAt): void {
    const crypto = this.#crypto;
    loadAll(r, () => {
      const part = loadPart(r);
      const asked = loadCommand(r, (e, at) => openProposal(crypto, viewAt(at), e, part));
      const isDecided = r.bool();
      const approvals = loadAll(r, () =>
        loadCommand(r, (e, at) => openApproval(crypto, viewAt(at), e)),
      );
      this.#open.set(hex(asked.opened.id), { ...asked, part, isDecided, approvals });
    });
  }

  /**
   * An open or decided proposal that has not lapsed, with its approvals, for who wants to approve.
   */
  find(id: Bytes):
    | (Pick<Open, "envelope" | "part" | "isDecided"> & {
        readonly approvals: readonly Envelope[];
      })
    | undefined {
    const open = this.#open.get(hex(id));
    if (open === undefined) return undefined;
    const { envelope, part, isDecided } = open;
    return { envelope, part, isDecided, approvals: open.approvals.map((a) => a.envelope) };
  }
}
