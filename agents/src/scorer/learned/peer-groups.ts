// Who behaves like whom: at most eight groups of vouched subjects, found from their embeddings, one
// day at a time. Owns the groups' centres and the rule by which they move. Must never be shown a
// subject that is not vouched, let one subject move a centre twice a day, nor let fewer than three
// subjects of one day stand for peers.
//
// Leader clustering (Hartigan 1975) with the moving means of spherical k-means (Zhong 2005): the
// number of groups need not be known, and each subject costs eight dot products a day. All state is
// numbers in one array; a snapshot is a copy of it.

import { CELLS, GROUP, GROUP_DAY, LEARNED, PAST_AT, rootsOf } from "./embedding.ts";

export const GROUPS_MAX = 8;
/** The group of everybody on the host. */
export const WHOLE_HOST = 0;
/** So near a centre, as one minus the cosine, joins it; further away founds another. */
const JOIN_DISTANCE = 0.5;
/** A member changes groups only for one nearer by this: nobody flutters. */
const CHANGE_DISTANCE = 0.1;
/** A subject takes part once it was taught so much. */
const LEARNED_MIN = 256;
/** Different subjects on one day that make a group of peers. */
export const MEMBERS_MIN = 3;
/** Days without as many after which a group no longer speaks, and its place may be taken. */
export const IDLE_DAYS_MAX = 30;
/** One subject's pull a day: an eighth of the way while a group is new, a 64th later. */
const PULL_FIRST = 8;
const PULL_LAST = 64;
/** Length of a centre. */
const UNIT = 1 << 20;

// A group: the day after its latest visit, visits on that day, the day after it was last large
// enough, visits in all up to PULL_LAST; then its centre.
const DAY = 0;
const VISITS = 1;
const SPOKE_DAY = 2;
const MASS = 3;
const CENTRE = 4;
const GROUP_WORDS = CENTRE + CELLS;
const GROUPS_WORDS = GROUPS_MAX * GROUP_WORDS;

/** The visitor, as a unit vector; good until the next. */
const roots = new Float64Array(CELLS);

/** All groups of a host, empty. */
export function openGroups(): Int32Array {
  return new Int32Array(GROUPS_WORDS);
}

/**
 * The group whose peers speak about a subject: 1 to 8, or WHOLE_HOST while it is in none, or in one
 * that too few have visited of late.
 * @param own its embedding profile. @param day of event time.
 */
export function groupOf(groups: Int32Array, own: Int32Array, day: number): number {
  const group = own[GROUP] as number;
  if (group < 1 || group > GROUPS_MAX) return WHOLE_HOST;
  const spoke = groups[atOf(group) + SPOKE_DAY] as number;
  return spoke > 0 && !isIdle(spoke, day) ? group : WHOLE_HOST;
}

/**
 * A vouched subject's daily visit: it joins, stays or founds, and pulls the centre of its group a
 * little towards itself. Does nothing on a day that is not after its last visit.
 * @param own its embedding profile; its group is written there. @param day of event time.
 * @returns the group that speaks about it, as `groupOf`.
 */
export function moveGroup(groups: Int32Array, own: Int32Array, day: number): number {
  if (day + 1 > (own[GROUP_DAY] as number) && (own[LEARNED] as number) >= LEARNED_MIN) {
    own[GROUP_DAY] = day + 1;
    rootsOf(own, PAST_AT, roots);
    const group = chooseGroup(groups, own, day);
    own[GROUP] = group;
    if (group !== WHOLE_HOST) visit(groups, atOf(group), day);
  }
  return groupOf(groups, own, day);
}

/** Whether its one visit ever was its first: what an earlier group in its place taught is void. */
export function isJustFounded(groups: Int32Array, group: number): boolean {
  return group >= 1 && group <= GROUPS_MAX && groups[atOf(group) + MASS] === 1;
}

/** The nearest group if it is near enough, the subject's own unless that is clearly nearer. */
function chooseGroup(groups: Int32Array, own: Int32Array, day: number): number {
  let nearest = WHOLE_HOST;
  let nearestDistance = JOIN_DISTANCE;
  for (let group = 1; group <= GROUPS_MAX; group++) {
    if (groups[atOf(group) + MASS] === 0) continue;
    const stays = group === own[GROUP] ? CHANGE_DISTANCE : 0;
    const distance = distanceTo(groups, atOf(group) + CENTRE) - stays;
    if (distance < nearestDistance) {
      nearest = group;
      nearestDistance = distance;
    }
  }
  return nearest === WHOLE_HOST ? found(groups, day) : nearest;
}

/**
 * A place for a new group: an empty one, or that of a group which nobody visits any more, or whose
 * visitors had eight days to become three and did not.
 */
function found(groups: Int32Array, day: number): number {
  for (let group = 1; group <= GROUPS_MAX; group++) {
    const at = atOf(group);
    const mass = groups[at + MASS] as number;
    const isLonely = mass >= PULL_FIRST && isIdle(groups[at + SPOKE_DAY] as number, day);
    if (mass > 0 && !isLonely && !isIdle(groups[at + DAY] as number, day)) continue;
    groups.fill(0, at, at + GROUP_WORDS);
    return group;
  }
  return WHOLE_HOST;
}

function visit(groups: Int32Array, at: number, day: number): void {
  const latest = groups[at + DAY] as number;
  // Who comes late with a day that is over would be counted twice on the next.
  if (day + 1 < latest && !isIdle(latest, day)) return;
  if (day + 1 !== latest) {
    groups[at + DAY] = day + 1;
    groups[at + VISITS] = 0;
  }
  const visits = (groups[at + VISITS] as number) + 1;
  groups[at + VISITS] = visits;
  if (visits >= MEMBERS_MIN) groups[at + SPOKE_DAY] = groups[at + DAY] as number;
  pull(groups, at);
}

/** A day far ahead is somebody's wrong clock: it must not hold a place for ever. */
function isIdle(latest: number, day: number): boolean {
  return Math.abs(day + 1 - latest) > IDLE_DAYS_MAX;
}

/** Moves the centre and gives it its length again. */
function pull(groups: Int32Array, at: number): void {
  const mass = groups[at + MASS] as number;
  const share = mass === 0 ? 1 : 1 / Math.max(PULL_FIRST, mass);
  for (let i = 0; i < CELLS; i++) {
    const centre = groups[at + CENTRE + i] as number;
    const wish = (roots[i] as number) * UNIT;
    groups[at + CENTRE + i] = Math.round(centre + share * (wish - centre));
  }
  const long = lengthOf(groups, at + CENTRE);
  for (let i = 0; i < CELLS; i++) {
    const centre = groups[at + CENTRE + i] as number;
    groups[at + CENTRE + i] = Math.round((centre / long) * UNIT);
  }
  groups[at + MASS] = Math.min(PULL_LAST, mass + 1);
}

/** One minus the cosine of a centre and the visitor. */
function distanceTo(groups: Int32Array, at: number): number {
  let dot = 0;
  for (let i = 0; i < CELLS; i++) dot += (groups[at + i] as number) * (roots[i] as number);
  return 1 - dot / UNIT;
}

function lengthOf(cells: Int32Array, at: number): number {
  let squares = 0;
  for (let i = 0; i < CELLS; i++) squares += (cells[at + i] as number) ** 2;
  return Math.sqrt(squares) || 1;
}

function atOf(group: number): number {
  return (group - 1) * GROUP_WORDS;
}
