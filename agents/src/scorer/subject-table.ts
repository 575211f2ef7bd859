// Which subjects are remembered when not all can be. Owns the bound and the order of forgetting.
// Two rows by last touch: `young`, and `earned` for subjects with something to lose: a successful
// login, a past that it has taught, a lease, a pardon, or a level of 10 dB. The young go first, oldest touch first, so
// somebody who invents a million addresses evicts only other young ones; to push out an earned one
// he must earn half the table, some six failures an address. An evicted subject that returns on the
// same day begins a second bankroll, so the promise reads: false signals <= (subject-days +
// evictions) / c.

import type { SubjectText } from "@ostraka/proto";
import { levelOf, type SubjectState } from "./subject-state.ts";

const EARNED_LEVEL = 10;

/** A state in its row: a link of a list in order of touch, so that touching costs one look-up. */
interface Seat {
  readonly state: SubjectState;
  row: Row;
  older: Seat | undefined;
  newer: Seat | undefined;
}

class Row {
  oldest: Seat | undefined;
  newest: Seat | undefined;
  size = 0;

  push(seat: Seat): void {
    seat.row = this;
    seat.older = this.newest;
    seat.newer = undefined;
    if (this.newest === undefined) this.oldest = seat;
    else this.newest.newer = seat;
    this.newest = seat;
    this.size++;
  }

  remove(seat: Seat): void {
    if (seat.older === undefined) this.oldest = seat.newer;
    else seat.older.newer = seat.newer;
    if (seat.newer === undefined) this.newest = seat.older;
    else seat.newer.older = seat.older;
    this.size--;
  }

  /** States from the oldest touch to the newest. */
  states(): SubjectState[] {
    const states: SubjectState[] = [];
    for (let seat = this.oldest; seat !== undefined; seat = seat.newer) states.push(seat.state);
    return states;
  }
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
  readonly #seats = new Map<SubjectText, Seat>();
  readonly #young = new Row();
  readonly #earned = new Row();
  #evictions = 0;

  constructor(options: SubjectTableOptions) {
    this.#o = options;
    this.#max = Math.max(2, options.max);
  }

  get size(): number {
    return this.#seats.size;
  }

  /** How many subjects were forgotten for want of room. */
  get evictions(): number {
    return this.#evictions;
  }

  /** Looks without touching. */
  peek(subject: SubjectText): SubjectState | undefined {
    return this.#seats.get(subject)?.state;
  }

  /** Finds or opens the state of a subject, and makes it the most recently touched. */
  touch(subject: SubjectText): SubjectState {
    const seat = this.#seats.get(subject);
    if (seat === undefined) {
      if (this.#seats.size >= this.#max) this.#evict();
      return this.#seat(this.#o.open(subject), this.#young);
    }
    const { row } = seat;
    if (row.newest !== seat) {
      row.remove(seat);
      row.push(seat);
    }
    return seat.state;
  }

  /** Moves a subject to the earned row once it has earned it; call after its state changed. */
  settle(state: SubjectState): void {
    const seat = this.#seats.get(state.subject);
    if (seat === undefined || seat.row === this.#earned || !hasEarned(state)) return;
    this.#young.remove(seat);
    this.#earned.push(seat);
    const oldest = this.#earned.oldest;
    if (this.#earned.size <= this.#max / 2 || oldest === undefined) return;
    this.#earned.remove(oldest);
    this.#young.push(oldest);
  }

  /** Both rows in order of touch, for a snapshot. */
  rows(): { young: SubjectState[]; earned: SubjectState[]; evictions: number } {
    const evictions = this.#evictions;
    return { young: this.#young.states(), earned: this.#earned.states(), evictions };
  }

  /** Fills an empty table from a snapshot's rows. */
  fill(young: readonly SubjectState[], earned: readonly SubjectState[], evictions: number): void {
    for (const state of young) this.#seat(state, this.#young);
    for (const state of earned) this.#seat(state, this.#earned);
    this.#evictions = evictions;
    while (this.#seats.size > this.#max) this.#evict();
  }

  #seat(state: SubjectState, row: Row): SubjectState {
    const seat: Seat = { state, row, older: undefined, newer: undefined };
    row.push(seat);
    this.#seats.set(state.subject, seat);
    return state;
  }

  #evict(): void {
    const seat = this.#young.oldest ?? this.#earned.oldest;
    if (seat === undefined) return;
    seat.row.remove(seat);
    this.#seats.delete(seat.state.subject);
    this.#evictions++;
    const { state } = seat;
    this.#o.onEvicted(state);
    if (state.learned !== undefined) state.lineup.learnedRows.give(state.learned);
    state.lineup.rows.give(state.row);
  }
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
