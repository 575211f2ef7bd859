// Something an account has not done on its last 30 active days or more, and does now. One bet a
// subject-day, and none again before another 30 days. Owns the count of quiet days. Must never bet
// on an account that it does not know for so long.
//
// Null: such a first time comes on at most 2 % of the days of honest accounts that qualify. By the
// rule of succession a run of 30 days without supports 1/32; the declared class is the accounts for
// which it is rarer, half of what 100 quiet subject-days support (3/N).

import { binaryBet } from "../betting-account.ts";
import type { Observation } from "../observation.ts";
import { layDayBet, raiseDayBet } from "./day-bet.ts";
import type { Detector, DetectorMemory } from "./detector.ts";

export const FIRST_TIME_BET = binaryBet(0.02, 0.9);
/** Active days without it, before any bet. */
export const QUIET_DAYS_MIN = 30;

/** `names` of a day that has begun: whether its bet still runs. */
const RUNNING: readonly number[] = [0];
const OVER: readonly number[] = [1];

export interface FirstTime {
  readonly name: string;
  readonly share: number;
  readonly against: string;
  /** Key of the count in `describe`. */
  readonly counted: string;
  /** 1 the observation is of the usual kind, -1 it is the first time, 0 it does not tell. */
  readonly speaks: (seen: Observation) => -1 | 0 | 1;
}

export function openFirstAfterDays(of: FirstTime): Detector {
  return {
    name: of.name,
    share: of.share,
    against: of.against,

    observe(memory: DetectorMemory, seen: Observation): void {
      if (seen.outcome !== "succeeded" && seen.outcome !== "acted") return;
      const word = of.speaks(seen);
      if (word === 0) return;
      if (memory.names.length === 0) {
        const isBet = memory.mark >= QUIET_DAYS_MIN && memory.starts === 0;
        if (isBet) layDayBet(memory, FIRST_TIME_BET.lose, seen.timeMs);
        memory.names = isBet ? RUNNING : OVER;
        memory.mark = Math.min(memory.mark + 1, 1_000_000);
      }
      if (word > 0) return;
      if (memory.names[0] === 0) {
        raiseDayBet(memory, FIRST_TIME_BET.lose, FIRST_TIME_BET.win, seen.timeMs);
      }
      memory.names = OVER;
      memory.mark = 0;
    },

    describe(memory: DetectorMemory): string {
      return `${of.counted}=${memory.wins} quietDaysBefore>=${QUIET_DAYS_MIN}`;
    },
  };
}
