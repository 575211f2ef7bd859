// Honest behaviour that the declared class does not cover: what the promise says nothing about, so
// that the page can say by how much it breaks. Owns the list, and never a claim that it holds.

import { AT_CEILING, choicesOf, type HonestClass, scaled } from "./honest-class.ts";

const ATTEMPTS_A_DAY = 12;
const CALM = scaled(AT_CEILING, 0.5, 1);
/** Refuses nine times in ten until something changes. */
const REFUSING = { ...scaled(AT_CEILING, 0, 1), firstFails: 0.9, same: 0.9 };
const REFUSED = { ...REFUSING, firstFails: 1, same: 1, burst: 0, fast: 0, quick: 1 };

function twelveADay(name: string, next: HonestClass["next"]): HonestClass {
  return { name, attemptsOf: () => ATTEMPTS_A_DAY, next };
}

/**
 * A robot that has not heard of its new password for a day in ninety: once a minute, everywhere.
 */
const staleCredential: HonestClass = {
  name: "stale credential",
  attemptsOf: (day) => (day % 90 === 89 ? 240 : ATTEMPTS_A_DAY),
  next: (state) => choicesOf(state.day % 90 === 89 ? REFUSED : CALM, state),
};

/** What each class does, in the page's words. */
export const OUTSIDE: ReadonlyMap<string, HonestClass> = new Map([
  [
    "ceiling + 50 %: every refusal half as likely again as declared",
    twelveADay("ceiling + 50 %", (state) => choicesOf(scaled(AT_CEILING, 1.5, 1), state)),
  ],
  [
    "autocorrelation: half the ceiling, but after three failures 70 % fail again",
    twelveADay("autocorrelation", (state) =>
      choicesOf(state.failures >= 3 ? scaled(AT_CEILING, 2, 1) : CALM, state),
    ),
  ],
  [
    "season: 60 % over the ceiling on Mondays, half of it on other days",
    twelveADay("season", (state) =>
      choicesOf(state.day % 7 === 0 ? scaled(AT_CEILING, 1.6, 1) : CALM, state),
    ),
  ],
  [
    "slow drift: from half the ceiling to 60 % over it in 100 days",
    twelveADay("slow drift", (state) =>
      choicesOf(scaled(AT_CEILING, 0.5 + 0.011 * state.day, 1), state),
    ),
  ],
  [
    "password-change day: one in 30, nine attempts in ten are refused until one gets through",
    twelveADay("password-change day", (state) =>
      choicesOf(state.day % 30 === 29 ? REFUSING : CALM, state),
    ),
  ],
  ["stale credential: a robot is refused once a minute for a day in ninety", staleCredential],
]);
