// Learned evidence on one source: which account and method it logs in with, and when in the week.
// Conformal ranks over its own past logins: 10·log10((n+1)/(strange+1)) dB, so n logins can say at
// most 10·log10(n+1) and a newcomer says nothing. Its share of the budget is zero: it ranks and
// explains, and must never touch a declared account (DESIGN.md 5, kinds). Only a success teaches.

import type { Observation } from "../observation.ts";
import { NO_NAMES } from "./detector.ts";

const KNOWN_NAMES_MAX = 16;
/** Quarters of a day, on working days and on weekends. */
const BUCKET_MS = 6 * 3_600_000;
const BUCKETS = 8;
const COUNT_MAX = 1_000_000;
const EMPTY_WEEK: readonly number[] = new Array<number>(BUCKETS).fill(0);

/** Memory of one source: numbers only. */
export interface LoginHabit {
  logins: number;
  /** Past logins that were new when they came. */
  novel: number;
  /** Replaced, never changed in place, like `week`. */
  names: readonly number[];
  /** Past logins by quarter of day and kind of day (UTC); empty until the first login. */
  week: readonly number[];
  /** The strangest attempt of the day since the last reset, in mdB, per detector, and when. */
  noveltyMdb: number;
  weekMdb: number;
  noveltyAtMs: number;
  weekAtMs: number;
}

export function openLoginHabit(): LoginHabit {
  return {
    logins: 0,
    novel: 0,
    names: NO_NAMES,
    week: NO_NAMES,
    noveltyMdb: 0,
    weekMdb: 0,
    noveltyAtMs: 0,
    weekAtMs: 0,
  };
}

/** Scores the attempt against the past, then learns from it if it succeeded. */
export function observeHabit(habit: LoginHabit, seen: Observation, methodHash: number): void {
  if (seen.outcome !== "failed" && seen.outcome !== "succeeded") return;
  const name = (seen.nameHash ^ Math.imul(methodHash, 0x9e3779b1)) | 0;
  const bucket = bucketOf(seen.timeMs);
  const isNovel = !habit.names.includes(name);
  if (habit.logins > 0) rank(habit, isNovel, bucket, seen.timeMs);
  if (seen.outcome === "succeeded") learn(habit, isNovel, name, bucket);
}

function rank(habit: LoginHabit, isNovel: boolean, bucket: number, timeMs: number): void {
  const n = habit.logins;
  if (isNovel) {
    const mdb = rankMdb(n, habit.novel);
    if (mdb > habit.noveltyMdb) {
      habit.noveltyMdb = mdb;
      habit.noveltyAtMs = timeMs;
    }
  }
  const here = habit.week[bucket] ?? 0;
  let asStrange = 0;
  for (const count of habit.week) if (count <= here) asStrange += count;
  const mdb = rankMdb(n, asStrange);
  if (mdb > habit.weekMdb) {
    habit.weekMdb = mdb;
    habit.weekAtMs = timeMs;
  }
}

/** Conformal rank in mdB, rounded down: the share of the past at least as strange, ties with it. */
export function rankMdb(past: number, asStrange: number): number {
  return Math.max(0, Math.floor(10_000 * Math.log10((past + 1) / (asStrange + 1))));
}

function learn(habit: LoginHabit, isNovel: boolean, name: number, bucket: number): void {
  if (habit.logins >= COUNT_MAX) return;
  habit.logins++;
  const week = habit.week.length === 0 ? EMPTY_WEEK : habit.week;
  habit.week = week.with(bucket, (week[bucket] as number) + 1);
  if (!isNovel) return;
  habit.novel++;
  habit.names = [...habit.names.slice(1 - KNOWN_NAMES_MAX), name];
}

function bucketOf(timeMs: number): number {
  const quarter = Math.floor(timeMs / BUCKET_MS);
  // Day 0 was a Thursday, so days 2 and 3 of each week counted from it are the weekend.
  const day = Math.floor(quarter / 4) % 7;
  return (quarter % 4) + (day === 2 || day === 3 ? 4 : 0);
}

/** Forgets what was strange, not what was learned. */
export function resetHabitRanks(habit: LoginHabit): void {
  habit.noveltyMdb = 0;
  habit.weekMdb = 0;
}
