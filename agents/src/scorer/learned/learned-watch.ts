// One subject's learned detectors at one observation: each says how strange it is, bets, notes, and
// learns if it may. Owns the order of that, and how much a subject may teach in a day. Must never
// let a detector learn before it has spoken, nor a stranger fill a profile.

import { beginDay, dayValueOf, emptyOpen } from "../betting-account.ts";
import type { Lineup } from "../ensemble.ts";
import { ACCOUNT_CELLS, AccountCursor } from "../memory-cursor.ts";
import type { Observation } from "../observation.ts";
import type { Block } from "../row-pool.ts";
import { openLearned, openRanked, type SubjectState, weightOf } from "../subject-state.ts";
import type { HostSketch } from "./host-sketch.ts";
import { HISTORY_MIN, settleRank } from "./learned-account.ts";
import { WHOLE_HOST } from "./peer-groups.ts";
import type { Peers } from "./peers.ts";
import type { ProfilePool } from "./profile-pool.ts";
import {
  addStrangeness,
  asStrangeAs,
  clearHistory,
  HISTORY_HALVES,
  historyOf,
} from "./rank-history.ts";

/** A rank that makes an observation a strange one for a detector: one in twenty. */
const STRANGE_RANK = 0.05;
/**
 * So many strange observations a subject-day teach a detector, and one more for ten ordinary ones.
 * An honest subject shows one in twenty by definition, so it is rarely held back.
 */
export const STRANGE_A_DAY = 4;
export const ORDINARY_A_STRANGE = 10;
/** Days on which it has taught something before a subject is vouched: no peers' past without. */
const VOUCHED_DAYS = 2;

// Cells of a learned row's header.
const TAUGHT_DAY = 0;
const GOOD_DAYS = 1;
const ORDINARY_TODAY = 2;
const NEW_TO_HOST_TODAY = 3;
/** So many new things an account-day teaches its host, of all facets together. */
const NEW_TO_HOST_A_DAY = 64;

const money = new AccountCursor();

/**
 * The account of a learned detector; good until the next call. The subject has taught, and `i` is
 * below `accountsOf` of it.
 */
export function accountOf(state: SubjectState, i: number): AccountCursor {
  const { lineup } = state;
  const n = i - lineup.learned.length;
  money.cells = ((n < 0 ? state.learned : state.ranked) as Block).cells;
  money.at =
    n < 0
      ? state.learnedAt + lineup.accountsAt + i * ACCOUNT_CELLS
      : state.rankedAt + n * ACCOUNT_CELLS;
  return money;
}

/** How many learned detectors have money and ranks of the subject: the first so many. */
export function accountsOf({ lineup, learned, ranked }: SubjectState): number {
  if (learned === undefined) return 0;
  return ranked === undefined ? lineup.learned.length : lineup.learnedShares.length;
}

export function isVouched({ learned, learnedAt }: SubjectState): boolean {
  return learned !== undefined && (learned.cells[learnedAt + GOOD_DAYS] as number) >= VOUCHED_DAYS;
}

/** Takes what a vouched account shows into what its host has seen, as much as the day has left. */
export function teachHost(sketch: HostSketch, state: SubjectState, seen: Observation): void {
  const { learned, learnedAt } = state;
  // A crowd invented in an hour would drive out all that its host knows.
  if (learned === undefined || !isVouched(state)) return;
  const cell = learnedAt + NEW_TO_HOST_TODAY;
  const taken = learned.cells[cell] as number;
  learned.cells[cell] = taken + sketch.learn(seen, NEW_TO_HOST_A_DAY - taken);
}

/** Ranks, bets, notes and, if it may teach, learns. */
export class LearnedWatch {
  readonly #pool: ProfilePool;
  readonly #peers: Peers;

  constructor(pool: ProfilePool, peers: Peers) {
    this.#pool = pool;
    this.#peers = peers;
  }

