// The body of a verdict: a pure function of warrant, policy and roster (DESIGN.md 6.6, I1). The
// quorum makes verdicts with it and every sidecar recomputes them with it; nobody else's word is
// taken.

import { create } from "@bufbuild/protobuf";
import {
  type Crypto,
  compareBytes,
  concat,
  encodeNew,
  hex,
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
import { meanEvidenceMdb } from "./evidence.ts";
import { isExempt } from "./exempt.ts";
import type { MeshView } from "./mesh-view.ts";
import type { Policy, SignalRule } from "./policy.ts";
import { verdictCommitment } from "./private-part.ts";
import { FORMAT, hostId, type OpenedSignal, openSignalProof } from "./signal-proof.ts";
import { hasHosts } from "./tally.ts";

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
  const times = signals.map((s) => Number(s.signal.timeMs));
  if (Math.max(...times) - Math.min(...times) > rule.windowMs) return false;
  const isOverLine = (s: OpenedSignal) =>
    s.host.isWitness &&
    s.signal.evidenceMdb >= rule.lineMdb &&
    rule.kinds.includes(s.signal.subjectKind);
  if (!signals.every(isOverLine)) return false;
  const ballots = signals.map((s) => ({ host: hostId(s.host), faultDomain: s.host.faultDomain }));
  return hasHosts(ballots, rule.hosts, rule.faultDomains);
}

/**
 * The revocation that a warrant of signals makes.
 * @param view the mesh at the control index that the verdict will name.
 * @param privates private parts in the order of the warrant's signals.
 */
export function revocationOfSignals(
  crypto: Crypto,
  view: MeshView,
  proofs: readonly SignalProof[],
  privates: readonly PrivatePart[],
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
  return revocationOfOpened(crypto, view, opened, proofs);
}

/** As `revocationOfSignals`, for signals that were opened before. */
export function revocationOfOpened(
  crypto: Crypto,
  view: MeshView,
  opened: readonly OpenedSignal[],
  proofs: readonly SignalProof[],
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
  const salts = opened.map((s) => s.salt);
  const subjectCommitment = verdictCommitment(crypto, subject, salts);
  const ids = opened.map((s) => s.id);
  const fromMs = Math.min(...opened.map((s) => Number(s.signal.timeMs)));
  const scope = create(ScopeSchema);
  const revocation = create(RevocationSchema, {
    format: FORMAT,
    id: revocationId(crypto, subjectCommitment, rule.stage, scope, false, ids),
    subjectKind: wireSubjectKind(subject),
    subjectCommitment,
    stage: rule.stage,
    scope,
    fromMs: BigInt(fromMs),
    expiresMs: BigInt(fromMs + rule.ttlMs),
    epoch,
    controlIndex: BigInt(view.controlIndex),
    rule: rule.name,
    evidenceMdb: meanEvidenceMdb(strongestByHost(opened)),
    hostCount: new Set(opened.map((s) => hostId(s.host))).size,
    warrant: { signals: [...proofs] },
  });
  return { revocation, subject };
}

/** One account a host, its strongest: adding accounts of one host would count it twice. */
function strongestByHost(signals: readonly OpenedSignal[]): number[] {
  const strongest = new Map<string, number>();
  for (const s of signals) {
    const id = hex(s.host.key);
    strongest.set(id, Math.max(strongest.get(id) ?? s.signal.evidenceMdb, s.signal.evidenceMdb));
  }
  return [...strongest.values()];
}
