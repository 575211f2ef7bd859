// First times for a peer group: a network, country, client, program, resource or action that no
// member has shown before. Owns eleven words of each member; what the group has seen is one sketch
// (group-sketch.ts). Must never speak to a member about the whole host, nor let what it has not
// spoken about become known to a settled group.
//
// Expected: the next trial is new to the group with the chance of Good and Turing. Strangeness is
// the surprise in bits, added up over the facets that are new. A trial is a member's first of a day
// or a change from its own one before, eight a day and facet at most: neither a busy member nor a
// robot makes the group look more settled than it is. Silent for who is in no group, in a group of
// fewer than three, for its first seven days in one (what it brings along is news to the group and
// none about it), and of a facet that the group has tried fewer than 32 times.
//
// Poisoning: a member teaches one new value a facet and day, and a settled group only the one that
// was spoken about; in its own first seven days, or under 32 trials, without. Each raises the
// chance of new things by one over the group's trials: in a group of ten, settled over 40 days, one
// who brings a thing a day makes the next worth 6 bits instead of 12 after 58 days (the test plays
// it), and no less ever, while the others show what they always did. What one member has shown, and
// was spoken about for, says nothing when another shows it: two who collude pay once for each
// thing. Whoever was there from the start is part of what is ordinary.

import type { Observation } from "../observation.ts";
import { describeFacets, facetOf } from "./facets.ts";
import {
  chanceOfNew,
  countMember,
  GROUP_FACETS,
  idOf,
  isNewToGroup,
  membersOf,
  SKETCH_WORDS,
  takeTrial,
  trialsOf,
} from "./group-sketch.ts";
import type { ProfileDetector } from "./learned-detector.ts";
import { MEMBERS_MIN } from "./peer-groups.ts";
import { inEighths } from "./steps.ts";

const DAY_MS = 86_400_000;
/** A member's first days in a group, in which it brings along its own things. */
const GRACE_DAYS = 7;
/** Trials of a facet before a group is settled in it. */
const TRIALS_MIN = 32;
/** A member's trials of a facet on a day; four bits hold their count. */
const TRIALS_A_DAY = 8;

// A member: the id of its group, the day after it joined, the day after the one that the rest is
// about; what was noted, spoken of, taught as new, and is new in this observation, eight bits each;
// trials, four bits a facet; the value taught last of each facet.
const GROUP_ID = 0;
const JOINED = 1;
const DAY = 2;
const MASKS = 3;
const TRIALS = 4;
const LAST_AT = 5;
const WORDS = LAST_AT + GROUP_FACETS.length;

const NOTED = 0;
const SPOKEN = 8;
const TAUGHT = 16;
const FRESH = 24;
/** A bit of the taught that is no facet's: today the member has been counted. */
const COUNTED = 1 << (TAUGHT + 7);