  observe(state: SubjectState, seen: Observation, mayTeach: boolean): void {
    const { lineup } = state;
    if (lineup.learnedShares.length === 0) return;
    if (state.learned === undefined) {
      if (!mayTeach) return;
      openLearned(state);
    }
    const { cells } = state.learned as Block;
    const at = state.learnedAt;
    if (mayTeach) countDay(cells, at, state.day);
    let isOrdinary = true;
    for (let i = 0; i < lineup.learned.length; i++) {
      const detector = lineup.learned[i] as (typeof lineup.learned)[number];
      const from = at + (lineup.learnedAt[i] as number);
      const strangeness = detector.strangeness(cells, from, seen);
      const rank = rankOf(state, i, strangeness);
      if (rank <= 1 && settle(state, i, rank, seen.timeMs)) {
        say(state, i, detector.describe(cells, from, seen), strangeness);
      }
      detector.note?.(cells, from, seen);
      if (rank <= STRANGE_RANK) isOrdinary = false;
      if (mayTeach && takes(state, i, rank, strangeness)) detector.learn(cells, from, seen);
    }
    if (lineup.profiles.length > 0 && isVouched(state)) {
      if (!this.#observeProfiles(state, seen, mayTeach)) isOrdinary = false;
    }
    if (mayTeach && isOrdinary)
      cells[at + ORDINARY_TODAY] = (cells[at + ORDINARY_TODAY] as number) + 1;
  }

  /** @returns whether it was ordinary to all of them. */
  #observeProfiles(state: SubjectState, seen: Observation, mayTeach: boolean): boolean {
    const { lineup } = state;
    const own = this.#pool.use(state, seen.timeMs)?.words;
    if (own === undefined) return true;
    if (state.ranked === undefined) openRanked(state);
    let isOrdinary = true;
    const compared = this.#peers.of(own, state.day, mayTeach);
    const host = this.#peers.group(WHOLE_HOST);
    const group = this.#peers.groupOf(own);
    for (let n = 0; n < lineup.profiles.length; n++) {
      const i = lineup.learned.length + n;
      const detector = lineup.profiles[n] as (typeof lineup.profiles)[number];
      const mine = own[n] as Int32Array;
      const peers = compared[n] as Int32Array;
      const strangeness = inSteps(detector.strangeness(mine, peers, seen), detector.grain);
      const rank = rankOf(state, i, strangeness);
      const isApart = detector.isApart?.(mine) ?? true;
      if (isApart && rank <= 1 && settle(state, i, rank, seen.timeMs)) {
        say(state, i, detector.describe(mine, peers, seen), strangeness);
      }
      detector.note(mine, seen, peers);
      if (rank <= STRANGE_RANK) isOrdinary = false;
      const noted = isApart ? strangeness : Number.NaN;
      if (!mayTeach || !takes(state, i, rank, noted)) continue;
      if (detector.isOfGroupsOnly !== true) detector.teach(host[n] as Int32Array, mine, seen);
      if (group !== undefined) detector.teach(group[n] as Int32Array, mine, seen);
      detector.learn(mine, seen);
    }
    return isOrdinary;
  }
}

function inSteps(strangeness: number, grain: number | undefined): number {
  return grain === undefined ? strangeness : Math.round(strangeness / grain) * grain;
}

/** A rank that says nothing: no past, or nothing to say. */
const NO_RANK = 2;

/** Where a history is, in the memory that `blockOf` gives. */
function historyAt({ lineup, learnedAt, rankedAt }: SubjectState, i: number): number {
  const n = i - lineup.learned.length;
  if (n < 0) return 2 * (learnedAt + lineup.historiesAt) + i * HISTORY_HALVES;
  return 2 * (rankedAt + lineup.profiles.length * ACCOUNT_CELLS) + n * HISTORY_HALVES;
}

function blockOf({ lineup, learned, ranked }: SubjectState, i: number): Block {
  return (i < lineup.learned.length ? learned : ranked) as Block;
}

function rankOf(state: SubjectState, i: number, strangeness: number): number {
  if (!Number.isFinite(strangeness)) return NO_RANK;
  const block = blockOf(state, i);
  const at = historyAt(state, i);
  const n = historyOf(block, at);
  if (n < HISTORY_MIN) return NO_RANK;
  return (asStrangeAs(block, at, withTies(state.lineup, i, strangeness)) + 1) / (n + 1);
}

/**
 * A value that lies on the edge between two steps must not be stranger than all that fell on the
 * other side of it: whoever does the same for ever ranks among himself. So what lies within a step
 * of the past is a tie, and counts as stranger.
 */
function withTies({ steps }: Lineup, i: number, strangeness: number): number {
  return strangeness - (steps[i] as number) * 1.01;
}

/** @returns whether there is more to tell than before: it won, and is the strangest so far. */
function settle(state: SubjectState, i: number, rank: number, timeMs: number): boolean {
  const account = accountOf(state, i);
  const factor = settleRank(account, rank, timeMs);
  if (account.open === 0 || account.wins === 0) {
    if (state.said !== undefined) state.said[i] = undefined;
    return false;
  }
  if (factor < 1 || account.open <= account.staked) return false;
  const said = state.said?.[i];
  return said === undefined || rank < saidRank(said);
}

/** Words end in the rank, from which what was bet follows. */
function say(state: SubjectState, i: number, words: string, strangeness: number): void {
  const block = blockOf(state, i);
  const at = historyAt(state, i);
  const past = historyOf(block, at);
  const asStrange = asStrangeAs(block, at, withTies(state.lineup, i, strangeness));
  state.said ??= [];
  while (state.said.length <= i) state.said.push(undefined);
  state.said[i] = `${words} asStrangeBefore=${asStrange} of=${past}`;
}

