// All that the scorer remembers of one subject, as plain numbers, and the reading of it: level, day
// account, reasons. Owns which detectors speak about which kind of subject. Must never mix kinds of
// evidence: learned ranks stand beside the declared accounts and are in no sum.

import type { SubjectText } from "@ostraka/proto";
import { beginDay, dayValueOf, emptyOpen, openBettingAccount } from "./betting-account.ts";
import { accountSpread } from "./detectors/account-spread.ts";
import { afterBurst } from "./detectors/after-burst.ts";
import { type Detector, type DetectorMemory, NO_NAMES } from "./detectors/detector.ts";
import { failurePaceFast, failurePaceQuick } from "./detectors/failure-pace.ts";
import { failureRun } from "./detectors/failure-run.ts";
import { type LoginHabit, openLoginHabit, resetHabitRanks } from "./detectors/login-habit.ts";
import { suspiciousName } from "./detectors/suspicious-name.ts";
import type { Reason } from "./signal.ts";

/** Detectors that speak about a source. The shares add to 1: one bankroll a subject-day. */
export const SOURCE_DETECTORS: readonly Detector[] = [
  failureRun,
  failurePaceFast,
  failurePaceQuick,
  suspiciousName,
  accountSpread,
];

/** Detectors that speak about an account or a session. */
export const ACTOR_DETECTORS: readonly Detector[] = [afterBurst];

/** Nothing is ever said below this: money of 0 has no logarithm. */
export const LEVEL_MDB_MIN = -300_000;

/** No name hash at all; 0 is the hash of an unnamed account. */
export const NO_NAME = -1;

/** Accounts counted at one address: past this many it is shared whatever a policy says. */
export const VOUCHED_MAX = 64;

export interface SubjectState {
  readonly subject: SubjectText;
  readonly detectors: readonly DetectorMemory[];
  readonly habit: LoginHabit;
  /**
   * Name hashes of accounts that have logged in from this address while it was not leased;
   * replaced, never changed in place. What speaks of sharing must not be won by guessing.
   */
  vouched: readonly number[];
  /** UTC day number that the day accounts belong to; -1 before the first event. */
  day: number;
  lastMs: number;
  /** Latest refused attempt, -1 for none. */
  lastRefusedMs: number;
  /** Name hash of the probe that came last, `NO_NAME` when something else did. */
  probedName: number;
  leaseUntilMs: number;
  /** No further signal before this time, under the same epoch: one burst is one signal. */
  heldUntilMs: number;
  heldEpoch: number;
  /** Events before this time were pardoned and bet nothing. */
  pardonedBeforeMs: number;
}

export function openSubjectState(subject: SubjectText): SubjectState {
  return {
    subject,
    detectors: detectorsOf(subject).map(openMemory),
    habit: openLoginHabit(),
    vouched: NO_NAMES,
    day: -1,
    lastMs: 0,
    lastRefusedMs: -1,
    probedName: NO_NAME,
    leaseUntilMs: 0,
    heldUntilMs: 0,
    heldEpoch: -1,
    pardonedBeforeMs: 0,
  };
}

function openMemory(): DetectorMemory {
  return { ...openBettingAccount(), chain: 0, mark: 0, names: NO_NAMES };
}

export function detectorsOf(subject: SubjectText): readonly Detector[] {
  return subject.startsWith("address:") ? SOURCE_DETECTORS : ACTOR_DETECTORS;
}

/** Begins a later event-time day: new bankrolls, open money carried. Days never go back. */
export function enterDay(state: SubjectState, day: number): void {
  if (day <= state.day) return;
  state.day = day;
  for (const memory of state.detectors) {
    beginDay(memory);
    memory.names = NO_NAMES;
  }
  resetHabitRanks(state.habit);
}

/** The level: money in bets, averaged over detectors. */
export function levelOf(state: SubjectState): number {
  const detectors = detectorsOf(state.subject);
  let level = 0;
  for (let i = 0; i < detectors.length; i++) {
    level += (detectors[i] as Detector).share * (state.detectors[i] as DetectorMemory).open;
  }
  return level;
}

