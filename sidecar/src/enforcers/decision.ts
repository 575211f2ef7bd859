// The seam between an enforcer (the question) and the deciding side (the answer): one access
// request, one decision. Owns shapes and stages only; holds no deny set and decides nothing.

import type { SubjectText } from "@ostraka/proto";

/** One access to decide. */
export interface AccessRequest {
  /** Every subject the request speaks for; at least one. */
  readonly subjects: readonly SubjectText[];
  /** What is accessed. Absent = not known: whoever decides must take it as within every scope. */
  readonly resource?: string;
  /** How it is accessed (for HTTP the method). Absent = not known, as for `resource`. */
  readonly action?: string;
}

/** Stages that change an answer, mildest first (DESIGN.md section 6); `observe` changes none. */
export const DENY_STAGES = ["step-up", "throttle", "restrict", "suspend", "terminate"] as const;

export type DenyStage = (typeof DENY_STAGES)[number];

export interface Denial {
  readonly effect: "deny";
  readonly stage: DenyStage;
  /** In words that the person denied may read. */
  readonly reason: string;
  /** Id of the revocation (hex) or of the local lease. */
  readonly revocation: string;
  /** When the denial ends by itself, in milliseconds since the Unix epoch. */
  readonly untilMs: number;
}

export type Decision = { readonly effect: "permit" } | Denial;

/** What an enforcer keeps of one answer that was not a permit, so that `explain` can walk back. */
export interface DecisionRecord {
  readonly id: string;
  /** When it was answered, in milliseconds since the Unix epoch. */
  readonly timeMs: number;
  readonly enforcer: string;
  /** The answer in the enforcer's own terms; for HTTP the status code. */
  readonly answer: string;
  /** What was asked; without subjects where the enforcer could not read them. */
  readonly request: AccessRequest;
  readonly reason: string;
  /** The denial behind the answer; absent where the enforcer refused by itself. */
  readonly denial?: Denial;
}

/**
 * Answers from memory: every call is synchronous and must not throw.
 * `decide` denies when ANY subject is denied, and returns the denial of the strongest stage.
 */
export interface DecisionPoint {
  decide(request: AccessRequest): Decision;
  /** False until there is a state to decide by; nothing is permitted before. */
  isReady(): boolean;
  /** `isReady` in words, for people. */
  readiness(): { ready: boolean; why: string };
  /** Told of every answer that was not a permit, after it was given. */
  onDecision?(record: DecisionRecord): void;
}
