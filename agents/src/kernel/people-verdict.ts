// Verdicts of people: opening a proposal and its approvals, and the body that they make together.
// Used by the quorum when it decides and by every sidecar when it verifies (I1, I2).

import { create } from "@bufbuild/protobuf";
import {
  type Approval,
  ApprovalSchema,
  type Bytes,
  type Crypto,
  compareBytes,
  compareText,
  decode,
  type Envelope,
  encode,
  equalBytes,
  isReject,
  LIMITS,
  type Lift,
  LiftSchema,
  type LiftWish,
  openEnvelope,
  type PrivatePart,
  type Proposal,
  ProposalSchema,
  type Reject,
  type Revocation,
  RevocationSchema,
  type RevokeWish,
  RevokeWishSchema,
  reject,
  type Scope,
  ScopeSchema,
  type SubjectText,
  utf8,
  wireSubjectKind,
} from "@ostraka/proto";
import { isExempt } from "./exempt.ts";
import type { MeshView } from "./mesh-view.ts";
import { type ApprovalRule, endedUntilMs, type Policy, type Reach } from "./policy.ts";
import { openPrivate, verdictCommitment } from "./private-part.ts";
import { hasEvidence, isForgotten, openEvidence } from "./proposal-evidence.ts";
import { isAsked, reachOfWish, treesOf } from "./reach.ts";
import { FORMAT, isTime, type OpenedSignal } from "./signal-proof.ts";
import { hasApprovals } from "./tally.ts";
import { revocationId } from "./verdict-body.ts";
import { isWidening } from "./widening.ts";

export interface OpenedProposal {
  /** SHA-256 of the proposal's bytes. */
  readonly id: Bytes;
  readonly proposal: Proposal;
  readonly proposer: string;
  readonly subject: SubjectText;
  readonly statement: string;
  readonly salt: Uint8Array;
  readonly rule: ApprovalRule;
  readonly policy: Policy;
  /** How far the verdict would reach. */
  readonly reach: Reach;
  /** Signals that it takes along, opened, sorted by id. */
  readonly evidence: readonly OpenedSignal[];
}

/** Whether a command may still be taken at this machine time. */
export function checkNotAfter(notAfterMs: bigint, machineTimeMs: number): Reject | undefined {
  if (Number(notAfterMs) <= machineTimeMs) return reject("expired");
  if (Number(notAfterMs) > machineTimeMs + LIMITS.notAfterMsMax + LIMITS.signalAheadMsMax) {
    return reject("not-after-too-far");
  }
  return undefined;
}

/**
 * Opens a proposal against the mesh, at the machine time at which it was or would be taken.
 * @param evidenceParts private parts of the signals that it takes along, in their order.
 */
export function openProposal(
  crypto: Crypto,
  view: MeshView,
  envelope: Envelope | undefined,
  part: PrivatePart | undefined,
  evidenceParts: readonly PrivatePart[] = [],
): OpenedProposal | Reject {
  const opened = openEnvelope(crypto, view.mesh, "proposal", envelope, view.findHolder);
  if (isReject(opened)) return opened;
  const proposal = decode(ProposalSchema, opened.body, LIMITS.envelopeBodyBytesMax);
  if (proposal === undefined || opened.holders.length !== 1) return reject("malformed");
  if (proposal.format !== FORMAT) return reject("unsupported-format");
  if (proposal.nonce.length !== 16) return reject("malformed");
  if (!isTime(proposal.createdMs) || !fitsProposal(proposal, view)) return reject("malformed");
  if (view.machineVersion >= 2 && isTooLarge(opened.body.length, proposal)) {
    return reject("too-large");
  }
  const content = openPrivate(crypto, proposal.commitment, part);
  if (content === undefined || part === undefined) return reject("commitment-mismatch");
  if (content.content.statement.length > LIMITS.statementTextMax) return reject("too-large");
  const policy = view.policyOf(proposal.epoch);
  if (policy === undefined) return reject("unknown-epoch");
  const rule = ruleOf(policy, view, proposal, content.subject);
  if (isReject(rule)) return rule;
  const evidence = openEvidence(crypto, view, proposal, content.subject, evidenceParts);
  if (isReject(evidence)) return evidence;
  const { wish } = proposal;
  return {
    id: crypto.sha256(opened.body),
    proposal,
    proposer: opened.holders[0] as string,
    subject: content.subject,
    statement: content.content.statement,
    salt: part.salt,
    rule,
    policy,
    reach: reachOfWish(content.subject, wish.case === "revoke" ? wish.value : undefined),
    evidence,
  };
}

