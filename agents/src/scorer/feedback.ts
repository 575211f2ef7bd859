// What a lift teaches the scorer: the detectors behind the last lease or signal about its subject
// count half as much for that subject from now on, down to an eighth, and never recover while it is
// remembered (DESIGN.md 5: feedback only ever lowers). Owns that step and the note of what fired.
// Must never raise a share.
//
// Taking it at once is sound: of money already at work, less is counted, never more.

import { firedOf } from "./reasons.ts";
import type { EvidenceKindName } from "./signal.ts";
import { IDLE_MS_MAX, type SubjectState } from "./subject-state.ts";

/** Halvings at most: nobody can make a host blind, only dimmer by 9 dB. */
const LOWERED_MAX = 3;

/** Remembers what drew a line, for the lift that may come. */
export function noteFired(state: SubjectState, kind: EvidenceKindName): void {
  const isGoingOn = state.firedMs > state.lastMs - IDLE_MS_MAX;
  state.fired = (isGoingOn ? state.fired : 0) | firedOf(state, kind);
  state.firedMs = state.lastMs;
}

/**
 * Applies a lift once, at its control index; what fired after it is not its concern.
 * @param atMs machine time of the lift's entry.
 */
export function lowerWhatFired(state: SubjectState, index: number, atMs: number): void {
  if (index <= state.liftIndex || state.fired === 0 || state.firedMs > atMs) return;
  state.lowered = lowerEach(state.lowered, state.fired & 0xffff);
  state.learnedLowered = lowerEach(state.learnedLowered, state.fired >>> 16);
  state.liftIndex = index;
  state.fired = 0;
}

function lowerEach(lowered: number, fired: number): number {
  let all = lowered >>> 0;
  for (let i = 0; i < 16; i++) {
    const times = (all >>> (2 * i)) & 3;
    if (((fired >>> i) & 1) === 1 && times < LOWERED_MAX) all += 2 ** (2 * i);
  }
  return all;
}
