// How far a verdict reaches, and what a policy's conditions make of it (DESIGN.md 6.3). A function
// of the body alone: whoever recomputes the body asks the same conditions and hears the same.

import { type RevokeWish, Stage, type SubjectText, wireSubjectKind } from "@ostraka/proto";
import { meanEvidenceMdb } from "./evidence.ts";
import type { ApprovalRule, ApprovalTree, Condition, Reach, SignalRule } from "./policy.ts";
import { hostId, type OpenedSignal } from "./signal-proof.ts";

/** Reach of what people ask for; a lift reaches its subject and nothing else. */
export function reachOfWish(subject: SubjectText, wish: RevokeWish | undefined): Reach {
  return {
    kind: wireSubjectKind(subject),
    stage: wish?.stage ?? Stage.UNSPECIFIED,
    scopeHosts: wish?.scope?.hosts.length ?? 0,
    ttlMs: Number(wish?.ttlMs ?? 0n),
    isDryRun: wish?.isDryRun ?? false,
    hosts: 0,
    faultDomains: 0,
    evidenceMdb: 0,
    sharedSubjects: 0,
  };
}

/** Reach of what a rule's machines would do with these signals of one subject. */
export function reachOfSignals(rule: SignalRule, signals: readonly OpenedSignal[]): Reach {
  const { hosts, faultDomains } = spreadOf(signals);
  return {
    kind: signals[0]?.signal.subjectKind ?? 0,
    stage: rule.stage,
    scopeHosts: 0,
    ttlMs: rule.ttlMs,
    isDryRun: false,
    hosts,
    faultDomains,
    evidenceMdb: meanEvidenceMdb(strongestByHost(signals)),
    sharedSubjects: Math.max(0, ...signals.map((s) => s.signal.sharedSubjects)),
  };
}

/** Distinct hosts and fault domains behind signals. */
export function spreadOf(signals: readonly OpenedSignal[]) {
  return {
    hosts: new Set(signals.map((s) => hostId(s.host))).size,
    faultDomains: new Set(signals.map((s) => s.host.faultDomain)).size,
  };
}

/** One account a host, its strongest: adding accounts of one host would count it twice. */
export function strongestByHost(signals: readonly OpenedSignal[]): number[] {
  const strongest = new Map<string, number>();
  for (const s of signals) {
    const id = hostId(s.host);
    strongest.set(id, Math.max(strongest.get(id) ?? s.signal.evidenceMdb, s.signal.evidenceMdb));
  }
  return [...strongest.values()];
}

/** The largest sum that an entry can say: a host may claim any evidence that its field can hold. */
const SUM_MDB_MAX = 2_147_483_647;

/** The plain sum of day accounts, one a host: what they would say if they were independent. */
export function sumEvidenceMdb(signals: readonly OpenedSignal[]): number {
  return sumMdb(strongestByHost(signals));
}

/** As `sumEvidenceMdb`, of the accounts themselves: of those over a line, which are positive. */
export function sumMdb(accountsMdb: Iterable<number>): number {
  let sum = 0;
  for (const mdb of accountsMdb) sum = Math.min(SUM_MDB_MAX, sum + mdb);
  return sum;
}

/** Whether a rule speaks of what reaches so far. */
export function isAsked(when: Condition | undefined, reach: Reach): boolean {
  return when === undefined || when.holds(reach);
}

/** Hosts and fault domains that a rule wants of machines for what reaches so far. */
export function neededOf(rule: SignalRule, reach: Reach) {
  let { hosts, faultDomains } = rule;
  for (const more of rule.escalations ?? []) {
    if (!more.when.holds(reach)) continue;
    hosts = Math.max(hosts, more.hosts);
    faultDomains = Math.max(faultDomains, more.faultDomains);
  }
  return { hosts, faultDomains };
}

/**
 * The trees that people's consent must satisfy, each of them by itself: the rule's own, or the
 * lighter one where evidence stands beside it, and one more for each escalation that is asked.
 */
export function treesOf(rule: ApprovalRule, reach: Reach, hasEvidence: boolean): ApprovalTree[] {
  const own = hasEvidence ? (rule.withEvidence?.approvals ?? rule.approvals) : rule.approvals;
  const more = (rule.escalations ?? []).filter(({ when }) => when.holds(reach));
  return [own, ...more.map(({ approvals }) => approvals)];
}