export const groupNovelty: ProfileDetector = {
  name: "group-novelty",
  share: 0.1,
  against: "what it shows, somebody of its peer group has shown before",
  words: WORDS,
  peerWords: SKETCH_WORDS,
  isOfGroupsOnly: true,

  strangeness(own, peers, seen) {
    if (own === undefined || !isHeard(own, peers, seen)) return Number.NaN;
    const masks = todaysMasks(own, seen);
    let bits = Number.NaN;
    for (let i = 0; i < GROUP_FACETS.length; i++) {
      const hash = hashOf(seen, i);
      if (hash === 0 || trialsOf(peers, i) < TRIALS_MIN) continue;
      const isNoted = ((masks >>> (NOTED + i)) & 1) === 1;
      // The same as before, or told of today: most observations end here.
      if (isNoted && (hash === own[LAST_AT + i] || ((masks >>> (SPOKEN + i)) & 1) === 1)) continue;
      const isNew = isNewToGroup(peers, i, hash);
      if (isNew) bits = (bits > 0 ? bits : 0) - Math.log2(chanceOfNew(peers, i));
      else if (!isNoted && Number.isNaN(bits)) bits = 0;
    }
    return inEighths(bits);
  },

  note(own, seen, peers) {
    const day = dayOf(seen) + 1;
    if (own[DAY] !== day) {
      own[DAY] = day;
      own[MASKS] = 0;
      own[TRIALS] = 0;
    }
    const id = idOf(peers);
    if (id !== 0 && own[GROUP_ID] !== id) {
      own[GROUP_ID] = id;
      own[JOINED] = day;
    }
    const masks = (own[MASKS] as number) & ~(0xff << FRESH);
    const fresh = isHeard(own, peers, seen) ? freshMaskOf(own, peers, seen) : 0;
    own[MASKS] = masks | (present(seen) << NOTED) | (fresh << SPOKEN) | (fresh << FRESH);
  },

  teach(peers, own, seen) {
    const day = dayOf(seen);
    if (((own[MASKS] as number) & COUNTED) === 0) {
      own[MASKS] = (own[MASKS] as number) | COUNTED;
      countMember(peers, seen.nameHash, day);
    }
    const isSettling = isInGrace(own, peers, day);
    for (let i = 0; i < GROUP_FACETS.length; i++) {
      const hash = hashOf(seen, i);
      if (hash === 0) continue;
      const trials = ((own[TRIALS] as number) >>> (4 * i)) & 15;
      const isRepeated = trials > 0 && hash === own[LAST_AT + i];
      if (isRepeated || trials >= TRIALS_A_DAY) continue;
      if (isNewToGroup(peers, i, hash)) {
        const mayBring = isSettling || trialsOf(peers, i) < TRIALS_MIN || hasBit(own, FRESH, i);
        if (!mayBring || hasBit(own, TAUGHT, i)) continue;
        own[MASKS] = (own[MASKS] as number) | (1 << (TAUGHT + i));
      }
      takeTrial(peers, i, hash);
      own[TRIALS] = (own[TRIALS] as number) + (1 << (4 * i));
      own[LAST_AT + i] = hash;
    }
  },

  learn() {
    // Its group learns, not the member.
  },

  describe(own, peers, seen) {
    const mask = own === undefined ? 0 : freshMaskOf(own, peers, seen);
    let named = 0;
    let chance = 1;
    for (let i = 0; i < GROUP_FACETS.length; i++) {
      if (((mask >>> i) & 1) === 0) continue;
      named |= 1 << (GROUP_FACETS[i] as number);
      chance *= chanceOfNew(peers, i);
    }
    const oneIn = Math.round(Math.min(1e9, 1 / chance));
    return `${describeFacets(named)} groupMembers=${membersOf(peers)} expectedOneIn=${oneIn}`;
  },
};

function dayOf({ timeMs }: Observation): number {
  return Math.floor(timeMs / DAY_MS);
}

function hashOf(seen: Observation, i: number): number {
  return facetOf(seen, GROUP_FACETS[i] as number);
}

function hasBit(own: Int32Array, kind: number, i: number): boolean {
  return (((own[MASKS] as number) >>> (kind + i)) & 1) === 1;
}

/** Whether a group speaks to this member at all. */
function isHeard(own: Int32Array, peers: Int32Array, seen: Observation): boolean {
  if (membersOf(peers) < MEMBERS_MIN || own[GROUP_ID] !== idOf(peers)) return false;
  return !isInGrace(own, peers, dayOf(seen));
}

function isInGrace(own: Int32Array, peers: Int32Array, day: number): boolean {
  return own[GROUP_ID] === idOf(peers) && day + 1 - (own[JOINED] as number) < GRACE_DAYS;
}

function present(seen: Observation): number {
  let mask = 0;
  for (let i = 0; i < GROUP_FACETS.length; i++) if (hashOf(seen, i) !== 0) mask |= 1 << i;
  return mask;
}

function todaysMasks(own: Int32Array, seen: Observation): number {
  return own[DAY] === dayOf(seen) + 1 ? (own[MASKS] as number) : 0;
}

/** Facets that are new to a group which is settled in them, and were not spoken of today. */
function freshMaskOf(own: Int32Array, peers: Int32Array, seen: Observation): number {
  const masks = todaysMasks(own, seen);
  let fresh = 0;
  for (let i = 0; i < GROUP_FACETS.length; i++) {
    const hash = hashOf(seen, i);
    if (hash === 0 || trialsOf(peers, i) < TRIALS_MIN) continue;
    if (((masks >>> (SPOKEN + i)) & 1) === 1) continue;
    if (((masks >>> (NOTED + i)) & 1) === 1 && hash === own[LAST_AT + i]) continue;
    if (isNewToGroup(peers, i, hash)) fresh |= 1 << i;
  }
  return fresh;
}
