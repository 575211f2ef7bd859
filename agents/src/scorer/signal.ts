// What the scorer says outward: signals, local leases and their reasons, and the lines that draw
// them. Integers only; no float, no text from a log (I9). Owns the shapes, decides nothing.

import type { SubjectText } from "@ostraka/proto";

/** Stages a local lease may ask for; the full ladder is DESIGN.md 6. */
export type LeaseStage = "step-up" | "throttle" | "suspend";

/** The scorer's part of the policy document. Lines are levels in millidecibans. */
export interface ScorerPolicy {
  readonly signalLineMdb: number;
  /** At most the signal line. */
  readonly leaseLineMdb: number;
  readonly leaseMs: number;
  readonly leaseStage: LeaseStage;
  readonly epoch: number;
  /**
   * Share of the budget that learned evidence has, from 0 to below 1; 0 without it, and then it
   * draws no line. With s the lines stand at c/(1-s) for declared and at c/s for learned evidence.
   */
  readonly learnedShare?: number;
}

export type EvidenceKindName = "declared" | "learned";

/**
 * The default lines. Signal, 40 dB: at most one false signal in 10,000 honest subject-days of the
 * declared class (DESIGN.md 5, promise). Lease, 30 dB: a lease is local, brief and renewed only by
 * further failures, so one in 1,000 is affordable and buys a failure or two of head start. Ten
 * minutes is what fail2ban bans for by default. `suspend`, because sshd can do nothing milder that
 * helps.
 */
export const DEFAULT_SCORER_POLICY: ScorerPolicy = {
  signalLineMdb: 40_000,
  leaseLineMdb: 30_000,
  leaseMs: 600_000,
  leaseStage: "suspend",
  epoch: 1,
};

export interface Reason {
  readonly detector: string;
  /** `learned` reasons moved no declared account, nor `declared` ones a learned account. */
  readonly kind: EvidenceKindName;
  /** What this detector's bets multiplied its stakes by, in mdB, rounded down. */
  readonly betsMdb: number;
  /**
   * The level beside it, had this detector's bets been 1 and its weights kept: the counterfactual.
   * The level itself where the reason is of the other kind.
   */
  readonly levelWithoutMdb: number;
  /** Structured counts: `name=number` pairs. */
  readonly seen: string;
  /** The null that it bet against. */
  readonly against: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Bets won. */
  readonly count: number;
}

export interface Signal {
  readonly subject: SubjectText;
  /** Event time of the observation that drew the line. */
  readonly timeMs: number;
  /** UTC day number of that time. */
  readonly day: number;
  /** The day account: an e-value. */
  readonly evidenceMdb: number;
  /** The level: not an e-value, never added to another. */
  readonly levelMdb: number;
  /** Whose account crossed its line: level and evidence are of this kind. */
  readonly evidenceKind: EvidenceKindName;
  readonly evidenceFromMs: number;
  readonly reasons: readonly Reason[];
  /** Distinct accounts that have logged in from this address; 0 of another subject. */
  readonly sharedSubjects: number;
  /** `observe` for an exempt subject, whose evidence is shown and never enforced. */
  readonly recommendedStage: "suspend" | "observe";
  readonly epoch: number;
}

/** A local denial, or the renewal of one: the later `untilMs` replaces the earlier. */
export interface Lease {
  readonly subject: SubjectText;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly stage: LeaseStage;
  readonly levelMdb: number;
  readonly evidenceKind: EvidenceKindName;
  readonly isRenewal: boolean;
  readonly reasons: readonly Reason[];
}

/** Where outputs go, in this order within a step: lease BEFORE signal. */
export interface ScorerOutput {
  lease(lease: Lease): void;
  signal(signal: Signal): void;
}
