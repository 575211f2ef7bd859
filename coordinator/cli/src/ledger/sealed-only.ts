// A verdict some of whose private parts are gone (DESIGN.md 9, erasure): everything that does not
// need them is re-derived, and that its witnesses speak of one subject is taken from the seals.

import { create } from "@bufbuild/protobuf";
import {
  type MeshView,
  openApproval,
  openProposal,
  openSignalProof,
  revocationId,
  signalId,
} from "@ostraka/agents/kernel";
import type { CheckedVerdict } from "@ostraka/agents/node";
import {
  type Bytes,
  type Crypto,
  compareBytes,
  decode,
  type Entry,
  type Envelope,
  equalBytes,
  hex,
  isReject,
  LIMITS,
  type PrivatePart,
  PrivatePartSchema,
  ProposalSchema,
  type Reject,
  type Revocation,
  reject,
  type SignalProof,
  SignalSchema,
  type SubjectText,
  type Warrant,
} from "@ostraka/proto";

/** Opens no commitment: whatever else does not hold is named before it. */
const NO_PART: PrivatePart = create(PrivatePartSchema);

/** What stands for a subject that nobody can read any more; no subject is spelled so. */
export function erasedSubject(commitment: Uint8Array): SubjectText {
  return `erased:${hex(commitment).slice(0, 16)}` as SubjectText;
}

export function isErasedSubject(subject: string): boolean {
  return subject.startsWith("erased:");
}

/** Checks a verdict's witnesses, times and id without its private parts. */
export function checkSealedOnly(
  crypto: Crypto,
  view: MeshView,
  entry: Entry,
): CheckedVerdict | Reject {
  const { effect } = entry;
  if (effect.case !== "revocation" && effect.case !== "lift") return reject("malformed");
  const { value } = effect;
  if (!isOfEpoch(view, value.warrant, value.epoch, Number(entry.machineTimeMs))) {
    return reject("wrong-epoch");
  }
  if (value.subjectCommitment.length !== 32) return reject("malformed");
  const witnesses = openWitnesses(crypto, view, value.warrant);
  if (isReject(witnesses)) return witnesses;
  const subject = erasedSubject(value.subjectCommitment);
  if (effect.case === "lift") {
    return effect.value.id.length === 32
      ? { kind: "lift", lift: effect.value, subject }
      : reject("malformed");
  }
  const fault = faultOfBody(crypto, effect.value, witnesses);
  return fault ?? { kind: "revocation", revocation: effect.value, subject };
}

/** I6: people decide under the active epoch, and signals under those that count for their hosts. */
function isOfEpoch(
  view: MeshView,
  warrant: Warrant | undefined,
  epoch: number,
  machineTimeMs: number,
): boolean {
  if (warrant?.proposal !== undefined) return epoch === view.epoch;
  return (warrant?.signals ?? []).every(({ signal: bytes }) => {
    const signal = decode(SignalSchema, bytes, LIMITS.signalBytesMax);
    const host = signal && view.hostOf(signal.hostKey);
    if (host === undefined || signal?.epoch !== epoch) return false;
    return view.epochsOf(host, machineTimeMs).includes(epoch);
  });
}

interface Witness {
  readonly id: Bytes;
  readonly timeMs: number;
}

function openWitnesses(
  crypto: Crypto,
  view: MeshView,
  warrant: Warrant | undefined,
): readonly Witness[] | Reject {
  if (warrant?.proposal !== undefined) return openPeople(crypto, view, warrant.proposal, warrant);
  const witnesses: Witness[] = [];
  for (const proof of warrant?.signals ?? []) {
    const witness = openSealedSignal(crypto, view, proof);
    if (isReject(witness)) return witness;
    witnesses.push(witness);
  }
  const isSorted = witnesses.every(
    (w, i) => i === 0 || compareBytes((witnesses[i - 1] as Witness).id, w.id) < 0,
  );
  if (!isSorted) return reject("duplicate");
  return witnesses.length > 0 ? witnesses : reject("warrant-short");
}

/** A signal whose private part is gone: signed by a member, in its batch. */
export function openSealedSignal(
  crypto: Crypto,
  view: MeshView,
  proof: SignalProof,
): Witness | Reject {
  const opened = openSignalProof(crypto, view, proof, NO_PART);
  const fault = isReject(opened) ? opened : reject("malformed");
  if (fault.reject !== "commitment-mismatch") return fault;
  const signal = decode(SignalSchema, proof.signal, LIMITS.signalBytesMax);
  if (signal === undefined) return reject("malformed");
  return { id: signalId(crypto, view.mesh, proof.signal), timeMs: Number(signal.timeMs) };
}

function openPeople(
  crypto: Crypto,
  view: MeshView,
  envelope: Envelope,
  warrant: Warrant,
): readonly Witness[] | Reject {
  const fault = faultOfSealedProposal(crypto, view, envelope);
  if (fault !== undefined) return fault;
  const proposal = decode(ProposalSchema, envelope.body, LIMITS.commandBytesMax);
  if (proposal === undefined) return reject("malformed");
  const id = crypto.sha256(envelope.body);
  const witnesses: Witness[] = [{ id, timeMs: Number(proposal.createdMs) }];
  for (const approval of warrant.approvals) {
    const opened = openApproval(crypto, view, approval);
    if (isReject(opened)) return opened;
    if (!equalBytes(opened.approval.proposalId, id)) return reject("unknown-proposal");
    witnesses.push({ id: opened.id, timeMs: Number(opened.approval.createdMs) });
  }
  if (witnesses.length === 1) return reject("warrant-short");
  for (const proof of proposal.evidence) {
    const witness = openSealedSignal(crypto, view, proof);
    if (isReject(witness)) return witness;
    witnesses.push(witness);
  }
  return witnesses;
}

/** What of a proposal does not hold, its words apart. */
export function faultOfSealedProposal(
  crypto: Crypto,
  view: MeshView,
  envelope: Envelope,
): Reject | undefined {
  const opened = openProposal(crypto, view, envelope, NO_PART);
  const fault = isReject(opened) ? opened : reject("malformed");
  return fault.reject === "commitment-mismatch" ? undefined : fault;
}

function faultOfBody(
  crypto: Crypto,
  body: Revocation,
  witnesses: readonly Witness[],
): Reject | undefined {
  const { subjectCommitment, stage, scope, isDryRun, fromMs, expiresMs } = body;
  const ids = witnesses.map(({ id }) => id);
  const id = revocationId(crypto, subjectCommitment, stage, scope, isDryRun, ids);
  if (!equalBytes(id, body.id)) return reject("body-differs");
  const oldestMs = Math.min(...witnesses.map(({ timeMs }) => timeMs));
  return BigInt(oldestMs) === fromMs && expiresMs > fromMs ? undefined : reject("body-differs");
}
