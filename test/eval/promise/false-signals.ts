// Counts false signals over a population of honest sources: every line in one run, each with money
// of its own, because a signal resets. Owns the counting of subject-days. The promise is about the
// sum over the population, so sources are dealt out to the kinds of a class in turn.

import { Random } from "../../sim/random.ts";
import { type Declared, DeclaredMoney } from "./declared-money.ts";
import type { Choice, HonestClass } from "./honest-class.ts";
import { draw, SourceLife } from "./source-life.ts";
import { countBound } from "./upper-bound.ts";

export interface Population {
  readonly kinds: readonly HonestClass[];
  readonly subjects: number;
  readonly days: number;
  readonly seed: number;
}

export interface LineCount {
  readonly lineMdb: number;
  readonly subjectDays: number;
  readonly signals: number;
  /** False signals x c over subject-days: the promise is that it stays at or below 1. */
  readonly inflation: number;
  /** The same of the upper 95 % bound of the signals. */
  readonly bound: number;
}

/** @param linesMdb levels in millidecibans, each counted by itself. */
export function countSignals(
  { kinds, subjects, days, seed }: Population,
  lineup: Declared,
  linesMdb: readonly number[],
): LineCount[] {
  const random = new Random(seed);
  const lines = linesMdb.map((mdb) => 10 ** (mdb / 10_000));
  const signals = linesMdb.map(() => 0);
  for (let subject = 0; subject < subjects; subject++) {
    const kind = kinds[subject % kinds.length] as HonestClass;
    const life = new SourceLife(subject * 100_000);
    const purses = lines.map(() => new DeclaredMoney(lineup));
    for (let day = 0; day < days; day++) {
      life.beginDay(day);
      for (const purse of purses) purse.beginDay();
      const attempts = kind.attemptsOf(day, random);
      for (let n = 0; n < attempts; n++) {
        const choices = kind.next(life.state);
        const seen = life.take(choices[draw(choices, random)] as Choice);
        for (let i = 0; i < purses.length; i++) {
          const purse = purses[i] as DeclaredMoney;
          purse.observe(seen);
          // As the scorer: a source's line is drawn when it fails.
          if (!seen.isRefused || purse.level() < (lines[i] as number)) continue;
          purse.reset();
          signals[i] = (signals[i] as number) + 1;
        }
      }
    }
  }
  return linesMdb.map((mdb, i) => lineCount(mdb, subjects * days, signals[i] as number));
}

/** What a count of signals says of the promise. */
export function lineCount(lineMdb: number, subjectDays: number, signals: number): LineCount {
  const perSignal = 10 ** (lineMdb / 10_000) / subjectDays;
  const [inflation, bound] = [signals * perSignal, countBound(signals) * perSignal];
  return { lineMdb, subjectDays, signals, inflation, bound };
}
