// The rules in force, as one set that outlives its editions: the host puts another edition in force
// between two events. Owns nothing else. What correlations had counted begins anew with an edition;
// what hits had bet stays, since a rule's number is the same in all of them.

import type { Event } from "@ostraka/agents/kernel";
import type { RuleHit, RuleSet, RulesSnapshot } from "./rule-set.ts";

export class RuleBook implements RuleSet {
  #inForce: RuleSet;

  constructor(first: RuleSet) {
    this.#inForce = first;
  }

  /** Puts an edition in force; the same text again changes nothing. */
  use(edition: RuleSet): void {
    if (edition.fingerprint !== this.#inForce.fingerprint) this.#inForce = edition;
  }

  get size(): number {
    return this.#inForce.size;
  }

  get fingerprint(): string {
    return this.#inForce.fingerprint;
  }

  observe(event: Event, hits: RuleHit[]): void {
    this.#inForce.observe(event, hits);
  }

  named(number: number): RuleHit | undefined {
    return this.#inForce.named(number);
  }

  snapshot(): RulesSnapshot {
    return this.#inForce.snapshot();
  }

  restore(snapshot: unknown): boolean {
    return this.#inForce.restore(snapshot);
  }
}
