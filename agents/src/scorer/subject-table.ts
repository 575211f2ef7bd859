// Which subjects are remembered when not all can be. Owns the bound and the order of forgetting.
// Three rows by last touch: `young`; `earned`, half the table at most, for subjects with something
// to lose: a successful login, a past that it has taught, a lease, a pardon, or a level of 10 dB;
// and `known`, a quarter at most, for those who have taught on two days. The young go first, then
// the earned, oldest touch first. Somebody who invents a million addresses evicts only other young
// ones; to push out an earned one he must earn half the table, a login or some six failures each,
// and to push out a known one he must be a quarter of it on two days. An evicted
// subject that returns on the same day begins a second bankroll, so the promise reads: false
// signals <= (subject-days + evictions) / c.

import type { SubjectText } from "@ostraka/proto";
import { isVouched } from "./learned/learned-watch.ts";
import { levelOf, type SubjectState } from "./subject-state.ts";

const EARNED_LEVEL = 10;

/** States in order of touch, a linked list, so that touching costs one look-up. */
export class Queue {
  oldest: SubjectState | undefined;
  newest: SubjectState | undefined;
  size = 0;

  push(state: SubjectState): void {
    state.queue = this;
    state.older = this.newest;
    state.newer = undefined;
    if (this.newest === undefined) this.oldest = state;
    else this.newest.newer = state;
    this.newest = state;
    this.size++;
  }

  remove(state: SubjectState): void {
    if (state.older === undefined) this.oldest = state.newer;
    else state.older.newer = state.newer;
    if (state.newer === undefined) this.newest = state.older;
    else state.newer.older = state.older;
    this.size--;
  }

  /** States from the oldest touch to the newest. */
  states(): SubjectState[] {
    const states: SubjectState[] = [];
    for (let state = this.oldest; state !== undefined; state = state.newer) states.push(state);
    return states;
  }
}

/** States from the oldest touch to the newest. */
export interface TableRows {
  readonly young: readonly SubjectState[];
  readonly earned: readonly SubjectState[];
  readonly known: readonly SubjectState[];
}

export interface SubjectTableOptions {
  readonly max: number;
  readonly open: (subject: SubjectText) => SubjectState;
  /** Told of a subject that is forgotten, for what is kept of it elsewhere. */
  readonly onEvicted: (state: SubjectState) => void;
}

export class SubjectTable {
  readonly #o: SubjectTableOptions;
  readonly #max: number;
  readonly #states = new Map<SubjectText, SubjectState>();
  readonly #young = new Queue();
  readonly #earned = new Queue();
  readonly #known = new Queue();
  #evictions = 0;
  #leasedUntilMs = 0;

  constructor(options: SubjectTableOptions) {
    this.#o = options;
    this.#max = Math.max(2, options.max);
  }

  get size(): number {
    return this.#states.size;
  }

  /** How many subjects were forgotten for want of room. */
  get evictions(): number {
    return this.#evictions;
  }

  /** No lease that was ever given ends later. */
  get leasedUntilMs(): number {
    return this.#leasedUntilMs;
  }

  noteLease(untilMs: number): void {
    this.#leasedUntilMs = Math.max(this.#leasedUntilMs, untilMs);
  }

  /** Looks without touching. */
  peek(subject: SubjectText): SubjectState | undefined {
    return this.#states.get(subject);
  }

  /** Finds or opens the state of a subject, and makes it the most recently touched. */
  touch(subject: SubjectText): SubjectState {
    const state = this.#states.get(subject);
    if (state === undefined) {
      if (this.#states.size >= this.#max) this.#evict();
      return this.#add(this.#o.open(subject), this.#young);
    }
    const queue = state.queue as Queue;
    if (queue.newest !== state) {
      queue.remove(state);
      queue.push(state);
    }
    return state;
  }

  /** Moves a subject to the row that it has come to; call after its state changed. */
  settle(state: SubjectState): void {
    if (state.queue === this.#young && hasEarned(state)) {
      move(state, this.#earned);
      keepTo(this.#max / 2, this.#earned, this.#young);
    }
    if (state.queue === this.#earned && isVouched(state)) {
      move(state, this.#known);
      keepTo(this.#max / 4, this.#known, this.#earned);
      keepTo(this.#max / 2, this.#earned, this.#young);
    }
  }

  /** All rows in order of touch, for a snapshot. */
  rows(): TableRows {
    const [young, earned, known] = [this.#young, this.#earned, this.#known];
    return { young: young.states(), earned: earned.states(), known: known.states() };
  }

  /**
   * Fills an empty table from a snapshot's rows.
   * @returns whether no subject stands in them twice; the table is not to be used if one does.
   */
  fill({ young, earned, known }: TableRows, evictions: number): boolean {
    for (const state of young) this.#add(state, this.#young);
    for (const state of earned) this.#add(state, this.#earned);
    for (const state of known) this.#add(state, this.#known);
    if (this.#states.size < young.length + earned.length + known.length) return false;
    this.#evictions = evictions;
    for (const { leaseUntilMs } of this.#states.values()) this.noteLease(leaseUntilMs);
    while (this.#states.size > this.#max) this.#evict();
    return true;
  }

  #add(state: SubjectState, queue: Queue): SubjectState {
    queue.push(state);
    this.#states.set(state.subject, state);
    return state;
  }

  #evict(): void {
    const state = this.#young.oldest ?? this.#earned.oldest ?? this.#known.oldest;
    if (state === undefined) return;
    state.queue?.remove(state);
    state.queue = undefined;
    this.#states.delete(state.subject);
    this.#evictions++;
    this.#o.onEvicted(state);
    const { lineup, learned, ranked } = state;
    if (learned !== undefined) lineup.learnedRows.give(learned, state.learnedAt);
    if (ranked !== undefined) lineup.rankedRows.give(ranked, state.rankedAt);
    lineup.rows.give(state.block, state.at);
  }
}

function move(state: SubjectState, to: Queue): void {
  state.queue?.remove(state);
  to.push(state);
}

/** Who has gone without a touch longest steps down. */
function keepTo(most: number, row: Queue, lower: Queue): void {
  if (row.size > most && row.oldest !== undefined) move(row.oldest, lower);
}

function hasEarned(state: SubjectState): boolean {
  return (
    state.logins > 0 ||
    state.learned !== undefined ||
    state.leaseUntilMs > 0 ||
    state.pardonedBeforeMs > 0 ||
    levelOf(state) >= EARNED_LEVEL
  );
}
