// What the rule engine says outward: a compiled set of rules, its hits on an event, and what is
// wrong with rules that cannot be compiled. Owns the shapes, decides nothing. No text of an event
// is in any of them (I9): a hit names its rule.

import type { Event } from "@ostraka/agents/kernel";

export const RULE_LEVELS = ["informational", "low", "medium", "high", "critical"] as const;

export type RuleLevel = (typeof RULE_LEVELS)[number];

/** Whose doing a hit is; the scorer knows subjects by these roles. */
export type SpeaksOf = "account" | "address" | "session";

export interface RuleHit {
  readonly id: string;
  readonly title: string;
  /** As its author declares it. */
  readonly level: RuleLevel;
  /**
   * The level whose ceiling its support allows: the declared one, or a lower one when `ostraka:`
   * says that fewer quiet subject-days stand behind it. `informational` bets nothing.
   */
  readonly betsAs: RuleLevel;
  /** Subject-days without a false hit that its author vouches for; 0 when he says nothing. */
  readonly quietDays: number;
  /** A failed login is always its address's doing, whatever the rule says (DESIGN.md 5). */
  readonly speaksOf: SpeaksOf;
  /** Hash of the id: the same in every set that holds the rule, above 15. */
  readonly number: number;
}

export interface RuleSource {
  /** Name of the file, for faults. */
  readonly name: string;
  readonly text: string;
}

export interface RuleFault {
  readonly source: string;
  /** From 1; 1 when the file as a whole is at fault. */
  readonly line: number;
  readonly column: number;
  /** What stands there and what would do. */
  readonly why: string;
}

export type CompiledRules =
  | { readonly ok: true; readonly rules: RuleSet }
  /** At least one; a set with a fault is refused whole. */
  | { readonly ok: false; readonly faults: readonly RuleFault[] };

/** State of the correlations as plain data for JSON. */
export interface RulesSnapshot {
  readonly version: number;
  readonly fingerprint: string;
  readonly groups: readonly unknown[];
}

export interface RuleSet {
  /** Rules that can hit, correlations included. */
  readonly size: number;
  /** Of the rules' text; equal sets are equal here. */
  readonly fingerprint: string;
  /**
   * Appends the hits on one event, in the order of the set. Call it ONCE an event: correlations
   * count. A rule hits an event at most once.
   */
  observe(event: Event, hits: RuleHit[]): void;
  /** The rule behind a hit's number, for explanations. */
  named(number: number): RuleHit | undefined;
  snapshot(): RulesSnapshot;
  /** @returns false, and nothing is changed, when it is of another set or not a snapshot. */
  restore(snapshot: unknown): boolean;
}
