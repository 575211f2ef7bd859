// A policy as the machines use it: parsed, checked, integers only. What it means is DESIGN.md 6 and
// 7; reading the YAML is the policy agent's work.

import {
  type AddressBlock,
  LIMITS,
  type Stage,
  type SubjectKind,
  type SubjectText,
} from "@ostraka/proto";

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

/** Longest time that a verdict of any policy can be in force. */
export const TTL_MS_MAX = 30 * 86_400_000;

/**
 * Until when it must be remembered that a revocation was ended at this time, by a lift or by one
 * that supersedes it: whatever its policy was, it cannot be in force after that.
 */
export function endedUntilMs(ms: number): number {
  return ms + TTL_MS_MAX + LIMITS.signalAheadMsMax;
}
