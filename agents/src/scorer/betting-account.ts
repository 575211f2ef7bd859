// The money of one detector on one subject: stakes, bets, and what a loss leaves (DESIGN.md 5).
// Owns the two sums that matter: `open` (the level, carried over days, Shiryaev-Roberts form) and
// `today` with the day's cash (the day account, an e-value). Must never bet money that was not
// staked before the outcome was known, and never stake more than 1 a day.
//
// Why it is right. Every bet multiplies money by a factor whose expectation under the null is at
// most 1. A day starts with cash 1; its k-th start takes 1/(k(k+1)) of it, which sums to 1 (after k
// starts 1/(k+1) is left), so cash + `today` is a nonnegative supermartingale from 1: an e-value.
// `open` minus all stakes is a supermartingale too; emptied whenever it passes c, it has passed c
// at most (days / c) times in expectation (Pollak 1985 for the form, Shafer and Vovk 2019 for the
// betting).

/** Money is capped here: 300 dB says as much as any more, and nothing overflows. */
const MONEY_MAX = 1e30;

/** After a loss, open money below this is burned: a forgotten typo must not date later evidence. */
const BURN_BELOW = 0.5;

/** A bet on a yes or no outcome with a declared ceiling on yes. */
export interface BinaryBet {
  /** Honest subjects show `yes` with at most this conditional probability. */
  readonly ceiling: number;
  readonly win: number;
  readonly lose: number;
}

/**
 * The bet that is optimal when `yes` really has probability `alternative`: win q/p, lose
 * (1-q)/(1-p). Its expectation is exactly 1 at the ceiling and falls below it, because win >= lose.
 */
export function binaryBet(ceiling: number, alternative: number): BinaryBet {
  if (!(ceiling > 0 && ceiling < alternative && alternative < 1)) {
    throw new RangeError(
      `a bet needs 0 < ceiling < alternative < 1, not ${ceiling}, ${alternative}`,
    );
  }
  return { ceiling, win: alternative / ceiling, lose: (1 - alternative) / (1 - ceiling) };
}

/** Plain numbers, so that a snapshot is a copy. Times are event times in milliseconds. */
export interface BettingAccount {
  /** Money in bets since the last reset, from starts of any day: its part of the level. */
  open: number;
  /** Sum of the stakes inside `open`: what `open` would be had every bet been 1. */
  staked: number;
  /** Money in bets from today's starts. */
  today: number;
  /** Starts taken today. */
  starts: number;
  /** Bets won since `open` was last empty. */
  wins: number;
  fromMs: number;
  toMs: number;
}

export function openBettingAccount(): BettingAccount {
  return { open: 0, staked: 0, today: 0, starts: 0, wins: 0, fromMs: 0, toMs: 0 };
}

/** Begins a new event-time day: a new bankroll of 1; open money is carried. */
export function beginDay(money: BettingAccount): void {
  money.today = 0;
  money.starts = 0;
}

/**
 * Takes the next start of the day, if money is not already at work on both sums. Call it only
 * BEFORE the outcome it will bet on is known.
 */
export function stake(money: BettingAccount, timeMs: number): void {
  if (money.open > 0 && money.starts > 0) return;
  money.starts++;
  const share = 1 / (money.starts * (money.starts + 1));
  money.today += share;
  if (money.open === 0) {
    money.fromMs = timeMs;
    money.wins = 0;
  }
  money.open += share;
  money.staked += share;
  money.toMs = timeMs;
}

/** Settles a bet that was won: `factor` is at least 1. */
export function win(money: BettingAccount, factor: number, timeMs: number): void {
  if (money.open > 0) {
    money.open = Math.min(money.open * factor, MONEY_MAX);
    money.wins++;
    money.toMs = timeMs;
  }
  money.today = Math.min(money.today * factor, MONEY_MAX);
}

/**
 * Settles a bet that was lost: `factor` is below 1.
 * @param burnBelow open money below this is burned.
 */
export function lose(money: BettingAccount, factor: number, burnBelow = BURN_BELOW): void {
  money.today *= factor;
  money.open *= factor;
  if (money.open < burnBelow) emptyOpen(money);
}

/** The day account of this detector: money in today's bets and cash not yet staked. */
export function dayValueOf(money: BettingAccount): number {
  return money.today + 1 / (money.starts + 1);
}

/** Takes all open money out: on a signal, on a pardon, on burning. The day account is untouched. */
export function emptyOpen(money: BettingAccount): void {
  money.open = 0;
  money.staked = 0;
  money.wins = 0;
}
