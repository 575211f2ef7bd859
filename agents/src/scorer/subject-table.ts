// Which subjects are remembered when not all can be. Owns the bound and the order of forgetting.
// Two rows by last touch: `young`, and `earned` for subjects with something to lose: a successful
// login, a lease, a pardon, or a level of 10 dB. The young go first, oldest touch first, so somebody
// who invents a million addresses evicts only other young ones; to push out an earned one he must earn
// half the table, some six failures an address. An evicted subject that returns on the same day begins
// a second bankroll, so the promise reads: false signals <= (subject-days + evictions) / c.

import type { SubjectText } from "@ostraka/proto";
import { levelOf, openSubjectState, type SubjectState } from "./subject-state.ts";

const EARNED_LEVEL = 10;

export class SubjectTable {
  readonly #max: number;
  readonly #young = new Map<SubjectText, SubjectState>();
  readonly #earned = new Map<SubjectText, SubjectState>();
  #evictions = 0;
  #latest: SubjectState | undefined;

  constructor(max: number) {
    this.#max = Math.max(2, max);
  }

  get size(): number {
    return this.#young.size + this.#earned.size;
  }

  /** How many subjects were forgotten for want of room. */
  get evictions(): number {
    return this.#evictions;
  }

  /** Looks without touching. */
  peek(subject: SubjectText): SubjectState | undefined {
    return this.#earned.get(subject) ?? this.#young.get(subject);
  }

  /** Finds or opens the state of a subject, and makes it the most recently touched. */
  touch(subject: SubjectText): SubjectState {
    if (this.#latest?.subject === subject) return this.#latest;
    const row = this.#earned.has(subject) ? this.#earned : this.#young;
    let state = row.get(subject);
    if (state === undefined) {
      if (this.size >= this.#max) this.#evict();
      state = openSubjectState(subject);
    } else {
      row.delete(subject);
    }
    row.set(subject, state);
    this.#latest = state;
    return state;
  }

  /** Moves a subject to the earned row once it has earned it; call after its state changed. */
  settle(state: SubjectState): void {
    if (this.#earned.has(state.subject) || !hasEarned(state)) return;
    this.#young.delete(state.subject);
    this.#earned.set(state.subject, state);
    if (this.#earned.size <= this.#max / 2) return;
    const oldest = this.#earned.values().next().value as SubjectState;
    this.#earned.delete(oldest.subject);
    this.#young.set(oldest.subject, oldest);
  }

  /** Both rows in order of touch, for a snapshot. */
  rows(): { young: SubjectState[]; earned: SubjectState[]; evictions: number } {
    return {
      young: [...this.#young.values()],
      earned: [...this.#earned.values()],
      evictions: this.#evictions,
    };
  }

  /** Fills an empty table from a snapshot's rows. */
  fill(young: readonly SubjectState[], earned: readonly SubjectState[], evictions: number): void {
    for (const state of young) this.#young.set(state.subject, state);
    for (const state of earned) this.#earned.set(state.subject, state);
    this.#evictions = evictions;
  }

  #evict(): void {
    const row = this.#young.size > 0 ? this.#young : this.#earned;
    const oldest = row.keys().next().value as SubjectText;
    row.delete(oldest);
    this.#evictions++;
    if (this.#latest?.subject === oldest) this.#latest = undefined;
  }
}

function hasEarned(state: SubjectState): boolean {
  return (
    state.habit.logins > 0 ||
    state.leaseUntilMs > 0 ||
    state.pardonedBeforeMs > 0 ||
    levelOf(state) >= EARNED_LEVEL
  );
}
