// Which rules an event could match, so that hundreds of rules cost an event a few. Owns the choice
// of fields to index by: for each record type the field that most of its rules need a certain value
// of (`eventName`, `eventType`), then the next for those without it. A rule that needs nothing
// certain is tried on every event of its record type.

import type { Event } from "@ostraka/agents/kernel";
import type { Field, ValueTest } from "./fields.ts";
import type { Match } from "./match.ts";
import { lower } from "./text-pattern.ts";

export interface Indexed {
  readonly match: Match;
  /** Place in the set: hits come in this order. */
  readonly order: number;
}

interface Shelf {
  readonly field: Field;
  /** Adds to the candidates what stands under a value of the field; goes on to the next. */
  readonly collect: ValueTest;
}

const SHELVES_MAX = 6;
/** A needed value that is longer than this is not indexed by: its rule is tried always. */
const VALUE_MAX = 256;

export class RuleIndex<R extends Indexed> {
  readonly #shelves: Shelf[] = [];
  readonly #always: readonly R[];
  /** Scratch: the rules to try on the event at hand. */
  readonly #candidates: R[] = [];

  constructor(rules: readonly R[], fieldOf: (name: string) => Field | undefined) {
    let left = rules;
    while (left.length > 0 && this.#shelves.length < SHELVES_MAX) {
      const name = mostNeeded(left);
      const field = name === undefined ? undefined : fieldOf(name);
      if (name === undefined || field === undefined) break;
      const byValue = new Map<string, R[]>();
      for (const rule of left) {
        for (const value of indexable(rule, name) ?? []) {
          byValue.set(value, [...(byValue.get(value) ?? []), rule]);
        }
      }
      this.#shelves.push({ field, collect: this.#collector(byValue) });
      left = left.filter((rule) => indexable(rule, name) === undefined);
    }
    this.#always = left;
  }

  #collector(byValue: ReadonlyMap<string, readonly R[]>): ValueTest {
    const found = this.#candidates;
    return (value) => {
      const text = keyOf(value);
      const rules = text === undefined ? undefined : byValue.get(text);
      if (rules !== undefined) for (const rule of rules) found.push(rule);
      return false;
    };
  }

  /** Rules tried on every event: what the index could not spare. */
  get alwaysTried(): number {
    return this.#always.length;
  }

  /** The rules to try, in the order of the set, each once. The list is reused. */
  candidates(event: Event): readonly R[] {
    const found = this.#candidates;
    found.length = 0;
    for (const rule of this.#always) found.push(rule);
    for (const { field, collect } of this.#shelves) field.any(event, collect);
    return found.length < 2 ? found : inOrder(found);
  }
}

function keyOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.length > VALUE_MAX ? undefined : lower(value);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** A rule may stand on several shelves, or twice on one when the field is a list. */
function inOrder<R extends Indexed>(rules: R[]): R[] {
  sort(rules);
  let kept = 0;
  for (let i = 0; i < rules.length; i++) {
    if (i > 0 && rules[i] === rules[kept - 1]) continue;
    rules[kept++] = rules[i] as R;
  }
  rules.length = kept;
  return rules;
}

/** So few are put in order fastest by moving each to its place. */
const FEW = 24;

function sort<R extends Indexed>(rules: R[]): void {
  if (rules.length > FEW) {
    rules.sort((a, b) => a.order - b.order);
    return;
  }
  for (let i = 1; i < rules.length; i++) {
    const rule = rules[i] as R;
    let at = i;
    for (; at > 0 && (rules[at - 1] as R).order > rule.order; at--) rules[at] = rules[at - 1] as R;
    rules[at] = rule;
  }
}

function indexable(rule: Indexed, name: string): ReadonlySet<string> | undefined {
  const values = rule.match.needs.get(name);
  if (values === undefined) return undefined;
  for (const value of values) if (value.length > VALUE_MAX) return undefined;
  return values;
}

function mostNeeded(rules: readonly Indexed[]): string | undefined {
  const counts = new Map<string, number>();
  for (const rule of rules) {
    for (const name of rule.match.needs.keys()) {
      if (indexable(rule, name) === undefined) continue;
      // A value that many rules share sorts nothing; one of its own sorts best.
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const values = (name: string) =>
    new Set(rules.flatMap((rule) => [...(rule.match.needs.get(name) ?? [])])).size;
  let best: string | undefined;
  let most = 0;
  for (const [name, count] of counts) {
    const worth = count * Math.min(values(name), count);
    if (worth > most) {
      best = name;
      most = worth;
    }
  }
  return best;
}
