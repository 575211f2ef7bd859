// Time of the week: how unusual it is for this subject to be active at this hour. Owns a count of
// active hours by hour of the week. Must never count a busy hour more than once, nor speak about
// one hour twice: it is the subject's choice to be there that is unusual, not each of its events.
//
// Expected: hours are drawn from the subject's own week, smoothed with their neighbours, backed off
// to the hour of a working day or weekend day, and that to all hours alike. Surprise in bits.
// Source: additive smoothing with interpolated back-off (Jelinek and Mercer 1980) and a triangular
// kernel. UTC: a change to summer time moves a week by one hour, which the neighbours absorb.
// Poisoning: one active hour a week and hour is all that teaches. Who works 40 hours a week and has
// somebody come in at three each Tuesday night finds it usual after 11 weeks (the test plays it).

import type { Observation } from "../observation.ts";
import type { LearnedDetector } from "./learned-detector.ts";
import { cellsFor, fieldAt, openPacking, setField } from "./packed-counts.ts";
import { inQuarters } from "./steps.ts";

const HOUR_MS = 3_600_000;
const HOURS = 168;
const WEEKEND_DAYS = 2;
const WORKING_DAYS = 5;
/** Day 0 is a Thursday. */
const SATURDAY = 2;
const SUNDAY = 3;

/** 15 weeks of an hour before all counts are halved: a habit of a season ago weighs little. */
const WEEK = openPacking(4);
const SUMS = openPacking(16);
const WEEK_CELLS = cellsFor(WEEK, HOURS);
const SUMS_AT = WEEK_CELLS;
const NOTED_AT = WEEK_CELLS + 1;
const CLOSED_AT = WEEK_CELLS + 2;
const ALL = 0;
const WEEKEND = 1;

/** Active hours before anything is said; a job of once a week keeps so many when it is halved. */
const HOURS_MIN = 8;
/** Active hours that the back-off weighs as much as. */
const BACKOFF_WEIGHT = 8;

export const season: LearnedDetector = {
  name: "season",
  share: 0.12,
  follows: ["source", "actor"],
  against: "it is active at its usual hours of the week",
  width: WEEK_CELLS + 3,

  strangeness(cells, at, seen) {
    if (!isHour(seen) || cells[at + NOTED_AT] === markOf(seen)) return Number.NaN;
    if (fieldAt(SUMS, cells, at + SUMS_AT, ALL) < HOURS_MIN) return Number.NaN;
    return inQuarters(-Math.log2(chanceOf(cells, at, seen.hourOfWeek)));
  },

  note(cells, at, seen) {
    if (!isHour(seen)) return;
    // Only the event that was spoken about may teach: the next one closes the hour.
    if (cells[at + NOTED_AT] === markOf(seen)) cells[at + CLOSED_AT] = markOf(seen);
    else cells[at + NOTED_AT] = markOf(seen);
  },

  learn(cells, at, seen) {
    if (!isHour(seen) || cells[at + CLOSED_AT] === markOf(seen)) return;
    cells[at + CLOSED_AT] = markOf(seen);
    if (fieldAt(WEEK, cells, at, seen.hourOfWeek) >= WEEK.max) halve(cells, at);
    add(cells, at, seen.hourOfWeek, 1);
  },

  describe(cells, at, seen) {
    const all = fieldAt(SUMS, cells, at + SUMS_AT, ALL);
    if (!isHour(seen)) return `pastHours=${all}`;
    const here = fieldAt(WEEK, cells, at, seen.hourOfWeek);
    return `utcHourFromThursday=${seen.hourOfWeek} pastHoursHere=${here} pastHours=${all}`;
  },
};

function isHour({ hourOfWeek, timeMs }: Observation): boolean {
  const isInWeek = Number.isInteger(hourOfWeek) && hourOfWeek >= 0 && hourOfWeek < HOURS;
  return isInWeek && Number.isFinite(timeMs) && timeMs >= 0;
}

/** The hour since the epoch, plus one: 0 is a new row. */
function markOf({ timeMs }: Observation): number {
  return Math.floor(timeMs / HOUR_MS) + 1;
}

function isWeekend(day: number): boolean {
  return day === SATURDAY || day === SUNDAY;
}

/** Chance of the hour among the 168 of a week; all of them add to 1. */
function chanceOf(cells: Float64Array, at: number, hour: number): number {
  const day = Math.floor(hour / 24);
  const hourOfDay = hour % 24;
  const isFree = isWeekend(day);
  const days = isFree ? WEEKEND_DAYS : WORKING_DAYS;
  const all = fieldAt(SUMS, cells, at + SUMS_AT, ALL);
  const weekend = fieldAt(SUMS, cells, at + SUMS_AT, WEEKEND);
  const inClass = isFree ? weekend : Math.max(0, all - weekend);
  let atHour = 0;
  for (let d = 0; d < 7; d++) {
    if (isWeekend(d) === isFree) atHour += smoothDay(cells, at, d, hourOfDay);
  }
  const chanceOfClass = (inClass + days / 7) / (all + 1);
  const chanceInClass = (atHour + BACKOFF_WEIGHT / 24) / (inClass + BACKOFF_WEIGHT);
  const backoff = (chanceOfClass * chanceInClass) / days;
  return (smoothWeek(cells, at, hour) + BACKOFF_WEIGHT * backoff) / (all + BACKOFF_WEIGHT);
}

/** The hour's count with its neighbours', round the week. */
function smoothWeek(cells: Float64Array, at: number, hour: number): number {
  const before = fieldAt(WEEK, cells, at, (hour + HOURS - 1) % HOURS);
  const after = fieldAt(WEEK, cells, at, (hour + 1) % HOURS);
  return (before + 2 * fieldAt(WEEK, cells, at, hour) + after) / 4;
}

/** The same, round one day, so that a class of days keeps its hours. */
function smoothDay(cells: Float64Array, at: number, day: number, hourOfDay: number): number {
  const from = day * 24;
  const before = fieldAt(WEEK, cells, at, from + ((hourOfDay + 23) % 24));
  const after = fieldAt(WEEK, cells, at, from + ((hourOfDay + 1) % 24));
  return (before + 2 * fieldAt(WEEK, cells, at, from + hourOfDay) + after) / 4;
}

function add(cells: Float64Array, at: number, hour: number, count: number): void {
  setField(WEEK, cells, at, hour, fieldAt(WEEK, cells, at, hour) + count);
  const sums = at + SUMS_AT;
  setField(SUMS, cells, sums, ALL, fieldAt(SUMS, cells, sums, ALL) + count);
  if (!isWeekend(Math.floor(hour / 24))) return;
  setField(SUMS, cells, sums, WEEKEND, fieldAt(SUMS, cells, sums, WEEKEND) + count);
}

function halve(cells: Float64Array, at: number): void {
  cells[at + SUMS_AT] = 0;
  for (let hour = 0; hour < HOURS; hour++) {
    const half = fieldAt(WEEK, cells, at, hour) >> 1;
    setField(WEEK, cells, at, hour, 0);
    add(cells, at, hour, half);
  }
}
