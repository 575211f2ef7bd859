// Threat intelligence: something of the event stands on a list that was given to this host. One bet
// a subject-day, its stake divided evenly over the lists. Owns the bet; what a list holds and
// whether it is still good is the book's (intel/). Must never bet on the same subject again within
// 30 days: who stood there yesterday stands there today, honest or not.
//
// Null: an honest subject that has not been on any list for 30 days is named by a list on at most
// the share of its days that the configuration declares for it (1 % unless told). With one list
// at 1 % and a tenth of the bankroll a hit is worth 6 dB; a list that hits nobody honest in 30,000
// subject-days may be declared at 0.01 % (3/N) and is then worth 26 dB.

import { binaryBet } from "../betting-account.ts";
import type { Observation } from "../observation.ts";
import { layDayBet, raiseDayBet } from "./day-bet.ts";
import type { Detector, DetectorMemory } from "./detector.ts";

const DAY_MS = 86_400_000;
const QUIET_DAYS = 30;
const ALTERNATIVE = 0.9;
/** A bit each in `Observation.intelMask`. */
export const INTEL_LISTS_MAX = 16;

export interface DeclaredList {
  readonly name: string;
  /** Largest share of an honest subject's days on which the list names it. */
  readonly ceiling: number;
}

/** @throws RangeError on no list, too many, or a ceiling outside 0 to 0.5. */
export function openIntelHit(lists: readonly DeclaredList[]): Detector {
  if (lists.length === 0 || lists.length > INTEL_LISTS_MAX) {
    throw new RangeError(`intelligence needs 1 to ${INTEL_LISTS_MAX} lists, not ${lists.length}`);
  }
  for (const { name, ceiling } of lists) {
    if (ceiling > 0 && ceiling <= 0.5) continue;
    throw new RangeError(`list ${name} needs a ceiling above 0 and up to 0.5, not ${ceiling}`);
  }
  const bets = lists.map(({ ceiling }) => binaryBet(ceiling, ALTERNATIVE));
  /** What the day's stake is worth when these lists have hit, each a bit. */
  const factorOf = (mask: number): number => {
    let factor = 0;
    for (let i = 0; i < bets.length; i++) {
      const bet = bets[i] as (typeof bets)[number];
      factor += ((mask >> i) & 1) === 1 ? bet.win : bet.lose;
    }
    return factor / bets.length;
  };
  const all = 2 ** lists.length - 1;
  return {
    name: "intel-hit",
    share: 0.1,
    against: againstOf(lists),

    observe(memory: DetectorMemory, seen: Observation): void {
      const day = Math.floor(seen.timeMs / DAY_MS) + 1;
      if (memory.names.length === 0) {
        const isQuiet = memory.mark === 0 || day - memory.mark > QUIET_DAYS;
        const isBet = isQuiet && memory.starts === 0;
        if (isBet) layDayBet(memory, factorOf(0), seen.timeMs);
        memory.names = isBet ? RUNNING : OVER;
      }
      const mask = seen.intelMask & all;
      if (mask === 0) return;
      memory.mark = day;
      const before = memory.names[1];
      if (before === undefined || (mask & ~before) === 0) return;
      memory.names = [1, before | mask];
      raiseDayBet(memory, factorOf(before), factorOf(before | mask), seen.timeMs);
    },

    describe(memory: DetectorMemory): string {
      const mask = memory.names[1] ?? 0;
      return `listsToday=${countOf(mask)} hits=${memory.wins} ofLists=${lists.length}`;
    },
  };
}

/** `names` of a day that has begun: with a mask of the lists that have hit while its bet runs. */
const RUNNING: readonly number[] = [1, 0];
const OVER: readonly number[] = [0];

function countOf(mask: number): number {
  let count = 0;
  for (let rest = mask; rest > 0; rest &= rest - 1) count++;
  return count;
}

function againstOf(lists: readonly DeclaredList[]): string {
  const named = lists
    .slice(0, 4)
    .map(({ name, ceiling }) => `${name} ${Math.round(ceiling * 1e6) / 1e4} %`);
  const more = lists.length > 4 ? ` and ${lists.length - 4} more` : "";
  return `a list names an honest subject on few of its days: at most ${named.join(", ")}${more}`;
}