/** The day account: an e-value. Cash and money in today's bets, averaged over detectors. */
export function dayAccountOf(state: SubjectState): number {
  const detectors = detectorsOf(state.subject);
  let sum = 0;
  for (let i = 0; i < detectors.length; i++) {
    const memory = state.detectors[i] as DetectorMemory;
    sum += (detectors[i] as Detector).share * dayValueOf(memory);
  }
  return sum;
}

/** First event that moved the open money, or `fallbackMs` when none did. */
export function evidenceFromMs(state: SubjectState, fallbackMs: number): number {
  let from = fallbackMs;
  for (const { open, fromMs } of state.detectors) {
    if (open > 0 && fromMs < from) from = fromMs;
  }
  return from;
}

/** Remembers who has logged in from a source. */
export function vouchFor(state: SubjectState, nameHash: number): void {
  const { vouched } = state;
  if (nameHash === 0 || vouched.length >= VOUCHED_MAX || vouched.includes(nameHash)) return;
  state.vouched = [...vouched, nameHash];
}

/** The longest run that any detector is following right now. */
export function longestRunOf(state: SubjectState): number {
  let longest = 0;
  for (const { chain } of state.detectors) longest = Math.max(longest, chain);
  return longest;
}

/** Takes the level back to nothing. The day accounts stay: they are e-values and need no reset. */
export function resetLevel(state: SubjectState): void {
  for (const memory of state.detectors) emptyOpen(memory);
  resetHabitRanks(state.habit);
}

/** Drops the level and every run that reaches back, so that only what comes now can bet. */
export function forgetRun(state: SubjectState): void {
  resetLevel(state);
  for (const memory of state.detectors) {
    memory.chain = 0;
    memory.names = NO_NAMES;
  }
  state.lastRefusedMs = -1;
  state.probedName = NO_NAME;
}

/** Drops everything won, day accounts included, and ends the lease. */
export function forgetEvidence(state: SubjectState): void {
  forgetRun(state);
  for (const memory of state.detectors) memory.today = 0;
  state.leaseUntilMs = 0;
  state.heldUntilMs = 0;
}

/** Millidecibans of money, rounded down. */
export function toMdb(money: number): number {
  if (!(money > 1e-30)) return LEVEL_MDB_MIN;
  return Math.floor(10_000 * Math.log10(money));
}

/** The reasons that moved the level, strongest first, then the learned ones that only rank. */
export function reasonsOf(state: SubjectState): Reason[] {
  const detectors = detectorsOf(state.subject);
  const level = levelOf(state);
  const reasons: Reason[] = [];
  for (let i = 0; i < detectors.length; i++) {
    const detector = detectors[i] as Detector;
    const memory = state.detectors[i] as DetectorMemory;
    if (memory.wins > 0) reasons.push(declaredReason(detector, memory, level));
  }
  reasons.sort((a, b) => b.betsMdb - a.betsMdb || (a.detector < b.detector ? -1 : 1));
  const levelMdb = toMdb(level);
  const { habit } = state;
  if (habit.noveltyMdb > 0) {
    const seen = `pastLogins=${habit.logins} newCombinations=${habit.novel}`;
    const against = "this source logs in with accounts and methods it has used before";
    reasons.push(
      learnedReason("novelty", habit.noveltyMdb, levelMdb, seen, against, habit.noveltyAtMs),
    );
  }
  if (habit.weekMdb > 0) {
    const against = "this source logs in at its usual times of the week";
    const seen = `pastLogins=${habit.logins}`;
    reasons.push(
      learnedReason("time-of-week", habit.weekMdb, levelMdb, seen, against, habit.weekAtMs),
    );
  }
  return reasons;
}

function declaredReason(detector: Detector, memory: DetectorMemory, level: number): Reason {
  return {
    detector: detector.name,
    kind: "declared",
    betsMdb: toMdb(memory.open / memory.staked),
    levelWithoutMdb: toMdb(level - detector.share * (memory.open - memory.staked)),
    seen: detector.describe(memory),
    against: detector.against,
    fromMs: memory.fromMs,
    toMs: memory.toMs,
    count: memory.wins,
  };
}

function learnedReason(
  detector: string,
  betsMdb: number,
  levelWithoutMdb: number,
  seen: string,
  against: string,
  atMs: number,
): Reason {
  const rest = { seen, against, fromMs: atMs, toMs: atMs, count: 1 };
  return { detector, kind: "learned", betsMdb, levelWithoutMdb, ...rest };
}
