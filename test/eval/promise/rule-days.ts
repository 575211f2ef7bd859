// Days on which rules fire on honest people as often as each level's ceiling allows, and more rules
// after a first one. Rare by construction, so the lines are weighed: one day's level is made to
// fire, and the weight is the density of that against honesty, which is again an account: the mean
// over days and levels of what an exact bet on it would have won. Owns the days; `rule-hits.ts` has
// the bet.

import { ANOTHER_CEILING } from "../../../agents/src/scorer/detectors/rule-hits.ts";
import { LEVEL_CEILINGS } from "../../../agents/src/scorer/rules/level-ceilings.ts";
import type { RuleHit, RuleLevel } from "../../../agents/src/scorer/rules/rule-set.ts";
import { Random } from "../../sim/random.ts";
import { type Declared, DeclaredMoney } from "./declared-money.ts";
import { meanBound } from "./upper-bound.ts";

export interface RuleDays {
  readonly days: number;
  readonly runs: number;
  readonly seed: number;
  readonly lineMdb: number;
}

/** Part of the runs that stays honest, so that no weight is large. */
const HONEST = 0.2;
/** Numbers below 16 are no rule's. */
const NUMBER_FROM = 100;

/** @returns runs that drew a signal, and false signals x c over subject-days with their bound. */
export function weighRuleSignals({ days, runs, seed, lineMdb }: RuleDays, lineup: Declared) {
  const random = new Random(seed);
  const line = 10 ** (lineMdb / 10_000);
  const levels = [...LEVEL_CEILINGS];
  const scale = line / days;
  let [drawn, sum, sumOfSquares] = [0, 0, 0];
  for (let run = 0; run < runs; run++) {
    const money = new DeclaredMoney(lineup);
    const isTilted = !random.chance(HONEST);
    const made = [random.int(0, days - 1), random.int(0, levels.length - 1)] as const;
    let signals = 0;
    let won = 0;
    for (let day = 0; day < days; day++) {
      money.beginDay();
      for (const [i, [level, ceiling]] of levels.entries()) {
        const isMade = isTilted && made[0] === day && made[1] === i;
        if (!isMade && !random.chance(ceiling)) continue;
        won += 1 / ceiling;
        signals += signalsOf(money, level, line, random);
      }
    }
    // Density of this run against honesty: of levels that fired, each 1/ceiling.
    const weight = 1 / (HONEST + ((1 - HONEST) * won) / (days * levels.length));
    if (signals === 0) continue;
    drawn++;
    sum += signals * weight * scale;
    sumOfSquares += (signals * weight * scale) ** 2;
  }
  return { drawn, inflation: sum / runs, bound: meanBound(sum, sumOfSquares, runs) };
}

/** A rule of a level fires, and others of the level after it as often as is declared. */
function signalsOf(money: DeclaredMoney, level: RuleLevel, line: number, random: Random): number {
  let signals = 0;
  let number = NUMBER_FROM + 100 * [...LEVEL_CEILINGS.keys()].indexOf(level);
  do {
    money.hearRules([hitOf(level, number++)]);
    if (money.level() < line) continue;
    money.reset();
    signals++;
  } while (random.chance(ANOTHER_CEILING));
  return signals;
}

function hitOf(level: RuleLevel, number: number): RuleHit {
  const id = `r${number}`;
  return { id, title: id, level, betsAs: level, quietDays: 0, speaksOf: "account", number };
}
