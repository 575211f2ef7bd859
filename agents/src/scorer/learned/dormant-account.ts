// An account that comes back after a long silence. Owns the day of its last activity. Must never
// speak twice on one day.
//
// Expected: the account stays away for about as long as it has stayed away before. Strangeness is
// the number of days since its last active day, told on the first event of a day, so it is ranked
// among the account's own absences: weekends and holidays are in them. Source: dormant accounts as
// an entry are old advice (MITRE ATT&CK T1078, valid accounts); no model is assumed.
// Poisoning: an absence is made usual only by being away; n returns after k days make k days rank
// as one in n+1, so it costs whoever tries n·k days.

import type { LearnedDetector } from "./learned-detector.ts";

const DAY_MS = 86_400_000;

export const dormantAccount: LearnedDetector = {
  name: "dormant-account",
  share: 0.08,
  follows: ["actor"],
  against: "it is not away for longer than it has been before",
  width: 1,

  strangeness(cells, at, seen) {
    const away = daysAway(cells, at, seen.timeMs);
    return away > 0 ? away : Number.NaN;
  },

  note(cells, at, seen) {
    const day = Math.floor(seen.timeMs / DAY_MS) + 1;
    if (Number.isFinite(day) && day > (cells[at] as number)) cells[at] = day;
  },

  learn() {
    // What is remembered is when it was seen last, which is noted whoever it was.
  },

  describe(cells, at, seen) {
    const away = daysAway(cells, at, seen.timeMs);
    return `daysSinceLastActiveDay=${away > 0 ? away : 0}`;
  },
};

/** NaN before the first activity. */
function daysAway(cells: Float64Array, at: number, timeMs: number): number {
  const last = cells[at] as number;
  if (!(last > 0 && Number.isFinite(timeMs))) return Number.NaN;
  return Math.floor(timeMs / DAY_MS) + 1 - last;
}
