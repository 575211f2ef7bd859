// A policy as the machines use it: parsed, checked, integers only. What it means is DESIGN.md 6 and
// 7; reading the YAML is the policy agent's work.

import type { AddressBlock, Stage, SubjectKind, SubjectText } from "@ostraka/proto";

/** A tree over approver groups; the proposer never counts. */
export type ApprovalTree =
  | { readonly group: string; readonly atLeast: number }
  | { readonly all: readonly ApprovalTree[] }
  | { readonly any: readonly ApprovalTree[] }
  | { readonly atLeast: number; readonly of: readonly ApprovalTree[] };

/** A verdict by machines: signals from enough hosts of enough fault domains in one window. */
export interface SignalRule {
  readonly name: string;
  readonly kinds: readonly SubjectKind[];
  readonly hosts: number;
  readonly faultDomains: number;
  readonly windowMs: number;
  /** Each host's day account must reach this, in millidecibans. */
  readonly lineMdb: number;
  readonly stage: Stage;
  readonly ttlMs: number;
}

/** A verdict by people. */
export interface ApprovalRule {
  readonly name: string;
  readonly wish: "revoke" | "lift";
  readonly kinds: readonly SubjectKind[];
  readonly stages: readonly Stage[];
  readonly ttlMsMax: number;
  readonly approvals: ApprovalTree;
}

export interface LocalPolicy {
  /** Level at which a signal is sent, in millidecibans. */
  readonly signalLineMdb: number;
  /** Level at which the local lease falls. */
  readonly leaseLineMdb: number;
  readonly leaseMs: number;
  readonly leaseStage: "step-up" | "throttle" | "suspend";
}

export interface Policy {
  readonly epoch: number;
  readonly name: string;
  readonly local: LocalPolicy;
  readonly signalRules: readonly SignalRule[];
  readonly approvalRules: readonly ApprovalRule[];
  readonly exemptBlocks: readonly AddressBlock[];
  readonly exemptSubjects: ReadonlySet<SubjectText>;
  /** How old a sealed head may be before a sidecar calls itself stale. */
  readonly freshnessLeaseMs: number;
}

/** Longest time that any verdict of this policy can be in force: a lift outlives what it lifts. */
export function longestTtlMs(policy: Policy): number {
  return Math.max(
    ...policy.signalRules.map((rule) => rule.ttlMs),
    ...policy.approvalRules.map((rule) => rule.ttlMsMax),
  );
}
