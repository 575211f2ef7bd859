// The body of a verdict: a pure function of warrant, policy and roster (DESIGN.md 6.6, I1). The
// quorum makes verdicts with it and every sidecar recomputes them with it; nobody else's word is
// taken.

import { create } from "@bufbuild/protobuf";
import {
  type Crypto,
  compareBytes,
  concat,
  type EarlierVerdict,
  encodeNew,
  isReject,
  LIMITS,
  type PrivatePart,
  type Reject,
  type Revocation,
  RevocationSchema,
  reject,
  type Scope,
  ScopeSchema,
  type SignalProof,
  type Stage,
  type SubjectText,
  utf8,
  wireSubjectKind,
} from "@ostraka/proto";
import { type EarlierContext, faultOfEarlier } from "./earlier-verdict.ts";
import { meanEvidenceMdb } from "./evidence.ts";
import { isExempt } from "./exempt.ts";
import type { MeshView } from "./mesh-view.ts";
import type { Policy, SignalRule } from "./policy.ts";
import { verdictCommitment } from "./private-part.ts";
import { isAsked, neededOf, reachOfSignals, spreadOf, strongestByHost } from "./reach.ts";
import { FORMAT, hostId, type OpenedSignal, openSignalProof } from "./signal-proof.ts";
import { type Ballot, hasHosts } from "./tally.ts";

export interface DerivedRevocation {
  readonly revocation: Revocation;
  readonly subject: SubjectText;
}

/** Id = SHA-256 over subject commitment, stage, scope and sorted witness ids. */
export function revocationId(
  crypto: Crypto,
  subjectCommitment: Uint8Array,
  stage: Stage,
  scope: Scope | undefined,
  isDryRun: boolean,
  witnessIds: readonly Uint8Array[],
) {
  const sorted = [...witnessIds].sort(compareBytes);
  const scopeBytes = encodeNew(ScopeSchema, scope ?? {});
  return crypto.sha256(
    utf8("ostraka/v1/revocation"),
    subjectCommitment,
    Uint8Array.of(stage, isDryRun ? 1 : 0),
    crypto.sha256(scopeBytes),
    concat(...sorted),
  );
}

/** The first rule of a policy that these signals satisfy. */
export function satisfiedRule(
  policy: Policy,
  signals: readonly OpenedSignal[],
): SignalRule | undefined {
  return policy.signalRules.find((rule) => satisfiesRule(rule, signals));
}

function satisfiesRule(rule: SignalRule, signals: readonly OpenedSignal[]): boolean {
  if (!isOneWindow(signals, rule.windowMs)) return false;
  const isOverLine = (s: OpenedSignal) =>
    s.host.isWitness &&
    s.signal.evidenceMdb >= rule.lineMdb &&
    !s.signal.isAgainst &&
    rule.kinds.includes(s.signal.subjectKind);
  if (!signals.every(isOverLine)) return false;
  const reach = reachOfSignals(rule, signals);
  const { hosts, faultDomains } = neededOf(rule, reach);
  return isAsked(rule.when, reach) && hasHosts(ballotsOf(signals), hosts, faultDomains);
}

/** Whether the signed times of signals lie in one window. */
export function isOneWindow(signals: readonly OpenedSignal[], windowMs: number): boolean {
  const times = signals.map((s) => Number(s.signal.timeMs));
  return Math.max(...times) - Math.min(...times) <= windowMs;
}

/** What the tally counts of signals. */
export function ballotsOf(signals: readonly OpenedSignal[]): Ballot[] {
  return signals.map((s) => ({ host: hostId(s.host), faultDomain: s.host.faultDomain }));
}

/**
 * The revocation that a warrant of signals makes.
 * @param view the mesh at the control index that the verdict will name.
 * @param privates private parts in the order of the warrant's signals.
 * @param earlier an earlier verdict of the same subject that makes this one start higher.
 */
