// The one interface of a declared detector: a pure state machine over observations that stakes,
// wins and loses money. Owns nothing else. A detector must never read a clock or an event's text,
// and must never stake after it has seen the outcome that the stake would bet on.

import type { BettingAccount } from "../betting-account.ts";
import type { Observation } from "../observation.ts";

/** Everything a detector remembers of one subject: its money and a few numbers. */
export interface DetectorMemory extends BettingAccount {
  /** Length of the run of outcomes that the detector follows. */
  chain: number;
  /** Last name hash, or whatever single number the detector needs. */
  mark: number;
  /** Name hashes seen today, where the detector needs them. Replaced, never changed in place. */
  names: readonly number[];
}

/** Shared by every memory without names: most subjects have none, and 100,000 empty lists weigh. */
export const NO_NAMES: readonly number[] = [];

export interface Detector {
  readonly name: string;
  /** Share of the subject's bankroll, fixed before any data; the shares of a kind add to 1. */
  readonly share: number;
  /** The null in words a responder can read aloud. */
  readonly against: string;
  observe(memory: DetectorMemory, seen: Observation): void;
  /** What was seen, as `name=number` pairs and nothing from the log. */
  describe(memory: DetectorMemory): string;
}

/** Two logins' worth of prompts (OpenSSH asks three times): what a person mistypes at most. */
const SLIP_FAILURES_MAX = 6;

/** Mark of a run of failures on more than one account; no name has this hash. */
const SEVERAL_NAMES = -1;

/** What a run is marked with after a further failure: the name that all of it is about, if any. */
export function nameOfRun({ chain, mark }: DetectorMemory, { nameHash }: Observation): number {
  return chain === 0 || mark === nameHash ? nameHash : SEVERAL_NAMES;
}

/**
 * Whether a success ends a short run on the very account that it is all about: somebody remembered
 * the password. Bets then pay nothing, so that what one slip won does not wait for the next. Paying
 * less than a bet allows is always sound. After a longer run, or one on other accounts too, a
 * success wipes no slate: else an attacker's own account, failed once at the end of each handful of
 * guesses, or the guess that got him in, would.
 */
export function isSlip(memory: DetectorMemory, seen: Observation): boolean {
  return seen.nameHash === memory.mark && memory.chain <= SLIP_FAILURES_MAX;
}
