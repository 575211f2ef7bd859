// What the members of one peer group have shown, and how many they are: one array of numbers a
// group, 9 kB whatever the traffic, of which a snapshot is a copy. Owns the fingerprints, the
// counts of Good and Turing, and the count of members. Must never learn who a member is: a bit that
// he shares with others is all that is kept of him.
//
// A value is a fingerprint of 15 bits in a set of eight, in which what was used longest ago goes
// first: 2,048 resources and 512 of each other facet. Taken for known by chance is one new value in
// 4,096 at most. Members are counted by the share of bits that are still 0 (Whang, Vander-Zanden
// and Taylor 1990), over this generation of 30 days and the one before.

import { spreadHash } from "../spread-hash.ts";
import { FACETS } from "./facets.ts";

/**
 * Facets that a group can know, by their place in FACETS. An account's name and its device are its
 * own: peers say nothing about them.
 */
export const GROUP_FACETS: readonly number[] = [
  FACETS.indexOf("Network"),
  FACETS.indexOf("Country"),
  FACETS.indexOf("Agent"),
  FACETS.indexOf("Process"),
  FACETS.indexOf("Resource"),
  FACETS.indexOf("Action"),
];

/** Sets of eight of each facet, powers of two: resources are many. */
const SETS_OF = [64, 64, 64, 64, 256, 64] as const;
const WAYS = 8;
const SET_WORDS = WAYS / 2;
/** At so many trials a facet's counts are halved: the last 2,048 to 4,096 weigh. */
const TRIALS_MAX = 4_096;
const GENERATION_DAYS = 30;
const MEMBER_BITS = 512;
const MEMBER_WORDS = MEMBER_BITS / 32;

// The head: which group this is, its members, the day its generation began, which of the two it is,
// then trials and things seen just once, of each facet in turn.
const ID = 0;
const MEMBERS = 1;
const BEGAN_DAY = 2;
const GENERATION = 3;
const COUNTS_AT = 4;
const MEMBERS_AT = COUNTS_AT + 2 * GROUP_FACETS.length;
const SETS_AT = MEMBERS_AT + 2 * MEMBER_WORDS;
const FIRST_SET = SETS_OF.map((_, i) => SETS_OF.slice(0, i).reduce<number>((a, b) => a + b, 0));
const SETS = SETS_OF.reduce<number>((sum, sets) => sum + sets, 0);

/** 32-bit words of a group's sketch. */
export const SKETCH_WORDS = SETS_AT + SETS * SET_WORDS;

/** Tells a group from another that takes its place later; 0 while nobody has taught it. */
export function idOf(sketch: Int32Array): number {
  return sketch[ID] as number;
}

/** How many have taught it, in the last 30 to 60 days of event time. */
export function membersOf(sketch: Int32Array): number {
  return sketch[MEMBERS] as number;
}

/** @param i place in GROUP_FACETS, here and below. */
export function trialsOf(sketch: Int32Array, i: number): number {
  return sketch[COUNTS_AT + 2 * i] as number;
}

/** Chance that the next trial is new: things seen just once over trials (Good 1953), never 0. */
export function chanceOfNew(sketch: Int32Array, i: number): number {
  const once = sketch[COUNTS_AT + 2 * i + 1] as number;
  return (once + 0.5) / (trialsOf(sketch, i) + 1);
}

export function isNewToGroup(sketch: Int32Array, i: number, hash: number): boolean {
  return wayOf(sketch, i, hash) < 0;
}

/** Takes a value that a member showed into the past. */
export function takeTrial(sketch: Int32Array, i: number, hash: number): void {
  const way = wayOf(sketch, i, hash);
  const at = COUNTS_AT + 2 * i;
  let trials = trialsOf(sketch, i) + 1;
  let once = sketch[at + 1] as number;
  if (way < 0) once++;
  else if (fieldAt(sketch, setAt(i, hash), way) % 2 === 1) once = Math.max(0, once - 1);
  moveToFront(sketch, setAt(i, hash), way, printOf(hash) * 2 + (way < 0 ? 1 : 0));
  if (trials >= TRIALS_MAX) {
    trials >>= 1;
    once >>= 1;
  }
  sketch[at] = trials;
  sketch[at + 1] = once;
}

