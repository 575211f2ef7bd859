// All that the scorer remembers of one subject, as numbers in a row, and what is done to the whole
// of it: a new day, a reset, forgetting. Owns the header of the row. Must never mix kinds of
// evidence: the learned accounts stand beside the declared ones and are in no sum with them.

import type { SubjectText } from "@ostraka/proto";
import { beginDay, dayValueOf, emptyOpen } from "./betting-account.ts";
import { NO_NAMES } from "./detectors/detector.ts";
import { type Ensemble, HEADER_CELLS, type Lineup } from "./ensemble.ts";
import type { Profile } from "./learned/profile-pool.ts";
import { MEMORY_CELLS, MemoryCursor } from "./memory-cursor.ts";
import type { Block } from "./row-pool.ts";
import { type Lists, NO_LISTS } from "./shared-lists.ts";
import type { Queue } from "./subject-table.ts";

/** Nothing is ever said below this: money of 0 has no logarithm. */
const LEVEL_MDB_MIN = -300_000;

/** After a week of silence an address may be somebody else's: what it had won is dropped. */
export const IDLE_MS_MAX = 7 * 86_400_000;

/** No name hash at all; 0 is the hash of an unnamed account. */
export const NO_NAME = -1;

/** Accounts counted at one address: past this many it is shared whatever a policy says. */
export const VOUCHED_MAX = 64;

// Cells of the header.
const DAY = 0;
const LAST = 1;
const LAST_REFUSED = 2;
const PROBED_NAME = 3;
const LEASE_UNTIL = 4;
const HELD_UNTIL = 5;
const HELD_EPOCH = 6;
const PARDONED_BEFORE = 7;
const LOGINS = 8;
const FIRED = 9;
const FIRED_AT = 10;
const LOWERED = 11;
const LEARNED_LOWERED = 12;
const LIFT_INDEX = 13;

export class SubjectState {
  readonly subject: SubjectText;
  readonly lineup: Lineup;
  /** Its numbers are `block.cells[at .. at + lineup.rows.width)`. */
  readonly block: Block;
  readonly at: number;
  /** The table's: in which queue it stands, and between whom. */
  queue: Queue | undefined = undefined;
  older: SubjectState | undefined = undefined;
  newer: SubjectState | undefined = undefined;
  /** What it has taught, a row of `lineup.learnedRows`; absent until it has taught anything. */
  learned: Block | undefined = undefined;
  learnedAt = 0;
  /** Money and ranks of its larger profiles, of `lineup.rankedRows`; absent before it had any. */
  ranked: Block | undefined = undefined;
  rankedAt = 0;
  /** Its larger profiles; absent until it is vouched, and when others needed the room. */
  profile: Profile | undefined = undefined;
  /**
   * Name hashes of accounts that have logged in from this address while it was not leased;
   * replaced, never changed in place. What speaks of sharing must not be won by guessing.
   */
  vouched: readonly number[] = NO_NAMES;
  /** Lists of the declared detectors that need one, by their place; replaced, never changed. */
  lists: Lists = NO_LISTS;
  /** What the learned detectors said of the strangest they saw, by their place. */
  said: (string | undefined)[] | undefined = undefined;

  constructor(subject: SubjectText, lineup: Lineup) {
    this.subject = subject;
    this.lineup = lineup;
    const { block, at } = lineup.rows.take();
    this.block = block;
    this.at = at;
    this.day = -1;
    this.lastRefusedMs = -1;
    this.probedName = NO_NAME;
    this.heldEpoch = -1;
  }

  /** UTC day number that the day accounts belong to; -1 before the first event. */
  get day(): number {
    return this.#get(DAY);
  }
  set day(value: number) {
    this.#set(DAY, value);
  }
  get lastMs(): number {
    return this.#get(LAST);
  }
  set lastMs(value: number) {
    this.#set(LAST, value);
  }
  /** Latest refused attempt, -1 for none. */
  get lastRefusedMs(): number {
    return this.#get(LAST_REFUSED);
  }
  set lastRefusedMs(value: number) {
    this.#set(LAST_REFUSED, value);
  }
  /** Name hash of the probe that came last, `NO_NAME` when something else did. */
  get probedName(): number {
    return this.#get(PROBED_NAME);
  }
  set probedName(value: number) {
    this.#set(PROBED_NAME, value);
  }
  get leaseUntilMs(): number {
    return this.#get(LEASE_UNTIL);
  }
  set leaseUntilMs(value: number) {
    this.#set(LEASE_UNTIL, value);
  }
  /** No further signal before this time, under the same epoch: one burst is one signal. */
  get heldUntilMs(): number {
    return this.#get(HELD_UNTIL);
  }
  set heldUntilMs(value: number) {
    this.#set(HELD_UNTIL, value);
  }
  get heldEpoch(): number {
    return this.#get(HELD_EPOCH);
  }
  set heldEpoch(value: number) {
    this.#set(HELD_EPOCH, value);
  }
  /** Events before this time were pardoned and bet nothing. */
  get pardonedBeforeMs(): number {
    return this.#get(PARDONED_BEFORE);
  }
  set pardonedBeforeMs(value: number) {
    this.#set(PARDONED_BEFORE, value);
  }
  /** Past logins: whoever has some is known here. */
  get logins(): number {
    return this.#get(LOGINS);
  }
  set logins(value: number) {
    this.#set(LOGINS, value);
  }
  /** Detectors behind the last lease or signal, a bit each; the learned from bit 16 on. */
  get fired(): number {
    return this.#get(FIRED);
  }
  set fired(value: number) {
    this.#set(FIRED, value);
  }
  get firedMs(): number {
    return this.#get(FIRED_AT);
  }
  set firedMs(value: number) {
    this.#set(FIRED_AT, value);
  }
  /** How often feedback has halved each declared detector, two bits each. */
  get lowered(): number {
    return this.#get(LOWERED);
  }
  set lowered(value: number) {
    this.#set(LOWERED, value);
  }
  /** The same of the learned ones. */
  get learnedLowered(): number {
    return this.#get(LEARNED_LOWERED);
  }
  set learnedLowered(value: number) {
    this.#set(LEARNED_LOWERED, value);
  }
  /** Control index of the last lift that lowered anything, 0 for none. */
  get liftIndex(): number {
    return this.#get(LIFT_INDEX);
  }
  set liftIndex(value: number) {
    this.#set(LIFT_INDEX, value);
  }

