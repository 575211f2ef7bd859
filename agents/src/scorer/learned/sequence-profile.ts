// What the sequence model remembers, in words of 32 bits: of a subject its last actions, how often
// it did each, and what followed what; of its peers the same, each subject's repetitions damped.
// Owns both layouts and how they are taught. Must never hold more of one subject in the peers' past
// than the logarithm of what it did.

import type { Observation } from "../observation.ts";
import { CountTable, join, mix, NOT_TAKEN } from "./count-table.ts";
import { RunTable } from "./run-table.ts";

// A subject's head.
const TOTAL = 0;
const MOMENT = 1;
/** What it has taught the peers by now, in units of their counts. */
const TAUGHT = 2;
const NEXT = 3;
const SIZE = 4;

/** Actions in the window: about what a person does in a sitting. */
export const WINDOW = 96;
const WINDOW_AT = 16;
/** Trials and misses of the runs, by the logarithm of how often the context was seen. */
const ESCAPES_AT = WINDOW_AT + WINDOW;
const ESCAPE_BINS = 16;
const ESCAPE_TRIALS_MAX = 4_096;
const SINGLES_AT = ESCAPES_AT + 2 * ESCAPE_BINS;
const SINGLES = new CountTable(SINGLES_AT, 512);
const RUNS_AT = SINGLES_AT + 512;
const RUNS = new RunTable(RUNS_AT, 512);
export const OWN_WORDS = RUNS_AT + 512;
/** At so many actions all counts are halved: habits of long ago fade. */
export const OWN_TOTAL_MAX = 16_384;
/** Sums over a table are kept as they change, and taken anew so often: places change hands. */
const RECOUNT_EVERY = 256;

// The peers' head.
const PEERS_TOTAL = 0;
const PEERS_KEYS = 1;
const PEERS_ONCE = 2;
const PEERS_MOMENT = 3;
const PEERS_SINGLES = new CountTable(16, 4_096);
const PEERS_RUNS = new CountTable(16 + 4_096, 8_192);
export const PEERS_WORDS = 16 + 4_096 + 8_192;
const PEERS_TOTAL_MAX = 1 << 20;
/** Actions there are at least, whatever few peers have shown: a newcomer's host stays silent. */
const VOCABULARY_MIN = 256;
/** Whatever follows the context, and how many different actions do. */
const ANY = 0x3c6ef372;
const KINDS = 0x2545f491;

const OUTCOMES = { failed: 1, succeeded: 2, probed: 3, acted: 4 } as const;

/** One number for what was done; never 0, which is no action. */
export function actionOf(seen: Observation): number {
  const what = seen.actionHash === 0 ? loginOf(seen) : seen.actionHash;
  return mix(what ^ Math.imul(seen.processHash, 0x01000193)) | 1;
}

function loginOf(seen: Observation): number {
  return join(OUTCOMES[seen.outcome], seen.methodHash ^ Math.imul(seen.serviceHash, 31));
}

/** What n uses of one subject come to in the peers' count: 1 for each doubling. */
export function damped(uses: number): number {
  return 32 - Math.clz32(uses);
}

/** Scratch of one look-up; good until the next. */
export interface Glance {
  /** The subject's own: of the action, of all, of the action after the one before, of that one. */
  uses: number;
  total: number;
  runs: number;
  contextUses: number;
  /** Chance, by its own past, that what follows such a context is new. */
  escape: number;
  /** In the window: of the action, of all, after the one before, of that one. */
  recent: number;
  recentTotal: number;
  recentRuns: number;
  recentContext: number;
  /** Of the peers, without this subject's part. */
  peersUses: number;
  peersTotal: number;
  peersRuns: number;
  peersContext: number;
  peersContextKinds: number;
  /** Chance that a peer's next action is one that no peer has done (Good-Turing). */
  peersEscape: number;
  /** Estimated number of all actions there are. */
  vocabulary: number;
}

export const glance: Glance = {
  uses: 0,
  total: 0,
  runs: 0,
  contextUses: 0,
  escape: 0,
  recent: 0,
  recentTotal: 0,
  recentRuns: 0,
  recentContext: 0,
  peersUses: 0,
  peersTotal: 0,
  peersRuns: 0,
  peersContext: 0,
  peersContextKinds: 0,
  peersEscape: 0,
  vocabulary: 0,
};

/** Looks both pasts up for an action that comes next; fills `glance`. */
export function lookUp(own: Int32Array, peers: Int32Array, action: number): void {
  const context = lastOf(own, 0);
  const run = join(context, action);
  glance.uses = SINGLES.count(own, action);
  glance.total = own[TOTAL] as number;
  glance.runs = RUNS.count(own, run);
  glance.contextUses = SINGLES.count(own, context);
  const bin = escapeBinOf(glance.contextUses);
  glance.escape = ((own[bin + 1] as number) + 1) / ((own[bin] as number) + 2);
  lookBack(own, context, action);
  lookAround(own, peers, action, run, context);
}

/** The window, from the oldest action to the latest. */
function lookBack(own: Int32Array, context: number, action: number): void {
  const size = own[SIZE] as number;
  const next = own[NEXT] as number;
  let [uses, runs, contexts, before] = [0, 0, 0, 0];
  for (let i = 0; i < size; i++) {
    const at = next + i;
    const one = own[WINDOW_AT + (at < size ? at : at - size)] as number;
    if (one === action) {
      uses++;
      if (before === context) runs++;
    }
    if (before === context) contexts++;
    before = one;
  }
  glance.recent = uses;
  glance.recentTotal = size;
  glance.recentRuns = runs;
  glance.recentContext = contexts;
}

