// One subject's declared money under one line: the detectors of the product and nothing else of the
// scorer, so that a hundred thousand subject-days take a second. Holds the four rules that the
// scorer adds (a day begins, a level is averaged, a line is drawn, a signal resets), and
// `promise.test.ts` holds it to the scorer's own signals.

import {
  beginDay,
  dayValueOf,
  emptyOpen,
  openBettingAccount,
} from "../../../agents/src/scorer/betting-account.ts";
import {
  type Detector,
  type DetectorMemory,
  NO_NAMES,
} from "../../../agents/src/scorer/detectors/detector.ts";
import type { Lineup } from "../../../agents/src/scorer/ensemble.ts";
import { type Observation, openObservation } from "../../../agents/src/scorer/observation.ts";
import type { RuleHit } from "../../../agents/src/scorer/rules/rule-set.ts";

/** Which detectors speak, with what share. Those past `acts` hear of rules alone. */
export type Declared = Pick<Lineup, "declared" | "declaredShares" | "acts">;

export class DeclaredMoney {
  readonly lineup: Declared;
  readonly memories: readonly DetectorMemory[];
  readonly #rulesSeen = openObservation();

  constructor(lineup: Declared) {
    this.lineup = lineup;
    this.memories = lineup.declared.map(() => ({
      ...openBettingAccount(),
      chain: 0,
      mark: 0,
      names: NO_NAMES,
    }));
  }

  beginDay(): void {
    for (const memory of this.memories) {
      beginDay(memory);
      memory.names = NO_NAMES;
    }
    // The rules' stakes of a day are laid BEFORE anything of it is known.
    this.hearRules([]);
  }

  observe(seen: Observation): void {
    const { declared, acts } = this.lineup;
    for (let i = 0; i < acts; i++) {
      (declared[i] as Detector).observe(this.memories[i] as DetectorMemory, seen);
    }
  }

  hearRules(hits: readonly RuleHit[]): void {
    const { declared, acts } = this.lineup;
    this.#rulesSeen.ruleHits = hits;
    for (let i = acts; i < declared.length; i++) {
      (declared[i] as Detector).observe(this.memories[i] as DetectorMemory, this.#rulesSeen);
    }
  }

  level(): number {
    return this.#sum((memory) => memory.open);
  }

  dayAccount(): number {
    return this.#sum(dayValueOf);
  }

  /** What a signal does: the level starts again from nothing. */
  reset(): void {
    for (const memory of this.memories) emptyOpen(memory);
  }

  #sum(moneyOf: (memory: DetectorMemory) => number): number {
    const { declaredShares } = this.lineup;
    let sum = 0;
    for (let i = 0; i < declaredShares.length; i++) {
      sum += (declaredShares[i] as number) * moneyOf(this.memories[i] as DetectorMemory);
    }
    return sum;
  }
}
