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

/**
 * How far a verdict reaches: a function of its body alone. What a condition of a policy may ask.
 */
export interface Reach {
  readonly kind: SubjectKind;
  readonly stage: Stage;
  /** Hosts named by the scope; 0 = every host. */
  readonly scopeHosts: number;
  readonly ttlMs: number;
  readonly isDryRun: boolean;
  /** Of a machine's verdict: witness hosts, their fault domains, G; 0 where people made it. */
  readonly hosts: number;
  readonly faultDomains: number;
  readonly evidenceMdb: number;
  /** Most vouched subjects that a witness has seen at this address. */
  readonly sharedSubjects: number;
}

/** A CEL condition, compiled once; costs are bounded, no clock, no floating point. */
export interface Condition {
  readonly text: string;
  holds(reach: Reach): boolean;
}

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
  // Of machine version 2, as all optional fields of this file:
  readonly when?: Condition;
  /** What is needed as well when a verdict of this rule reaches so far. */
  readonly escalations?: readonly {
    readonly when: Condition;
    readonly hosts: number;
    readonly faultDomains: number;
  }[];
  /** An address seen with more vouched subjects than this needs people. */
  readonly sharedSubjectsMax?: number;
  /** A window that closes short becomes a suggestion for people. */
  readonly suggestWhenShort?: boolean;
  /** A second offence within this time starts higher. */
  readonly repeat?: { readonly withinMs: number; readonly stage: Stage; readonly ttlMs: number };
}

/** A verdict by people. */
export interface ApprovalRule {
  readonly name: string;
  readonly wish: "revoke" | "lift";
  readonly kinds: readonly SubjectKind[];
  readonly stages: readonly Stage[];
  readonly ttlMsMax: number;
  readonly approvals: ApprovalTree;
  readonly when?: Condition;
  /** Trees that must hold as well when the verdict reaches so far. */
  readonly escalations?: readonly {
    readonly when: Condition;
    readonly approvals: ApprovalTree;
  }[];
  /** What suffices when the proposal carries signals of so many hosts and domains over a line. */
  readonly withEvidence?: {
    readonly hosts: number;
    readonly faultDomains: number;
    readonly lineMdb: number;
    readonly approvals: ApprovalTree;
  };
}

/** So many at once, and one more every so often, in machine time. */
export interface TokenBucket {
  readonly burst: number;
  readonly refillMs: number;
}

/** Bounds on what machines may do by themselves (DESIGN.md 6.5); people may always do more. */
export interface GovernorPolicy {
  readonly overall?: TokenBucket;
  readonly perHost?: TokenBucket;
  readonly perKind: readonly { readonly kind: SubjectKind; readonly bucket: TokenBucket }[];
  /** Never more revocations of a kind in force than this share of so many subjects. */
  readonly caps: readonly {
    readonly kind: SubjectKind;
    readonly subjects: number;
    readonly permilleMax: number;
  }[];
  /** So many subjects over a line within this time wait for people. */
  readonly risingTogether?: { readonly subjects: number; readonly withinMs: number };
  /** Never all of them revoked at once, and never by machines. */
  readonly breakGlass: ReadonlySet<SubjectText>;
  /** Which subject each holder of the roster is, so that the undo stays possible. */
  readonly holderSubjects: ReadonlyMap<string, SubjectText>;
  /** What else stops when a subject is cut off. */
  readonly dependants: ReadonlyMap<SubjectText, readonly SubjectText[]>;
}

/** When the mesh is asked about a subject (DESIGN.md 6.4). */
export interface InquiryPolicy {
  /** Sum of day accounts, as if independent, that opens one. */
  readonly sumLineMdb: number;
  /** Hosts holding this much answer for. */
  readonly floorMdb: number;
  readonly forMs: number;
  readonly perHost: TokenBucket;
}

export interface RetentionPolicy {
  /** A snapshot at the first head this many positions after the last. */
  readonly snapshotEvery: number;
  readonly journalMs: number;
  readonly privatesMs: number;
  readonly receiptsMs: number;
}

export interface LocalPolicy {
  /** Level at which a signal is sent, in millidecibans. */
  readonly signalLineMdb: number;
  /** Level at which the local lease falls. */
  readonly leaseLineMdb: number;
  readonly leaseMs: number;
  readonly leaseStage: "step-up" | "throttle" | "suspend";
  /**
   * Share of the false-alarm budget that learned evidence has, in thousandths; absent, none. Of
   * machine version 2.
   */
  readonly learnedPermille?: number;
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
  readonly governor?: GovernorPolicy;
  readonly inquiry?: InquiryPolicy;
  readonly retention?: RetentionPolicy;
  /** How long a suggestion waits for people. */
  readonly suggestionMs?: number;
  /** Set while a canary tries it out: what machines revoke under it is a dry run. */
  readonly isDryRun?: boolean;
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
