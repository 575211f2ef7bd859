// One subject's declared money under one line: the detectors of the product and nothing else of the
// scorer, so that a hundred thousand subject-days take a second. Holds the four rules that the
// scorer adds (a day begins, a level is averaged, a line is drawn, a signal resets), and
// `promise.test.ts` holds it to the scorer's own signals.

import { beginDay, dayValueOf, emptyOpen } from "../../../agents/src/scorer/betting-account.ts";
import type { Detector, DetectorMemory } from "../../../agents/src/scorer/detectors/detector.ts";
import { NO_NAMES } from "../../../agents/src/scorer/detectors/detector.ts";
import type { Observation } from "../../../agents/src/scorer/observation.ts";

export function openMemory(): DetectorMemory {
  const money = { open: 0, staked: 0, today: 0, starts: 0, wins: 0, fromMs: 0, toMs: 0 };
  return { ...money, chain: 0, mark: 0, names: NO_NAMES };
}

export class DeclaredMoney {
  readonly detectors: readonly Detector[];
  readonly memories: readonly DetectorMemory[];

  constructor(detectors: readonly Detector[]) {
    this.detectors = detectors;
    this.memories = detectors.map(openMemory);
  }

  beginDay(): void {
    for (const memory of this.memories) {
      beginDay(memory);
      memory.names = NO_NAMES;
    }
  }

  observe(seen: Observation): void {
    for (let i = 0; i < this.detectors.length; i++) {
      (this.detectors[i] as Detector).observe(this.memories[i] as DetectorMemory, seen);
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
    let sum = 0;
    for (let i = 0; i < this.detectors.length; i++) {
      sum += (this.detectors[i] as Detector).share * moneyOf(this.memories[i] as DetectorMemory);
    }
    return sum;
  }
}