function lookAround(
  own: Int32Array,
  peers: Int32Array,
  action: number,
  run: number,
  context: number,
): void {
  // Whoever came to a group late has taught it less than is taken off: never more than half.
  const all = peers[PEERS_TOTAL] as number;
  const total = Math.max(all - (own[TAUGHT] as number), all / 2);
  const uses = PEERS_SINGLES.count(peers, action) - damped(glance.uses);
  const once = (peers[PEERS_ONCE] as number) + 1;
  glance.peersTotal = total;
  glance.peersUses = Math.min(total, Math.max(0, uses));
  glance.peersEscape = once / (all + 2);
  const keys = (peers[PEERS_KEYS] as number) + 1;
  glance.vocabulary = Math.max(VOCABULARY_MIN, keys / (1 - Math.min(0.9, glance.peersEscape)));
  glance.peersRuns = Math.max(0, PEERS_RUNS.count(peers, run) - damped(Math.floor(glance.runs)));
  glance.peersContext = PEERS_RUNS.count(peers, join(context, ANY));
  glance.peersContextKinds = PEERS_RUNS.count(peers, join(context, KINDS));
}

/** Moves the window. */
export function noteAction(own: Int32Array, action: number): void {
  const next = own[NEXT] as number;
  own[WINDOW_AT + next] = action;
  own[NEXT] = next + 1 === WINDOW ? 0 : next + 1;
  own[SIZE] = Math.min(WINDOW, (own[SIZE] as number) + 1);
}

/** Takes the latest action of the window into the subject's past. */
export function learnAction(own: Int32Array): void {
  const action = lastOf(own, 0);
  const context = lastOf(own, 1);
  if (context !== 0) learnRun(own, context, action);
  const moment = ((own[MOMENT] as number) + 1) | 0;
  own[MOMENT] = moment;
  const before = SINGLES.add(own, action);
  if (before !== NOT_TAKEN) {
    own[TOTAL] = (own[TOTAL] as number) + 1;
    own[TAUGHT] = (own[TAUGHT] as number) + damped(before + 1) - damped(before);
  }
  if ((own[TOTAL] as number) >= OWN_TOTAL_MAX) SINGLES.halve(own);
  else if (moment % RECOUNT_EVERY !== 0) return;
  own[TOTAL] = SINGLES.sum(own, (count) => count);
  own[TAUGHT] = SINGLES.sum(own, damped);
}

function learnRun(own: Int32Array, context: number, action: number): void {
  const bin = escapeBinOf(SINGLES.count(own, context));
  const run = join(context, action);
  own[bin] = (own[bin] as number) + 1;
  if (RUNS.count(own, run) === 0) own[bin + 1] = (own[bin + 1] as number) + 1;
  if ((own[bin] as number) >= ESCAPE_TRIALS_MAX) {
    own[bin] = (own[bin] as number) >> 1;
    own[bin + 1] = (own[bin + 1] as number) >> 1;
  }
  RUNS.add(own, run, own[MOMENT] as number);
}

/**
 * Takes the latest action of the subject's window into its peers' past, each time the subject has
 * done it twice as often as the last time; BEFORE the subject learns it.
 */
export function teachAction(peers: Int32Array, own: Int32Array): void {
  const action = lastOf(own, 0);
  const context = lastOf(own, 1);
  const uses = SINGLES.count(own, action);
  if (damped(uses + 1) > damped(uses)) teachSingle(peers, action);
  const run = join(context, action);
  const runs = Math.floor(RUNS.count(own, run));
  if (context === 0 || damped(runs + 1) === damped(runs)) return;
  if (PEERS_RUNS.add(peers, run) === 0) PEERS_RUNS.add(peers, join(context, KINDS));
  PEERS_RUNS.add(peers, join(context, ANY));
}

function teachSingle(peers: Int32Array, action: number): void {
  const moment = ((peers[PEERS_MOMENT] as number) + 1) | 0;
  peers[PEERS_MOMENT] = moment;
  const before = PEERS_SINGLES.add(peers, action);
  if (before !== NOT_TAKEN) peers[PEERS_TOTAL] = (peers[PEERS_TOTAL] as number) + 1;
  if (before === 0) {
    peers[PEERS_KEYS] = (peers[PEERS_KEYS] as number) + 1;
    peers[PEERS_ONCE] = (peers[PEERS_ONCE] as number) + 1;
  } else if (before === 1) {
    peers[PEERS_ONCE] = Math.max(0, (peers[PEERS_ONCE] as number) - 1);
  }
  if ((peers[PEERS_TOTAL] as number) >= PEERS_TOTAL_MAX) {
    PEERS_SINGLES.halve(peers);
    PEERS_RUNS.halve(peers);
  } else if (moment % RECOUNT_EVERY !== 0) return;
  peers[PEERS_TOTAL] = PEERS_SINGLES.sum(peers, (count) => count);
  peers[PEERS_KEYS] = PEERS_SINGLES.keys(peers);
  peers[PEERS_ONCE] = PEERS_SINGLES.keys(peers, 1);
}

/** The action `back` before the latest of the window; 0 where there is none. */
function lastOf(own: Int32Array, back: number): number {
  if (back >= (own[SIZE] as number)) return 0;
  const at = (own[NEXT] as number) - 1 - back;
  return own[WINDOW_AT + (at < 0 ? at + WINDOW : at)] as number;
}

function escapeBinOf(contextUses: number): number {
  return ESCAPES_AT + 2 * Math.min(ESCAPE_BINS - 1, damped(contextUses));
}