export function revocationOfSignals(
  crypto: Crypto,
  view: MeshView,
  proofs: readonly SignalProof[],
  privates: readonly PrivatePart[],
  earlier?: EarlierContext,
): DerivedRevocation | Reject {
  if (proofs.length === 0 || proofs.length > LIMITS.warrantSignalsMax)
    return reject("warrant-short");
  if (privates.length !== proofs.length) return reject("commitment-mismatch");
  const opened: OpenedSignal[] = [];
  for (let i = 0; i < proofs.length; i++) {
    const signal = openSignalProof(crypto, view, proofs[i] as SignalProof, privates[i]);
    if (isReject(signal)) return signal;
    opened.push(signal);
  }
  return revocationOfOpened(crypto, view, opened, proofs, earlier);
}

/** As `revocationOfSignals`, for signals that were opened before. */
export function revocationOfOpened(
  crypto: Crypto,
  view: MeshView,
  opened: readonly OpenedSignal[],
  proofs: readonly SignalProof[],
  earlier?: EarlierContext,
): DerivedRevocation | Reject {
  const [first] = opened;
  if (first === undefined) return reject("warrant-short");
  const subject = first.private.subject;
  const { epoch } = first.signal;
  const policy = view.policyOf(epoch);
  if (policy === undefined) return reject("unknown-epoch");
  for (let i = 0; i < opened.length; i++) {
    const s = opened[i] as OpenedSignal;
    // I6: signals count together only under one epoch.
    if (s.signal.epoch !== epoch) return reject("wrong-epoch");
    if (s.private.subject !== subject) return reject("commitment-mismatch");
    if (s.signal.subjectKind !== wireSubjectKind(subject)) return reject("malformed");
    // Sorted by id and without repeats: one warrant has one spelling.
    const previous = opened[i - 1];
    if (previous !== undefined && compareBytes(previous.id, s.id) >= 0) return reject("duplicate");
  }
  if (isExempt(policy, subject)) return reject("exempt");
  const rule = satisfiedRule(policy, opened);
  if (rule === undefined) return reject("warrant-short");
  const sharedSubjects = Math.max(...opened.map((s) => s.signal.sharedSubjects));
  if (sharedSubjects > (rule.sharedSubjectsMax ?? Number.POSITIVE_INFINITY)) {
    return reject("shared-address");
  }
  const fromMs = Math.min(...opened.map((s) => Number(s.signal.timeMs)));
  const fault = earlier && faultOfEarlier(crypto, rule, { subject, fromMs }, earlier);
  if (fault !== undefined) return fault;
  return bodyBySignals(crypto, view, rule, opened, proofs, earlier?.verdict);
}

/**
 * The body that a rule would make of these signals of one subject and epoch, enough or not: what is
 * shown to people when machines may not do it. Nobody enforces it.
 */
export function bodyBySignals(
  crypto: Crypto,
  view: MeshView,
  rule: SignalRule,
  opened: readonly OpenedSignal[],
  proofs: readonly SignalProof[],
  earlier?: EarlierVerdict,
): DerivedRevocation {
  const [first] = opened as [OpenedSignal];
  const subject = first.private.subject;
  const { epoch } = first.signal;
  const fromMs = Math.min(...opened.map((s) => Number(s.signal.timeMs)));
  const warrant = { signals: [...proofs], earlier: earlier === undefined ? [] : [earlier] };
  const salts = opened.map((s) => s.salt);
  const subjectCommitment = verdictCommitment(crypto, subject, salts);
  const ids = opened.map((s) => s.id);
  const scope = create(ScopeSchema);
  const isDryRun = view.policyOf(epoch)?.isDryRun ?? false;
  // A second offence starts higher.
  const isRepeat = warrant.earlier.length > 0 && rule.repeat !== undefined;
  const { stage, ttlMs } = isRepeat ? (rule.repeat as NonNullable<typeof rule.repeat>) : rule;
  const revocation = create(RevocationSchema, {
    format: FORMAT,
    id: revocationId(crypto, subjectCommitment, stage, scope, isDryRun, ids),
    subjectKind: wireSubjectKind(subject),
    subjectCommitment,
    stage,
    scope,
    isDryRun,
    fromMs: BigInt(fromMs),
    expiresMs: BigInt(fromMs + ttlMs),
    epoch,
    controlIndex: BigInt(view.controlIndex),
    rule: rule.name,
    evidenceMdb: meanEvidenceMdb(strongestByHost(opened)),
    hostCount: spreadOf(opened).hosts,
    warrant,
  });
  return { revocation, subject };
}
