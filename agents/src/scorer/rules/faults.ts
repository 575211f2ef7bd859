// Where rules are at fault: collected, bounded, in the order of the text. Owns the form of a fault
// and the finding of the nearest known word; must never throw on what a rule says.

import type { RuleFault } from "./rule-set.ts";

/** A place in a file, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** More faults of one set are counted and not told. */
const FAULTS_MAX = 100;
const QUOTED_MAX = 60;

export class RuleFaults {
  readonly list: RuleFault[] = [];
  #source = "";

  /** Faults that follow are of this file. */
  enter(source: string): void {
    this.#source = source;
  }

  get source(): string {
    return this.#source;
  }

  add(place: Place, why: string): undefined {
    const { line, column } = place;
    if (this.list.length < FAULTS_MAX) this.list.push({ source: this.#source, line, column, why });
    return undefined;
  }
}

/** Text of a rule as a fault quotes it: short, and on one line. */
export function quoted(text: string): string {
  const short = text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text;
  return JSON.stringify(short);
}

/** `; did you mean x?` for the nearest of the known words, or the list of them all when short. */
export function nearest(word: string, known: readonly string[]): string {
  let best: string | undefined;
  let least = Math.floor(word.length / 3) + 2;
  for (const candidate of known) {
    const distance = editDistance(word.slice(0, QUOTED_MAX), candidate, least);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  if (best !== undefined) return `; did you mean ${best}?`;
  return known.length <= 12 ? `; known are ${known.join(", ")}` : "";
}

/** Edit distance, or `bound` when it is no less than that. */
function editDistance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) >= bound) return bound;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return Math.min(bound, row[b.length] as number);
}