/** Room in an entry for what a verdict holds beside its proposal and its wish: its approvals. */
const APPROVALS_BYTES = LIMITS.approvalsMax * 1_024;

/** Whether the verdict would be too large for an entry: the wish stands in it a second time. */
function isTooLarge(bodyBytes: number, { wish }: Proposal): boolean {
  const wishBytes = wish.case === "revoke" ? encode(RevokeWishSchema, wish.value).length : 0;
  return bodyBytes + wishBytes + APPROVALS_BYTES > LIMITS.entryBytesMax;
}

/** Whether a proposal says only what its machine version knows. */
function fitsProposal({ evidence, wish }: Proposal, view: MeshView): boolean {
  if (view.machineVersion >= 2) return true;
  return evidence.length === 0 && (wish.case !== "revoke" || wish.value.widening.length === 0);
}

function ruleOf(
  policy: Policy,
  view: MeshView,
  proposal: Proposal,
  subject: SubjectText,
): ApprovalRule | Reject {
  const { wish } = proposal;
  if (wish.case === "revoke") {
    const fault = faultOfRevoke(view, wish.value, subject);
    if (fault !== undefined) return fault;
    if (isExempt(policy, subject)) return reject("exempt");
    const allowed = policy.approvalRules.filter(
      (r) =>
        r.wish === "revoke" &&
        r.kinds.includes(wireSubjectKind(subject)) &&
        r.stages.includes(wish.value.stage),
    );
    if (allowed.length === 0) return reject("stage-not-allowed");
    const short = allowed.filter((r) => Number(wish.value.ttlMs) <= r.ttlMsMax);
    if (short.length === 0) return reject("ttl-too-long");
    const reach = reachOfWish(subject, wish.value);
    return short.find((r) => isAsked(r.when, reach)) ?? reject("condition-not-met");
  }
  if (wish.case !== "lift") return reject("malformed");
  const ids = wish.value.revocationIds;
  const isSorted = ids.every((id, i) => i === 0 || compareBytes(ids[i - 1] as Bytes, id) < 0);
  if (ids.length === 0 || ids.length > LIMITS.scopeItemsMax || !isSorted)
    return reject("malformed");
  if (ids.some((id) => id.length !== 32)) return reject("malformed");
  if (view.machineVersion >= 2 && doesPardonAhead(proposal.createdMs, wish.value)) {
    return reject("clock-off");
  }
  const lifting = policy.approvalRules.filter((r) => r.wish === "lift");
  if (lifting.length === 0) return reject("stage-not-allowed");
  return liftRuleOf(policy, subject) ?? reject("condition-not-met");
}

/**
 * Whether a lift pardons what has not been seen yet: that would make its subject immune, and a time
 * beyond safe integers is none that a machine can keep.
 */
function doesPardonAhead(createdMs: bigint, { pardonBeforeMs }: LiftWish): boolean {
  return pardonBeforeMs > createdMs + BigInt(LIMITS.signalAheadMsMax);
}

/** The rule by which a verdict on a subject is ended. */
function liftRuleOf(policy: Policy, subject: SubjectText): ApprovalRule | undefined {
  const reach = reachOfWish(subject, undefined);
  return policy.approvalRules.find((r) => r.wish === "lift" && isAsked(r.when, reach));
}

function faultOfRevoke(view: MeshView, wish: RevokeWish, subject: SubjectText): Reject | undefined {
  if (wish.subjectKind !== wireSubjectKind(subject)) return reject("malformed");
  if (wish.ttlMs < 1_000n) return reject("malformed");
  if (wish.widening.length > 0 && (view.machineVersion < 2 || !isWidening(wish))) {
    return reject("malformed");
  }
  const { scope, supersedes } = wish;
  if (supersedes.length > LIMITS.scopeItemsMax || supersedes.some((id) => id.length !== 32)) {
    return reject("malformed");
  }
  if (scope === undefined) return undefined;
  for (const list of [scope.hosts, scope.resources, scope.actions, scope.labels]) {
    const isSorted = list.every((v, i) => i === 0 || compareText(list[i - 1] as string, v) < 0);
    const isLong = list.some((item) => item.length > LIMITS.scopeItemTextMax);
    if (list.length > LIMITS.scopeItemsMax || isLong || !isSorted) {
      return reject("scope-not-allowed");
    }
  }
  // A misspelt host would make a kill switch that reaches nothing and reports success.
  if (scope.hosts.some((name) => view.hostNamed(name) === undefined)) {
    return reject("scope-not-allowed");
  }
  return undefined;
}