function saidRank(said: string): number {
  const match = / asStrangeBefore=(\d+) of=(\d+)$/.exec(said);
  return match === null ? 1 : (Number(match[1]) + 1) / (Number(match[2]) + 1);
}

/** Whether a detector takes an observation into its past; if so its rank is in the history. */
function takes(state: SubjectState, i: number, rank: number, strangeness: number): boolean {
  if (rank <= STRANGE_RANK) {
    const account = accountOf(state, i);
    const ordinary = (state.learned as Block).cells[state.learnedAt + ORDINARY_TODAY] as number;
    if (account.strangeToday >= STRANGE_A_DAY + ordinary / ORDINARY_A_STRANGE) return false;
    account.strangeToday++;
  }
  if (Number.isFinite(strangeness)) {
    addStrangeness(blockOf(state, i), historyAt(state, i), strangeness);
  }
  return true;
}

function countDay(cells: Float64Array, at: number, day: number): void {
  if (cells[at + TAUGHT_DAY] === day + 1) return;
  cells[at + TAUGHT_DAY] = day + 1;
  cells[at + GOOD_DAYS] = (cells[at + GOOD_DAYS] as number) + 1;
}

/**
 * Begins a later event-time day: new bankrolls, and what it may teach. Money that has not won is
 * not carried: beside the new stakes it would only hide what they win.
 */
export function beginLearnedDay(state: SubjectState): void {
  const { learned, learnedAt } = state;
  if (learned === undefined) return;
  for (let i = accountsOf(state) - 1; i >= 0; i--) {
    const account = accountOf(state, i);
    beginDay(account);
    if (account.open <= account.staked) emptyOpen(account);
    account.strangeToday = 0;
  }
  learned.cells[learnedAt + ORDINARY_TODAY] = 0;
  learned.cells[learnedAt + NEW_TO_HOST_TODAY] = 0;
}

/** Share of a learned detector in this subject's sums. */
export function learnedShareOf(state: SubjectState, i: number): number {
  return (state.lineup.learnedShares[i] as number) * weightOf(state.learnedLowered, i);
}

/** The level of the learned accounts. */
export function learnedLevelOf(state: SubjectState): number {
  const { learnedCounts } = state.lineup;
  const count = accountsOf(state);
  let level = 0;
  for (let i = 0; i < count; i++) {
    const { cells, at } = accountOf(state, i);
    const money = cells[at + (learnedCounts[i] as number)] as number;
    if (money > 0) level += learnedShareOf(state, i) * money;
  }
  return level;
}

/** The day account of the learned accounts: an e-value while the past is exchangeable. */
export function learnedDayAccountOf(state: SubjectState): number {
  if (state.learned === undefined) return 1;
  const { learnedShares, learnedCounts } = state.lineup;
  const count = accountsOf(state);
  let sum = 0;
  for (let i = 0; i < learnedShares.length; i++) {
    // Where nothing was ever staked all of it is cash.
    const isBetting = i < count && learnedCounts[i] === 0;
    sum += learnedShareOf(state, i) * (isBetting ? dayValueOf(accountOf(state, i)) : 1);
  }
  return sum;
}

export function learnedEvidenceFromMs(state: SubjectState, fallbackMs: number): number {
  let from = fallbackMs;
  for (let i = accountsOf(state) - 1; i >= 0; i--) {
    const { open, fromMs } = accountOf(state, i);
    if (open > 0 && fromMs < from) from = fromMs;
  }
  return from;
}

/** Takes the learned level back to nothing; what was learned stays. */
export function resetLearned(state: SubjectState): void {
  if (state.learned === undefined) return;
  for (let i = accountsOf(state) - 1; i >= 0; i--) emptyOpen(accountOf(state, i));
  state.said = undefined;
}

/** Drops what the learned accounts won, today's too; what was learned stays. */
export function forgetLearnedEvidence(state: SubjectState): void {
  resetLearned(state);
  for (let i = accountsOf(state) - 1; i >= 0; i--) accountOf(state, i).today = 0;
}

/** Forgets the ranks and money of detectors whose profile is gone: their measure is another now. */
export function forgetProfileRanks(state: SubjectState): void {
  const { lineup, ranked } = state;
  if (ranked === undefined) return;
  for (let i = lineup.learned.length; i < lineup.learnedShares.length; i++) {
    const account = accountOf(state, i);
    emptyOpen(account);
    account.today = 0;
    clearHistory(ranked, historyAt(state, i));
    if (state.said !== undefined) state.said[i] = undefined;
  }
}
