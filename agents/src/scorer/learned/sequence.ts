// Who is at it: how much better "somebody else" explains an action than the subject's own past, in
// bits. Owns the two models and their ratio. Must never learn before it has spoken.
//
// Why a ratio: an action that is rare with the owner is no sign of anybody else unless it is less
// rare with others. "The owner" and "somebody of his peers" are two answers to one question, and by
// Neyman and Pearson nothing separates them better than the ratio of their likelihoods. What does
// not tell them apart (the rare thing that nobody does, what this sitting has shown already)
// enters both and cancels; it has a zero of its own, so subjects can be compared.

import type { Observation } from "../observation.ts";
import type { ProfileDetector } from "./learned-detector.ts";
import {
  actionOf,
  type Glance,
  glance,
  learnAction,
  lookUp,
  noteAction,
  OWN_WORDS,
  PEERS_WORDS,
  teachAction,
} from "./sequence-profile.ts";

/** Actions of its own that outweigh the peers, of what a subject has not done yet. */
const OWN_PRIOR = 100;
/** Actions of the window that outweigh the past, of what is done again and again in one sitting. */
const SITTING_PRIOR = 100;
/** How much the order of actions says beside the actions themselves. */
const ORDER_WEIGHT = 0.3;

/** Bits of "somebody else" over "the owner", from what was looked up. */
export function strangenessOf(seen: Glance): number {
  const peers =
    (1 - seen.peersEscape) * (seen.peersUses / Math.max(1, seen.peersTotal)) +
    seen.peersEscape / seen.vocabulary;
  const own = (seen.uses + OWN_PRIOR * peers) / (seen.total + OWN_PRIOR);
  const owner = inSitting(seen.recent, seen.recentTotal, own);
  const other = inSitting(seen.recent, seen.recentTotal, peers);
  const kinds = 2 * seen.peersContextKinds + 1;
  const peersNext =
    (seen.peersRuns + kinds * other) / (Math.max(seen.peersRuns, seen.peersContext) + kinds);
  const known = seen.total / (seen.total + OWN_PRIOR);
  const spare = known * owner + (1 - known) * peersNext;
  const context = Math.max(seen.runs, seen.contextUses);
  const ownNext = context === 0 ? spare : mixed(seen.runs / context, spare, seen.escape);
  const ownerNext = inSitting(seen.recentRuns, seen.recentContext, ownNext);
  const otherNext = inSitting(seen.recentRuns, seen.recentContext, peersNext);
  return (
    (1 - ORDER_WEIGHT) * Math.log2(other / owner) + ORDER_WEIGHT * Math.log2(otherNext / ownerNext)
  );
}

function mixed(past: number, spare: number, isNew: number): number {
  return (1 - isNew) * past + isNew * spare;
}

/** What a sitting has shown so far counts for whoever sits there. */
function inSitting(uses: number, total: number, chance: number): number {
  return (uses + SITTING_PRIOR * chance) / (total + SITTING_PRIOR);
}

export const sequence: ProfileDetector = {
  name: "sequence",
  share: 0.5,
  against: "an account does what it did before, and what followed before follows again",
  words: OWN_WORDS,
  peerWords: PEERS_WORDS,
  grain: 0.25,
  strangeness(own, peers, seen: Observation) {
    if (own === undefined) return Number.NaN;
    lookUp(own, peers, actionOf(seen));
    return strangenessOf(glance);
  },
  note(own, seen) {
    noteAction(own, actionOf(seen));
  },
  teach(peers, own) {
    teachAction(peers, own);
  },
  learn(own) {
    learnAction(own);
  },
  describe(own, peers, seen) {
    if (own === undefined) return "";
    lookUp(own, peers, actionOf(seen));
    const peersUses = Math.round(glance.peersUses);
    return `ownUses=${glance.uses} ownActions=${glance.total} peersUses=${peersUses}`;
  },
};
