// Proposals and approvals as a ledger tells them, re-derived: which approval completes a warrant,
// and the verdict that must follow it. The dumb reader's twin of the quorum over people; decides
// nothing.

import {
  checkNotAfter,
  type MeshView,
  type OpenedProposal,
  openApproval,
  openProposal,
  type PeopleVerdict,
  verdictOfPeople,
} from "@ostraka/agents/kernel";
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
  Role,
  reject,
} from "@ostraka/proto";
import { faultOfSealedProposal } from "./sealed-only.ts";

interface Approved {
  readonly id: Bytes;
  readonly holder: string;
  readonly envelope: Envelope;
  readonly notAfterMs: number;
}

/** A proposal with what became of it so far. */
export interface RecordedProposal {
  readonly index: number;
  readonly envelope: Envelope;
  readonly part: PrivatePart;
  /** Private parts of the signals that it takes along. */
  readonly evidenceParts: readonly PrivatePart[];
  readonly opened: OpenedProposal;
  readonly approvals: Approved[];
  /** Id of the verdict that it made; absent while it is open. */
  verdictId?: Bytes;
}

/** A proposal whose words are gone: who asked and who has approved is all that can be read. */
interface SealedProposal {
  readonly proposer: string;
  readonly approvers: Set<string>;
}

export class PeopleRecord {
  readonly #crypto: Crypto;
  readonly #proposals = new Map<string, RecordedProposal>();
  readonly #sealed = new Map<string, SealedProposal>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** A proposal by its id in hex. */
  find(id: string): RecordedProposal | undefined {
    return this.#proposals.get(id);
  }

  all(): Iterable<RecordedProposal> {
    return this.#proposals.values();
  }

  /** Takes a proposal's entry. @returns why it may not stand, if so. */
  takeProposal(
    view: MeshView,
    envelope: Envelope,
    parts: readonly (PrivatePart | undefined)[],
    at: { readonly index: number; readonly machineTimeMs: number },
  ): Reject | undefined {
    const [part, ...evidenceParts] = parts;
    if (part === undefined || !areWhole(evidenceParts)) return this.#takeSealed(view, envelope);
    const opened = openProposal(this.#crypto, view, envelope, part, evidenceParts);
    if (isReject(opened)) return opened;
    const { proposal, id } = opened;
    const fault = faultOfTimes(proposal.createdMs, proposal.notAfterMs, at.machineTimeMs);
    if (fault !== undefined) return fault;
    if (proposal.epoch !== view.epoch) return reject("wrong-epoch");
    if (this.#proposals.has(hex(id))) return reject("duplicate");
    const shared = { index: at.index, envelope, part, evidenceParts };
    this.#proposals.set(hex(id), { ...shared, opened, approvals: [] });
    return undefined;
  }

  #takeSealed(view: MeshView, envelope: Envelope): Reject | undefined {
    const fault = faultOfSealedProposal(this.#crypto, view, envelope);
    if (fault !== undefined) return fault;
    const id = hex(this.#crypto.sha256(envelope.body));
    if (this.#sealed.has(id) || this.#proposals.has(id)) return reject("duplicate");
    const roles = [Role.OPERATOR, Role.APPROVER];
    const key = envelope.signatures[0]?.key ?? new Uint8Array();
    const proposer = view.findHolder(key, roles) ?? "";
    this.#sealed.set(id, { proposer, approvers: new Set() });
    return undefined;
  }

  /**
   * Takes an approval's entry.
   * @returns the verdict that it completes, which must be the next entry; why it may not stand;
   * `undefined` while approvals are missing; `by-seals` where the proposal's words are gone.
   */
  takeApproval(
    view: MeshView,
    envelope: Envelope,
    index: number,
    machineTimeMs: number,
  ): PeopleVerdict | Reject | "by-seals" | undefined {
    const opened = openApproval(this.#crypto, view, envelope);
    if (isReject(opened)) return opened;
    const { approval, approver, id } = opened;
    const late = faultOfTimes(approval.createdMs, approval.notAfterMs, machineTimeMs);
    if (late !== undefined) return late;
    const sealed = this.#sealed.get(hex(approval.proposalId));
    if (sealed !== undefined) return takeSealedApproval(sealed, approver);
    const proposal = this.#proposals.get(hex(approval.proposalId));
    const fault = faultOfApproval(proposal, approver, view, machineTimeMs);
    if (isReject(fault)) return fault;
    const { approvals } = fault;
    approvals.push({ id, holder: approver, envelope, notAfterMs: Number(approval.notAfterMs) });
    // The view that the verdict names stands at this approval, which the mesh has not applied yet.
    const viewHere = { ...view, controlIndex: index };
    const verdict = verdictOfPeople(
      this.#crypto,
      viewHere,
      fault.envelope,
      fault.part,
      validAt(approvals, machineTimeMs),
      machineTimeMs,
      fault.evidenceParts,
    );
    if (isReject(verdict)) return undefined;
    fault.verdictId = verdict.kind === "lift" ? verdict.lift.id : verdict.revocation.id;
    return verdict;
  }
}

function areWhole(parts: readonly (PrivatePart | undefined)[]): parts is readonly PrivatePart[] {
  return parts.every((part) => part !== undefined);
}

function takeSealedApproval(
  { proposer, approvers }: SealedProposal,
  approver: string,
): Reject | "by-seals" {
  if (approver === proposer) return reject("self-approval");
  if (approvers.has(approver)) return reject("already-approved");
  approvers.add(approver);
  return "by-seals";
}

function faultOfApproval(
  proposal: RecordedProposal | undefined,
  approver: string,
  view: MeshView,
  machineTimeMs: number,
): RecordedProposal | Reject {
  if (proposal === undefined) return reject("unknown-proposal");
  const { proposer, proposal: body } = proposal.opened;
  if (Number(body.notAfterMs) <= machineTimeMs) return reject("unknown-proposal");
  if (approver === proposer) return reject("self-approval");
  if (proposal.approvals.some((a) => a.holder === approver)) return reject("already-approved");
  if (proposal.verdictId !== undefined) return reject("already-decided");
  if (body.epoch !== view.epoch) return reject("wrong-epoch");
  return proposal.approvals.length < LIMITS.approvalsMax ? proposal : reject("too-large");
}

function faultOfTimes(
  createdMs: bigint,
  notAfterMs: bigint,
  machineTimeMs: number,
): Reject | undefined {
  if (Number(createdMs) > machineTimeMs + LIMITS.signalAheadMsMax) return reject("clock-off");
  return checkNotAfter(notAfterMs, machineTimeMs);
}

function validAt(approvals: readonly Approved[], machineTimeMs: number): Envelope[] {
  return approvals
    .filter((a) => a.notAfterMs > machineTimeMs)
    .sort((a, b) => compareBytes(a.id, b.id))
    .map((a) => a.envelope);
}
