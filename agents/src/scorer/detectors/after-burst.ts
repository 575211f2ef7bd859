// A success after a burst: the declared rule about the session and the account that got in while
// their source was under a local lease (DESIGN.md 5, "right subject"). One bet a subject-day.
// Null: such a login befalls an honest account on at most 1 % of its days, which is what 300 quiet
// subject-days support (3/N). Half the day's bankroll is bet at the day's first login and counted
// as lost until it is won, so it is worth 16 dB at most: it ranks and explains an account, and
// reaches no default line by itself. A failed login never bets here.

import { binaryBet, lose, stake } from "../betting-account.ts";
import type { Observation } from "../observation.ts";
import type { Detector, DetectorMemory } from "./detector.ts";

export const AFTER_BURST_BET = binaryBet(0.01, 0.9);

export const afterBurst: Detector = {
  name: "after-burst",
  share: 1,
  against: "an honest account logs in from a source under a lease on at most 1 % of its days",

  observe(memory: DetectorMemory, seen: Observation): void {
    if (seen.outcome !== "succeeded") return;
    if (memory.starts === 0) {
      stake(memory, seen.timeMs);
      lose(memory, AFTER_BURST_BET.lose);
      memory.chain = 0;
    }
    if (!seen.isSourceLeased || memory.chain > 0) return;
    memory.chain = 1;
    // The day's one bet was counted as lost; now it is won, so what it paid is put right.
    const won = DAY_STAKE * AFTER_BURST_BET.win;
    memory.today = won;
    if (memory.open === 0) memory.fromMs = seen.timeMs;
    memory.open += won;
    memory.staked += DAY_STAKE;
    memory.wins++;
    memory.toMs = seen.timeMs;
  },

  describe(memory: DetectorMemory): string {
    return `daysWithLoginFromLeasedSource=${memory.wins}`;
  },
};

/** The first start of a day (see betting-account). */
const DAY_STAKE = 0.5;