export interface OpenedApproval {
  /** SHA-256 over the approval's bytes and its signer's key: two people may sign equal bytes. */
  readonly id: Bytes;
  readonly approval: Approval;
  readonly approver: string;
}

/** Opens an approval of a given proposal. */
export function openApproval(
  crypto: Crypto,
  view: MeshView,
  envelope: Envelope | undefined,
): OpenedApproval | Reject {
  const opened = openEnvelope(crypto, view.mesh, "approval", envelope, view.findHolder);
  if (isReject(opened)) return opened;
  const approval = decode(ApprovalSchema, opened.body, LIMITS.envelopeBodyBytesMax);
  if (approval === undefined || opened.holders.length !== 1) return reject("malformed");
  if (approval.format !== FORMAT) return reject("unsupported-format");
  if (!isTime(approval.createdMs)) return reject("malformed");
  const approver = opened.holders[0] as string;
  // One signature exactly: a second key of the same holder must not make a second spelling.
  const [signature, another] = envelope?.signatures ?? [];
  if (signature === undefined || another !== undefined) return reject("malformed");
  return { id: crypto.sha256(opened.body, signature.key), approval, approver };
}

/**
 * Whether a consent is dated back further than any lives: a lift is remembered from its latest
 * consent on, and would be forgotten while what it ended can still be in force (I5).
 */
export function isDatedBack(
  { createdMs }: Approval,
  view: Pick<MeshView, "machineVersion">,
  machineTimeMs: number,
): boolean {
  const oldestMs = machineTimeMs - LIMITS.notAfterMsMax - LIMITS.signalAheadMsMax;
  return view.machineVersion >= 2 && Number(createdMs) < oldestMs;
}

export type PeopleVerdict =
  | { readonly kind: "revocation"; readonly revocation: Revocation; readonly subject: SubjectText }
  | { readonly kind: "lift"; readonly lift: Lift; readonly subject: SubjectText };

/**
 * The verdict that a proposal and its approvals make; `warrant-short` while approvals are missing.
 * Approvals come sorted by id, each of another holder, none of the proposer.
 * @param machineTimeMs machine time of the entry: proposal and approvals must not have lapsed by
 * then.
 */
export function verdictOfPeople(
  crypto: Crypto,
  view: MeshView,
  proposal: Envelope | undefined,
  part: PrivatePart | undefined,
  approvals: readonly Envelope[],
  machineTimeMs: number,
  evidenceParts: readonly PrivatePart[] = [],
): PeopleVerdict | Reject {
  const asked = openProposal(crypto, view, proposal, part, evidenceParts);
  if (isReject(asked)) return asked;
  const late = checkNotAfter(asked.proposal.notAfterMs, machineTimeMs);
  if (late !== undefined) return late;
  if (isForgotten(asked.evidence, machineTimeMs)) return reject("expired");
  const given = openApprovals(crypto, view, asked, approvals, machineTimeMs);
  if (isReject(given)) return given;
  const approvers = given.map((g) => g.approver);
  const isConsented = (rule: ApprovalRule) => {
    const isProven = hasEvidence(asked.policy, rule, asked.evidence);
    const reach = rule.wish === "lift" ? reachOfWish(asked.subject, undefined) : asked.reach;
    const { proposer } = asked;
    return treesOf(rule, reach, isProven).every((tree) =>
      hasApprovals(tree, approvers, proposer, view.groupsOf, view.machineVersion),
    );
  };
  if (!isConsented(asked.rule)) return reject("warrant-short");
  // To supersede is to lift what is superseded: it needs the consent that a lift needs.
  const { wish } = asked.proposal;
  const doesSupersede = wish.case === "revoke" && wish.value.supersedes.length > 0;
  const lifting = doesSupersede ? liftRuleOf(asked.policy, asked.subject) : undefined;
  if (doesSupersede && (lifting === undefined || !isConsented(lifting))) {
    return reject("warrant-short");
  }
  // What would be over at once must not end anything else.
  const fromMs = Math.min(...witnessTimes(asked, given));
  if (wish.case === "revoke" && fromMs + Number(wish.value.ttlMs) <= machineTimeMs) {
    return reject("expired");
  }
  const warrant = { proposal: proposal as Envelope, approvals: [...approvals] };
  return composeVerdict(crypto, view, asked, given, warrant);
}

