// One bet a subject-day on something that happens on few honest days: half the day's bankroll, laid
// BEFORE the first observation that could show it, and counted as lost until it is won. Owns that
// arithmetic. Must never lay a second one on a day.
//
// Why it is right: the money only rises within the day, so what it is worth at the end bounds it
// all the time, and that is at most 1 in expectation at the ceiling. Money carried from earlier
// days is bet along and is not restored by winning, which is less than a bet allows.

import { type BettingAccount, lose, stake } from "../betting-account.ts";

/** The first start of a day (see betting-account). */
export const DAY_STAKE = 0.5;

/**
 * Call it only while the day has seen no start.
 * @param lost what the bet leaves of the stake when it is not won, below 1
 */
export function layDayBet(money: BettingAccount, lost: number, timeMs: number): void {
  stake(money, timeMs);
  lose(money, lost);
}

/**
 * Puts right what was counted as less.
 * @param before what the stake was counted as, @param now what it is now, larger
 */
export function raiseDayBet(
  money: BettingAccount,
  before: number,
  now: number,
  timeMs: number,
): void {
  money.today = DAY_STAKE * now;
  if (money.open === 0) {
    // Burned as lost, or taken out by a signal: it begins here.
    money.open = DAY_STAKE * now;
    money.staked = DAY_STAKE;
    money.fromMs = timeMs;
    money.wins = 0;
  } else {
    money.open += DAY_STAKE * (now - before);
  }
  money.wins++;
  money.toMs = timeMs;
}
