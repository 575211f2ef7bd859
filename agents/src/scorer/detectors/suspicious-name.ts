// Invalid and root accounts: bets that a source goes on naming accounts that do not exist, or
// root's, and being refused. Null: the first attempt of a source's day is refused under such a name
// at most 10 % of the time. After one, the next attempt repeats the same name at most 50 % (a
// person who mistyped it is prompted three times), from the fourth on 25 %, and another such name
// at most 10 %.
// Source: own reading of auth logs. The name is a fact about the source that typed it, never about
// the account. Bets over three outcomes: factors q_i/p_i, expectation 1 at the ceilings, at most 1
// below them because the honest outcome pays least.

import { binaryBet, lose, stake, win } from "../betting-account.ts";
import type { Observation } from "../observation.ts";
import type { Detector, DetectorMemory } from "./detector.ts";

export interface NameBet {
  readonly sameCeiling: number;
  readonly otherCeiling: number;
  readonly same: number;
  readonly other: number;
  readonly lose: number;
}

/** Ceilings (p) on naming the same and another suspicious account; alternatives (q) to play. */
function nameBet(pSame: number, pOther: number, qSame: number, qOther: number): NameBet {
  const same = qSame / pSame;
  const other = qOther / pOther;
  const lost = (1 - qSame - qOther) / (1 - pSame - pOther);
  return { sameCeiling: pSame, otherCeiling: pOther, same, other, lose: lost };
}

export const FIRST_BET = binaryBet(0.1, 0.9);
export const EARLY_BET = nameBet(0.5, 0.1, 0.6, 0.35);
export const DEEP_BET = nameBet(0.25, 0.1, 0.6, 0.37);
const EARLY_ATTEMPTS = 3;

export const suspiciousName: Detector = {
  name: "suspicious-name",
  share: 0.2,
  against:
    "an honest source is refused under an unknown or root account at most 10 % of the time, " +
    "and repeats such a name at most half the time, after three at most 25 %",

  observe(memory: DetectorMemory, seen: Observation): void {
    const isSameName = seen.nameHash === memory.mark;
    memory.mark = seen.nameHash;
    const isFirstToday = memory.starts === 0;
    if (isFirstToday) stake(memory, seen.timeMs);
    if (memory.chain > 0) settleNext(memory, seen, isSameName);
    else if (isFirstToday) settleFirst(memory, seen);
    memory.chain = seen.isSuspiciousName ? memory.chain + 1 : 0;
    if (memory.chain > 0) stake(memory, seen.timeMs);
  },

  describe(memory: DetectorMemory): string {
    return `suspiciousNamesInARow=${memory.chain} betsWon=${memory.wins}`;
  },
};

function settleFirst(memory: DetectorMemory, seen: Observation): void {
  if (seen.isSuspiciousName) win(memory, FIRST_BET.win, seen.timeMs);
  else lose(memory, FIRST_BET.lose);
}

function settleNext(memory: DetectorMemory, seen: Observation, isSameName: boolean): void {
  const bet = memory.chain < EARLY_ATTEMPTS ? EARLY_BET : DEEP_BET;
  if (!seen.isSuspiciousName) lose(memory, bet.lose);
  else win(memory, isSameName ? bet.same : bet.other, seen.timeMs);
}
