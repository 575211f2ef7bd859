// Failure runs and retries: bets that the attempt after a refused one is refused again.
// Null: after a failure an honest source fails its next attempt, whenever it comes, at most 35 % of
// the time (DESIGN.md 5). Source: own reading of auth logs; people who mistype mostly get in on the
// retry, and a whole office behind one address succeeds far more often than it fails.
// The bet plays q = 0.95 against p = 0.35: a failure wins 4.3 dB, a success costs 11.2 dB, or
// everything when it looks like a remembered password (`isSlip`).

import { binaryBet, lose, stake, win } from "../betting-account.ts";
import type { Observation } from "../observation.ts";
import { type Detector, type DetectorMemory, isSlip, nameOfRun } from "./detector.ts";

export const RETRY_BET = binaryBet(0.35, 0.95);

export const failureRun: Detector = {
  name: "failure-run",
  share: 0.2,
  against: "an honest source fails a retry at most 35 % of the time",

  observe(memory: DetectorMemory, seen: Observation): void {
    if (seen.outcome === "succeeded") {
      if (memory.chain > 0) lose(memory, isSlip(memory, seen) ? 0 : RETRY_BET.lose);
      memory.chain = 0;
      return;
    }
    if (!seen.isRefused) return;
    if (memory.chain > 0) win(memory, RETRY_BET.win, seen.timeMs);
    memory.mark = nameOfRun(memory, seen);
    memory.chain++;
    stake(memory, seen.timeMs);
  },

  describe(memory: DetectorMemory): string {
    return `failuresInARow=${memory.chain} retriesFailed=${memory.wins}`;
  },
};