  #get(cell: number): number {
    return this.block.cells[this.at + cell] as number;
  }

  #set(cell: number, value: number): void {
    this.block.cells[this.at + cell] = value;
  }
}

export function openSubjectState(subject: SubjectText, ensemble: Ensemble): SubjectState {
  return new SubjectState(subject, ensemble.of(subject));
}

/** Gives it the row of what it teaches. */
export function openLearned(state: SubjectState): void {
  const { block, at } = state.lineup.learnedRows.take();
  state.learned = block;
  state.learnedAt = at;
}

/** Gives it the row of its profiles' money and ranks. */
export function openRanked(state: SubjectState): void {
  const { block, at } = state.lineup.rankedRows.take();
  state.ranked = block;
  state.rankedAt = at;
}

const cursor = new MemoryCursor();
const NOBODY: { lists: Lists } = { lists: NO_LISTS };

/** Holds on to nobody: through one subject all the others of its table would stay in memory. */
export function letGo(): void {
  cursor.holder = NOBODY;
}

/** The memory of a declared detector; good until the next call. */
export function memoryOf(state: SubjectState, detector: number): MemoryCursor {
  cursor.cells = state.block.cells;
  cursor.at = state.at + HEADER_CELLS + detector * MEMORY_CELLS;
  cursor.holder = state;
  cursor.which = detector;
  return cursor;
}

const WEIGHTS = [1, 1 / 2, 1 / 4, 1 / 8] as const;

/** What feedback leaves of a detector's share: 1, a half, a quarter or an eighth. */
export function weightOf(lowered: number, detector: number): number {
  return lowered === 0 ? 1 : (WEIGHTS[(lowered >>> (2 * detector)) & 3] as number);
}

/** Share of a declared detector in this subject's sums. */
export function shareOf(state: SubjectState, detector: number): number {
  return (state.lineup.declaredShares[detector] as number) * weightOf(state.lowered, detector);
}

/** Begins a later event-time day: new bankrolls, open money carried. Days never go back. */
export function enterDay(state: SubjectState, day: number): void {
  if (day <= state.day) return;
  state.day = day;
  for (let i = 0; i < state.lineup.declared.length; i++) beginDay(memoryOf(state, i));
  state.lists = NO_LISTS;
}

/** The level: money in bets, averaged over detectors. */
export function levelOf(state: SubjectState): number {
  const { cells } = state.block;
  const { declaredCounts } = state.lineup;
  let at = state.at + HEADER_CELLS;
  let level = 0;
  for (let i = 0; i < declaredCounts.length; i++, at += MEMORY_CELLS) {
    const money = cells[at + (declaredCounts[i] as number)] as number;
    if (money > 0) level += shareOf(state, i) * money;
  }
  return level;
}

/** The day account: an e-value. Cash and money in today's bets, averaged over detectors. */
export function dayAccountOf(state: SubjectState): number {
  const { declaredCounts } = state.lineup;
  let sum = 0;
  for (let i = 0; i < declaredCounts.length; i++) {
    sum += shareOf(state, i) * (declaredCounts[i] === 0 ? dayValueOf(memoryOf(state, i)) : 1);
  }
  return sum;
}

/** First event that moved the open money, or `fallbackMs` when none did. */
export function evidenceFromMs(state: SubjectState, fallbackMs: number): number {
  let from = fallbackMs;
  for (let i = 0; i < state.lineup.declared.length; i++) {
    const { open, fromMs } = memoryOf(state, i);
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

/** The longest run that any detector of logins is following right now. */
export function longestRunOf(state: SubjectState): number {
  let longest = 0;
  for (let i = 0; i < state.lineup.logins; i++) {
    longest = Math.max(longest, memoryOf(state, i).chain);
  }
  return longest;
}

/** Takes the level back to nothing. The day accounts stay: they are e-values and need no reset. */
export function resetLevel(state: SubjectState): void {
  for (let i = 0; i < state.lineup.declared.length; i++) emptyOpen(memoryOf(state, i));
}

/** Drops the level and every run that reaches back, so that only what comes now can bet. */
export function forgetRun(state: SubjectState): void {
  resetLevel(state);
  const { acts, logins } = state.lineup;
  for (let i = 0; i < acts; i++) {
    const memory = memoryOf(state, i);
    memory.chain = 0;
    // What the others remember of the day keeps them from betting on one thing twice.
    if (i < logins) memory.names = NO_NAMES;
  }
  state.lastRefusedMs = -1;
  state.probedName = NO_NAME;
}

/** Drops everything won, day accounts included, and ends the lease. */
export function forgetEvidence(state: SubjectState): void {
  forgetRun(state);
  for (let i = 0; i < state.lineup.declared.length; i++) memoryOf(state, i).today = 0;
  state.leaseUntilMs = 0;
  state.heldUntilMs = 0;
}

/** Millidecibans of money, rounded down. */
export function toMdb(money: number): number {
  if (!(money > 1e-30)) return LEVEL_MDB_MIN;
  return Math.floor(10_000 * Math.log10(money));
}
