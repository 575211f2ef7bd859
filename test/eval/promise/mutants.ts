// Deliberate bugs in the money, each with the measure of the promise that must notice it. Owns the
// replacements, which stand in the source exactly once. Holds no bug itself.

import { type Mutant, one } from "../../sim/mutant.ts";

export interface MoneyMutant extends Mutant {
  /** The measure that must find a figure over 1. */
  readonly measure: string;
}

const SCORER = "agents/src/scorer";
const EVIDENCE = "agents/src/kernel/evidence.ts";
const G = "return best - logUp(descending.length);";
const PROMISE = "promise";
const NO_SEED = 0;

export const MONEY_MUTANTS: readonly MoneyMutant[] = [
  {
    measure: "busy",
    ...one(
      "start-mass-an-event",
      PROMISE,
      "every start takes a bankroll of its own, not its part of the day's",
      NO_SEED,
      `${SCORER}/betting-account.ts`,
      "const share = 1 / (money.starts * (money.starts + 1));",
      "const share = 1;",
    ),
  },
  {
    measure: "twice",
    ...one(
      "duplicates-bet",
      PROMISE,
      "a line that was read before bets again",
      NO_SEED,
      `${SCORER}/scorer.ts`,
      "if (!this.#recent.add(event.id)) {",
      "if (!this.#recent.add(event.id) && event.count < 0) {",
    ),
  },
  {
    measure: "growing",
    ...one(
      "calibration-frozen",
      PROMISE,
      "ranks are taken among the first twenty for ever, not among all that came before",
      NO_SEED,
      `${SCORER}/learned/rank-history.ts`,
      "  const value = notBelow(strangeness);\n",
      "  if (historyOf(of, at) >= 20) return;\n  const value = notBelow(strangeness);\n",
    ),
  },
  {
    measure: "hosts",
    name: "levels-added",
    invariant: PROMISE,
    breaks: "levels of several hosts are added up, which are carried over days and no e-values",
    seed: NO_SEED,
    edits: [
      {
        file: `${SCORER}/betting-account.ts`,
        from: "return money.today + 1 / (money.starts + 1);",
        to: "return Math.max(money.open, 1e-30);",
      },
      { file: EVIDENCE, from: G, to: "return descending.reduce((sum, e) => sum + e, 0);" },
    ],
  },
  {
    measure: "hosts",
    ...one(
      "reporters-multiplied",
      PROMISE,
      "accounts of the hosts that report are multiplied, those that say nothing left out",
      NO_SEED,
      EVIDENCE,
      G,
      "return descending.reduce((sum, e) => sum + Math.max(0, e), 0);",
    ),
  },
];
