// Signals that a proposal takes along: a mixed warrant stands in the control ledger with them
// inside it. Judges them as a warrant of machines is judged, and says whether they are enough for
// the lighter consent that a rule may ask then. Never counts what its own signatures do not prove.

import {
  type Crypto,
  compareBytes,
  decode,
  isReject,
  LIMITS,
  type PrivatePart,
  type Proposal,
  ProposalSchema,
  type Reject,
  reject,
  type SignalProof,
  type SubjectText,
  type Warrant,
  wireSubjectKind,
} from "@ostraka/proto";
import type { MeshView } from "./mesh-view.ts";
import type { ApprovalRule, Policy } from "./policy.ts";
import { type OpenedSignal, openSignalProof } from "./signal-proof.ts";
import { hasHosts } from "./tally.ts";
import { ballotsOf, isOneWindow } from "./verdict-body.ts";

/**
 * How old a signal may be when a proposal takes it along: what people were asked about yesterday
 * they may still take up, and what was spent by them is remembered for as long.
 */
export const EVIDENCE_AGE_MS_MAX = 24 * 3_600_000;

/**
 * So long after its signed time no honest proposal that still lives can take a signal along: until
 * then it is remembered as spent, and from then on no verdict of people uses it.
 */
export const EVIDENCE_SPENT_MS =
  EVIDENCE_AGE_MS_MAX + LIMITS.notAfterMsMax + 3 * LIMITS.signalAheadMsMax;

/**
 * Whether evidence is older than what is remembered of it. A proposal that is dated back must not
 * take up what was spent before.
 */
export function isForgotten(evidence: readonly OpenedSignal[], machineTimeMs: number): boolean {
  return evidence.some(({ signal }) => Number(signal.timeMs) + EVIDENCE_SPENT_MS <= machineTimeMs);
}

/** The signals inside a warrant of people. */
export function evidenceOf(warrant: Warrant | undefined): readonly SignalProof[] {
  const body = warrant?.proposal?.body;
  return (body && decode(ProposalSchema, body, LIMITS.commandBytesMax))?.evidence ?? [];
}

/**
 * Opens the evidence of a proposal.
 * @param parts private parts in the order of the evidence.
 */
export function openEvidence(
  crypto: Crypto,
  view: MeshView,
  proposal: Proposal,
  subject: SubjectText,
  parts: readonly PrivatePart[],
): OpenedSignal[] | Reject {
  const { evidence } = proposal;
  if (evidence.length === 0) return parts.length === 0 ? [] : reject("commitment-mismatch");
  // Evidence cuts off; nothing is lifted by it.
  if (view.machineVersion < 2 || proposal.wish.case !== "revoke") return reject("malformed");
  if (evidence.length > LIMITS.warrantSignalsMax) return reject("too-large");
  const size = parts.reduce((sum, { salt, content }) => sum + salt.length + content.length, 0);
  if (size > LIMITS.evidencePrivatesBytesMax) return reject("too-large");
  if (parts.length !== evidence.length) return reject("commitment-mismatch");
  const opened: OpenedSignal[] = [];
  for (const [i, proof] of evidence.entries()) {
    const signal = openSignalProof(crypto, view, proof, parts[i]);
    if (isReject(signal)) return signal;
    const fault = faultOfOne(view, proposal, subject, signal);
    if (fault !== undefined) return fault;
    // Sorted by id and without repeats: one warrant has one spelling.
    const previous = opened.at(-1);
    if (previous !== undefined && compareBytes(previous.id, signal.id) >= 0) {
      return reject("duplicate");
    }
    opened.push(signal);
  }
  return opened;
}

function faultOfOne(
  view: MeshView,
  { epoch, createdMs }: Proposal,
  subject: SubjectText,
  { signal, host, private: content }: OpenedSignal,
): Reject | undefined {
  if (content.subject !== subject) return reject("commitment-mismatch");
  if (signal.subjectKind !== wireSubjectKind(subject) || signal.isAgainst) {
    return reject("malformed");
  }
  // I6: signals count together only under one epoch, and with the proposal under its own.
  if (signal.epoch !== epoch) return reject("wrong-epoch");
  if (!host.isWitness) return reject("not-a-witness");
  if (view.isExpelled(host.key)) return reject("expelled");
  const ageMs = Number(createdMs) - Number(signal.timeMs);
  if (ageMs > EVIDENCE_AGE_MS_MAX) return reject("expired");
  return ageMs < -LIMITS.signalAheadMsMax ? reject("clock-off") : undefined;
}

/**
 * Whether evidence is what a rule asks for its lighter consent: enough hosts and fault domains over
 * its line, within the longest window in which machines count this kind of subject.
 */
export function hasEvidence(
  policy: Policy,
  rule: ApprovalRule,
  evidence: readonly OpenedSignal[],
): boolean {
  const asked = rule.withEvidence;
  const [first] = evidence;
  if (asked === undefined || first === undefined) return false;
  const kind = first.signal.subjectKind;
  const windows = policy.signalRules.filter((r) => r.kinds.includes(kind)).map((r) => r.windowMs);
  const over = evidence.filter((s) => s.signal.evidenceMdb >= asked.lineMdb);
  if (over.length === 0 || windows.length === 0) return false;
  // What lies outside the window hides nothing: any window that begins with a signal may do.
  const windowMs = Math.max(...windows);
  return over.some((oldest) => {
    const fromMs = oldest.signal.timeMs;
    const within = over.filter(
      (s) => s.signal.timeMs >= fromMs && isOneWindow([oldest, s], windowMs),
    );
    return hasHosts(ballotsOf(within), asked.hosts, asked.faultDomains);
  });
}