/** Approvals of one proposal: sorted by id, each of another holder, none of the proposer. */
function openApprovals(
  crypto: Crypto,
  view: MeshView,
  asked: OpenedProposal,
  approvals: readonly Envelope[],
  machineTimeMs: number,
): OpenedApproval[] | Reject {
  if (approvals.length > LIMITS.approvalsMax) return reject("too-large");
  const given: OpenedApproval[] = [];
  for (const envelope of approvals) {
    const approval = openApproval(crypto, view, envelope);
    if (isReject(approval)) return approval;
    const lapsed = checkNotAfter(approval.approval.notAfterMs, machineTimeMs);
    if (lapsed !== undefined) return lapsed;
    if (isDatedBack(approval.approval, view, machineTimeMs)) return reject("clock-off");
    if (!equalBytes(approval.approval.proposalId, asked.id)) return reject("unknown-proposal");
    if (approval.approver === asked.proposer) return reject("self-approval");
    if (given.some((g) => g.approver === approval.approver)) return reject("already-approved");
    const previous = given[given.length - 1];
    if (previous !== undefined && compareBytes(previous.id, approval.id) >= 0) {
      return reject("duplicate");
    }
    given.push(approval);
  }
  return given;
}

/** Signed times of all witnesses: the proposal, its approvals and the signals it takes along. */
function witnessTimes(asked: OpenedProposal, given: readonly OpenedApproval[]): number[] {
  const approvals = given.map((g) => g.approval.createdMs);
  const signals = asked.evidence.map((s) => s.signal.timeMs);
  return [asked.proposal.createdMs, ...approvals, ...signals].map(Number);
}

function composeVerdict(
  crypto: Crypto,
  view: MeshView,
  asked: OpenedProposal,
  given: readonly OpenedApproval[],
  warrant: { proposal: Envelope; approvals: Envelope[] },
): PeopleVerdict {
  const { proposal, subject, rule, policy } = asked;
  const witnessIds = [asked.id, ...given.map((g) => g.id), ...asked.evidence.map((s) => s.id)];
  const times = witnessTimes(asked, given);
  const salted = [asked, ...asked.evidence].sort((a, b) => compareBytes(a.id, b.id));
  const salts = salted.map(({ salt }) => salt);
  const subjectCommitment = verdictCommitment(crypto, subject, salts);
  const judgedBy = {
    format: FORMAT,
    subjectCommitment,
    epoch: policy.epoch,
    controlIndex: BigInt(view.controlIndex),
    rule: rule.name,
    warrant,
  };
  if (proposal.wish.case === "lift") {
    const { revocationIds, pardonBeforeMs } = proposal.wish.value;
    const id = crypto.sha256(utf8("ostraka/v1/lift"), asked.id, ...revocationIds);
    // What it lifts may be of an earlier epoch with longer times: the lift outlives them all.
    const expiresMs = BigInt(endedUntilMs(Math.max(...times)));
    const lift = create(LiftSchema, { ...judgedBy, id, revocationIds, expiresMs, pardonBeforeMs });
    return { kind: "lift", lift, subject };
  }
  const wish = proposal.wish.value as RevokeWish;
  const scope: Scope = wish.scope ?? create(ScopeSchema);
  const fromMs = Math.min(...times);
  const revocation = create(RevocationSchema, {
    ...judgedBy,
    id: revocationId(crypto, subjectCommitment, wish.stage, scope, wish.isDryRun, witnessIds),
    subjectKind: wireSubjectKind(subject),
    stage: wish.stage,
    scope,
    isDryRun: wish.isDryRun,
    fromMs: BigInt(fromMs),
    expiresMs: BigInt(fromMs) + wish.ttlMs,
    supersedes: wish.supersedes,
    widening: wish.widening,
  });
  return { kind: "revocation", revocation, subject };
}

/** Bytes that compare two verdict bodies: equal bytes, equal verdict. */
export function bodyBytes(verdict: PeopleVerdict): Bytes {
  return verdict.kind === "lift"
    ? encode(LiftSchema, verdict.lift)
    : encode(RevocationSchema, verdict.revocation);
}
