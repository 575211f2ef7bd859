// The money of a learned detector: its strangeness becomes a rank among the subject's own past, the
// rank a bet. Owns the bet, and when it is staked. Must never stake after it has seen a rank that
// the stake would bet on, nor be added to a declared account (DESIGN.md 5, kinds).
//
// While the past is exchangeable with the present, the rank p = (as strange + 1) / (n + 1), ties
// counted as stranger, is below any x with probability at most x. The bet is the mixture of all
// power bets e·p^(e-1), e uniform on (0, 1): it falls in p and its integral is 1, so it pays at
// most 1 on average (Vovk, Nouretdinov and Gammerman, Testing exchangeability on-line, 2003). Its
// closed form is (1/p - 1 - x) / x² with x = -ln p; it is below n + 1, what a rank can be worth.
// Drift, seasons and autocorrelation break exchangeability: that is why this has its own budget.

import { type BettingAccount, lose, stake, win } from "../betting-account.ts";

/** Nothing is bet before so many: no smaller past can win. */
export const HISTORY_MIN = 8;
/** A rank that begins a new start, where the money was burned: one in ten. */
const RESTART_RANK = 0.1;
/** After ordinary acts have left so little of the stakes, it is burned: some seven of them. */
const BURN_SHARE = 0.05;

/** What a bet on a rank pays; at most 1/p. Never rounds up. */
export function betOf(rank: number): number {
  const x = -Math.log(rank);
  // Near p = 1 the closed form is 0/0; this is its series.
  if (x < 0.01) return 0.5 + x / 6;
  return ((1 / rank - 1 - x) / (x * x)) * (1 - 1e-12);
}

/**
 * Bets on one rank: the day's first start is taken before it, a further one, after the money was
 * burned, on what follows a strange act.
 * @returns what it paid.
 */
export function settleRank(money: BettingAccount, rank: number, timeMs: number): number {
  if (money.starts === 0) stake(money, timeMs);
  const factor = betOf(rank);
  if (factor >= 1) win(money, factor, timeMs);
  else lose(money, factor, BURN_SHARE * money.staked);
  if (rank <= RESTART_RANK && money.open === 0) stake(money, timeMs);
  return factor;
}
