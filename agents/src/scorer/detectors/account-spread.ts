// Spread over accounts: bets that a source which has failed on one account fails on another next. A
// step is a success, or a failure on an account that has not failed from this source today; a
// repeated failure on the same account is no step (failure-run speaks about it).
// Null: after a failure, the day's next step of an honest source is a failure at most 20 % of the
// time. Source: own reading of auth logs; holds for a shared address too as long as its people
// mostly get in. The bet plays q = 0.9 against p = 0.2: 6.5 dB a new account, a success costs 9 dB.

import { binaryBet, lose, stake, win } from "../betting-account.ts";
import type { Observation } from "../observation.ts";
import type { Detector, DetectorMemory } from "./detector.ts";

export const STEP_BET = binaryBet(0.2, 0.9);

/** Names remembered a day. When full, no failure is new any more: the bet stops, it is long won. */
export const NAMES_MAX = 32;

export const accountSpread: Detector = {
  name: "account-spread",
  share: 0.16,
  against:
    "after a failure the next step of an honest source " +
    "fails on a further account at most 20 % of the time",

  observe(memory: DetectorMemory, seen: Observation): void {
    if (seen.outcome === "succeeded") {
      if (memory.chain > 0) lose(memory, STEP_BET.lose);
      memory.chain = 0;
      return;
    }
    if (!seen.isRefused || seen.nameHash === 0 || memory.names.length >= NAMES_MAX) return;
    if (memory.names.includes(seen.nameHash)) return;
    // The names are today's, so yesterday's run ends with its day, unsettled.
    if (memory.names.length === 0) memory.chain = 0;
    memory.names = [...memory.names, seen.nameHash];
    if (memory.chain > 0) win(memory, STEP_BET.win, seen.timeMs);
    memory.chain++;
    stake(memory, seen.timeMs);
  },

  describe(memory: DetectorMemory): string {
    return `accountsFailedToday=${memory.names.length} furtherAccountsInARow=${memory.chain}`;
  },
};