/**
 * Counts a member on a day that it teaches; the first of all gives the group its id.
 * @param member hash of its name. @param day of event time.
 */
export function countMember(sketch: Int32Array, member: number, day: number): void {
  if (sketch[ID] === 0) {
    sketch[ID] = (Math.imul(spreadHash(member), 31) + day) | 1;
    sketch[BEGAN_DAY] = day;
  }
  const age = day - (sketch[BEGAN_DAY] as number);
  if (age >= GENERATION_DAYS) {
    sketch[GENERATION] = 1 - ((sketch[GENERATION] as number) & 1);
    const from = MEMBERS_AT + (sketch[GENERATION] as number) * MEMBER_WORDS;
    // Who was gone for so long has left both generations.
    if (age >= 2 * GENERATION_DAYS) sketch.fill(0, MEMBERS_AT, SETS_AT);
    else sketch.fill(0, from, from + MEMBER_WORDS);
  }
  // A day far ahead was somebody's wrong clock: it must not keep a generation for ever.
  if (age >= GENERATION_DAYS || age <= -GENERATION_DAYS) sketch[BEGAN_DAY] = day;
  const bit = spreadHash(member) >>> 23;
  const generation = (sketch[GENERATION] as number) & 1;
  const word = MEMBERS_AT + generation * MEMBER_WORDS + (bit >> 5);
  sketch[word] = (sketch[word] as number) | (1 << (bit & 31));
  sketch[MEMBERS] = estimateMembers(sketch);
}

function estimateMembers(sketch: Int32Array): number {
  let empty = MEMBER_BITS;
  for (let i = MEMBERS_AT; i < MEMBERS_AT + MEMBER_WORDS; i++) {
    let bits = (sketch[i] as number) | (sketch[i + MEMBER_WORDS] as number);
    for (; bits !== 0; bits &= bits - 1) empty--;
  }
  return Math.round(-MEMBER_BITS * Math.log(Math.max(1, empty) / MEMBER_BITS));
}

/** 15 bits, never 0. */
function printOf(hash: number): number {
  return spreadHash(hash) >>> 17 || 1;
}

/** First word of the set that a value belongs in: by bits that its fingerprint has not. */
function setAt(i: number, hash: number): number {
  const set = (spreadHash(hash) >>> 9) & ((SETS_OF[i] as number) - 1);
  return SETS_AT + ((FIRST_SET[i] as number) + set) * SET_WORDS;
}

/** Place of a value in its set, -1 when it is not there. */
function wayOf(sketch: Int32Array, i: number, hash: number): number {
  const from = setAt(i, hash);
  const print = printOf(hash);
  for (let way = 0; way < WAYS; way++) {
    if (fieldAt(sketch, from, way) >> 1 === print) return way;
  }
  return -1;
}

function fieldAt(sketch: Int32Array, from: number, way: number): number {
  return ((sketch[from + (way >> 1)] as number) >>> (16 * (way & 1))) & 0xffff;
}

function setField(sketch: Int32Array, from: number, way: number, field: number): void {
  const shift = 16 * (way & 1);
  const kept = (sketch[from + (way >> 1)] as number) & ~(0xffff << shift);
  sketch[from + (way >> 1)] = kept | (field << shift);
}

function moveToFront(sketch: Int32Array, from: number, way: number, field: number): void {
  for (let i = way < 0 ? WAYS - 1 : way; i > 0; i--) {
    setField(sketch, from, i, fieldAt(sketch, from, i - 1));
  }
  setField(sketch, from, 0, field);
}
