// Learned evidence on one source: which account and method it logs in with, and when in the week.
// Conformal ranks over its own past logins: 10·log10((n+1)/(strange+1)) dB, so n logins can say at most
// 10·log10(n+1) and a newcomer says nothing. Its share of the budget is zero: it ranks and explains,
// and must never touch a declared account (DESIGN.md 5, kinds). Only a success teaches.

import type { Observation } from "../observation.ts";

const KNOWN_NAMES_MAX = 16;
const BUCKET_MS = 6 * 3_600_000;
const BUCKETS = 28;
const COUNT_MAX = 1_000_000;

/** Memory of one source: numbers only. */
export interface LoginHabit {
  logins: number;
  /** Past logins that were new when they came. */
  novel: number;
  readonly names: number[];
  /** Past logins by quarter of day and day of week; empty until the first login. */
  readonly week: number[];
  /** The strangest attempt since the last reset, in mdB, per detector, and when. */
  noveltyMdb: number;
  weekMdb: number;
  noveltyAtMs: number;
  weekAtMs: number;
}

export function openLoginHabit(): LoginHabit {
  return {
    logins: 0,
    novel: 0,
    names: [],
    week: [],
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
  const bucket = Math.floor(seen.timeMs / BUCKET_MS) % BUCKETS;
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
  if (habit.week.length === 0) for (let i = 0; i < BUCKETS; i++) habit.week.push(0);
  habit.week[bucket] = (habit.week[bucket] ?? 0) + 1;
  if (!isNovel) return;
  habit.novel++;
  habit.names.push(name);
  if (habit.names.length > KNOWN_NAMES_MAX) habit.names.shift();
}

/** Forgets what was strange, not what was learned. */
export function resetHabitRanks(habit: LoginHabit): void {
  habit.noveltyMdb = 0;
  habit.weekMdb = 0;
}
