// Where a subject stands among all that can be done: what it does, touches, runs, from where and
// at what hour, as one short vector by signed feature hashing (Weinberger et al. 2009). Owns three
// of them with different memories: of the last actions, of the subject's past, of its peers. Must
// never keep a feature's name, nor let the last actions into the past unless they may teach.

import type { Observation } from "../observation.ts";
import { join } from "./count-table.ts";
import type { ProfileDetector } from "./learned-detector.ts";
import { actionOf } from "./sequence-profile.ts";

/** Cells of a vector: unrelated features meet with chance 1 in 128, and then cancel as often. */
export const CELLS = 128;
/** Memories, as powers of two of observations; units so that none can overflow 31 bits. */
const RECENT = { shift: 6, unit: 1 << 20 };
const PAST = { shift: 11, unit: 1 << 16 };
const PEERS = { shift: 15, unit: 1 << 12 };
/** Forgetting comes eight times at once: it is most of the cost. */
const FADE_SHIFT = 3;
const FADE_EVERY = 1 << FADE_SHIFT;
/** A counter stops here, still turning through its last eight. */
const MOMENT_MAX = 1 << 30;
// The profile: how many were learned and noted, then the two vectors.
export const LEARNED = 0;
const NOTED = 1;
/** Held here for peer-groups.ts: the subject's group, and the day after it was last looked at. */
export const GROUP = 2;
export const GROUP_DAY = 3;
const RECENT_AT = 4;
export const PAST_AT = RECENT_AT + CELLS;
const WORDS = PAST_AT + CELLS;
// The peers' profile: how many were taught, then their vector.
const TAUGHT = 0;
const PEERS_AT = 4;
const PEERS_WORDS = PEERS_AT + CELLS;
/** Says nothing of a window or a past that holds less. */
const NOTED_MIN = 16;
const LEARNED_MIN = 64;
/**
 * Added to both distances: what a window of so few actions differs from its own law by chance. Of K
 * kinds drawn n times that is about K / 8n; a hundred kinds in a window of 64 make 0.2.
 */
const CHANCE = 0.2;

/** Features of one observation, hashed; good until the next call. */
const features = new Int32Array(8);
/** A week has 42 parts. */
const HOURS_A_PART = 4;

/** Salts keep a target from being mistaken for an action. */
function readFeatures(seen: Observation): number {
  const action = actionOf(seen);
  const { targetHash, networkHash, processHash, serviceHash } = seen;
  const hour = 1 + ((seen.hourOfWeek / HOURS_A_PART) | 0);
  features[0] = join(1, action);
  features[1] = join(2, join(action, hour));
  let count = 2;
  if (processHash !== 0) features[count++] = join(3, processHash);
  if (serviceHash !== 0) features[count++] = join(4, serviceHash);
  if (targetHash !== 0) {
    features[count++] = join(5, targetHash);
    features[count++] = join(6, join(action, targetHash));
  }
  if (networkHash !== 0) {
    features[count++] = join(7, networkHash);
    features[count++] = join(8, join(action, networkHash));
  }
  return count;
}

interface Memory {
  readonly shift: number;
  readonly unit: number;
}

/**
 * Adds the features just read; every eighth time forgets what eight times come to.
 * @param moment how many were added before.
 */
function move(cells: Int32Array, at: number, memory: Memory, count: number, moment: number): void {
  const { shift, unit } = memory;
  if (moment % FADE_EVERY === 0) {
    const rate = shift - FADE_SHIFT;
    for (let i = at; i < at + CELLS; i++) {
      const cell = cells[i] as number;
      // Rounds away from 0, so that what is forgotten ends there.
      cells[i] = cell > 0 ? cell - ((cell + (1 << rate) - 1) >> rate) : cell - (cell >> rate);
    }
  }
  for (let i = 0; i < count; i++) {
    const feature = features[i] as number;
    const place = at + (feature & (CELLS - 1));
    cells[place] = (cells[place] as number) + (feature < 0 ? -unit : unit);
  }
}

/** @returns what the counter was. */
function advance(cells: Int32Array, counter: number): number {
  const moment = cells[counter] as number;
  cells[counter] = moment + 1 < MOMENT_MAX ? moment + 1 : MOMENT_MAX - FADE_EVERY;
  return moment;
}

/** Sizes of the roots of the last actions; good until the next call. */
const recent = new Float64Array(CELLS);

/**
 * Signed square roots of a vector's cells at length 1, all zero when it is empty: between roots the
 * cosine is Hellinger's affinity, in which what is done all the time does not drown the rest.
 */
export function rootsOf(cells: Int32Array, at: number, into: Float64Array): void {
  const unit = unitOf(cells, at);
  for (let i = 0; i < CELLS; i++) {
    const cell = (cells[at + i] as number) * unit;
    into[i] = cell < 0 ? -Math.sqrt(-cell) : Math.sqrt(cell);
  }
}

/** What brings the sizes of a vector's cells to a sum of 1; 0 when it is empty. */
function unitOf(cells: Int32Array, at: number): number {
  let size = 0;
  for (let i = 0; i < CELLS; i++) size += Math.abs(cells[at + i] as number);
  return size === 0 ? 0 : 1 / size;
}

function readRecent(own: Int32Array): void {
  const unit = unitOf(own, RECENT_AT);
  for (let i = 0; i < CELLS; i++) {
    recent[i] = Math.sqrt(Math.abs((own[RECENT_AT + i] as number) * unit));
  }
}

/**
 * One minus the cosine of what was done last and a memory: 0 to 2, 1 where either is empty. Signs
 * are as good as random, and a branch on each would be most of the work: they are multiplied in.
 */
function distanceTo(own: Int32Array, cells: Int32Array, at: number): number {
  const unit = unitOf(cells, at);
  let dot = 0;
  for (let i = 0; i < CELLS; i++) {
    const cell = cells[at + i] as number;
    const sign = (((own[RECENT_AT + i] as number) ^ cell) >> 31) | 1;
    dot += sign * (recent[i] as number) * Math.sqrt(Math.abs(cell * unit));
  }
  return 1 - dot;
}

export const embedding: ProfileDetector = {
  name: "embedding",
  share: 0.5,
  against: "what an account did last stands near its own past, not only near its peers",
  words: WORDS,
  peerWords: PEERS_WORDS,
  grain: 0.5,
  // A window's length of observations since it last held.
  isApart: (own) => (own[NOTED] as number) % (1 << RECENT.shift) === 0,
  strangeness(own, peers) {
    if (own === undefined) return Number.NaN;
    if ((own[LEARNED] as number) < LEARNED_MIN || (own[NOTED] as number) < NOTED_MIN) {
      return Number.NaN;
    }
    readRecent(own);
    const toPast = distanceTo(own, own, PAST_AT);
    const toPeers = distanceTo(own, peers, PEERS_AT);
    return Math.log2((toPast + CHANCE) / (toPeers + CHANCE));
  },
  note(own, seen) {
    move(own, RECENT_AT, RECENT, readFeatures(seen), advance(own, NOTED));
  },
  teach(peers, _own, seen) {
    move(peers, PEERS_AT, PEERS, readFeatures(seen), advance(peers, TAUGHT));
  },
  learn(own, seen) {
    move(own, PAST_AT, PAST, readFeatures(seen), advance(own, LEARNED));
  },
  describe(own, peers) {
    if (own === undefined) return "";
    readRecent(own);
    const toPast = distanceTo(own, own, PAST_AT).toFixed(2);
    const toPeers = distanceTo(own, peers, PEERS_AT).toFixed(2);
    return `distanceToPast=${toPast} distanceToPeers=${toPeers}`;
  },
};
