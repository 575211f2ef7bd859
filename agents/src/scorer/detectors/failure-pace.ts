// Speed of failures, at three paces: bets that a source which fails fast goes on failing fast.
// Null, burst: once a failed guess has followed within a second, an honest source follows with
// another within a second at most 4 % of the time. Nobody types a password and is answered in that
// time; what does is a form sent twice, or a saved password that is tried again by a keypress.
// Null, fast: once two failed guesses have each followed within 5 s, an honest source follows with
// another within 5 s at most 10 % of the time. An ssh client prompts three times (OpenSSH
// NumberOfPasswordPrompts), so a person must then reconnect and type again, past PAM's own delay.
// Null, quick: the same within 60 s at most 20 % of the time (retry fails <= 35 %, and after three
// refusals keeps that pace <= 57 %). A slower failure loses the bet and so does any success, for
// the sake of shared addresses; one that looks like a remembered password costs all (`isSlip`).
// A line that folds repeats has no times of its own: only if all of it fits the pace does it win.

import { type BinaryBet, binaryBet, lose, stake, win } from "../betting-account.ts";
import type { Observation } from "../observation.ts";
import { type Detector, type DetectorMemory, isSlip, nameOfRun } from "./detector.ts";

export const BURST_BET = binaryBet(0.04, 0.9);
export const FAST_BET = binaryBet(0.1, 0.95);
export const QUICK_BET = binaryBet(0.2, 0.95);

export const failurePaceBurst = openPace({
  name: "failure-pace-burst",
  share: 0.16,
  paceMs: 1_000,
  gapsBeforeStake: 1,
  bet: BURST_BET,
});
export const failurePaceFast = openPace({
  name: "failure-pace-fast",
  share: 0.16,
  paceMs: 5_000,
  gapsBeforeStake: 2,
  bet: FAST_BET,
});
export const failurePaceQuick = openPace({
  name: "failure-pace-quick",
  share: 0.12,
  paceMs: 60_000,
  gapsBeforeStake: 2,
  bet: QUICK_BET,
});

interface Pace {
  readonly name: string;
  readonly share: number;
  /** Longest gap that still keeps the pace. */
  readonly paceMs: number;
  /** Paced gaps in a row before the first stake. */
  readonly gapsBeforeStake: number;
  readonly bet: BinaryBet;
}

function openPace({ name, share, paceMs, gapsBeforeStake, bet }: Pace): Detector {
  const pace = `${paceMs / 1000} s`;
  function onSuccess(memory: DetectorMemory, seen: Observation): void {
    if (memory.chain >= gapsBeforeStake) lose(memory, isSlip(memory, seen) ? 0 : bet.lose);
    memory.chain = 0;
  }

  return {
    name,
    share,
    against:
      `after ${gapsBeforeStake + 1} failures no more than ${pace} apart an honest source ` +
      `fails again within ${pace} at most ${Math.round(bet.ceiling * 100)} % of the time`,

    observe(memory: DetectorMemory, seen: Observation): void {
      if (seen.outcome === "succeeded") {
        onSuccess(memory, seen);
        return;
      }
      if (!seen.isRefused || seen.isLate) return;
      const isPaced = seen.gapMs <= paceMs;
      if (seen.isRepeat && !isPaced) return;
      if (memory.chain >= gapsBeforeStake) {
        if (isPaced) win(memory, bet.win, seen.timeMs);
        else lose(memory, bet.lose);
      }
      memory.chain = isPaced ? memory.chain : 0;
      memory.mark = nameOfRun(memory, seen);
      if (isPaced) memory.chain++;
      if (memory.chain >= gapsBeforeStake) stake(memory, seen.timeMs);
    },

    describe(memory: DetectorMemory): string {
      return `pacedFailures=${memory.chain + 1} paceMs=${paceMs} betsWon=${memory.wins}`;
    },
  };
}
