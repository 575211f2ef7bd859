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
}

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
  /** `learned` reasons rank and explain; they moved no account. */
  readonly kind: "declared" | "learned";
  /** What this detector's bets multiplied its stakes by, in mdB, rounded down. */
  readonly betsMdb: number;
  /** The level had this detector's bets been 1, its weights kept: the counterfactual. */
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
  readonly evidenceKind: "declared";
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
  readonly isRenewal: boolean;
  readonly reasons: readonly Reason[];
}

/** Where outputs go, in this order within a step: lease BEFORE signal. */
export interface ScorerOutput {
  lease(lease: Lease): void;
  signal(signal: Signal): void;
}
