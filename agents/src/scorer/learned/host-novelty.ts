// First times for the whole host: what nobody vouched for has shown here before. Owns one cell that
// says which facets were spoken of today. Must never look into the sketch itself: the observation
// brings what it says (host-sketch.ts, where the estimate and its source stand).

import { describeFacets } from "./facets.ts";
import type { LearnedDetector } from "./learned-detector.ts";
import { NOTED, SPOKEN, todaysMask, withMask } from "./spoken-today.ts";
import { inEighths } from "./steps.ts";

export const hostNovelty: LearnedDetector = {
  name: "host-novelty",
  share: 0.08,
  follows: ["source", "actor"],
  against: "what it shows has been seen on this host before",
  width: 1,

  strangeness(cells, at, seen) {
    const today = cells[at] as number;
    const isFirst = todaysMask(today, seen.timeMs, NOTED) === 0;
    const fresh = seen.hostNewMask & ~todaysMask(today, seen.timeMs, SPOKEN);
    if (!isFirst && fresh === 0) return Number.NaN;
    return fresh === 0 ? 0 : inEighths(seen.hostNewBits);
  },

  note(cells, at, seen) {
    const noted = withMask(cells[at] as number, seen.timeMs, NOTED, 1);
    cells[at] = withMask(noted, seen.timeMs, SPOKEN, seen.hostNewMask);
  },

  learn() {
    // The host learns, not the subject.
  },

  describe(_cells, _at, seen) {
    return `host: ${describeFacets(seen.hostNewMask)}`;
  },
};
