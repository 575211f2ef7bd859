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

/** The rules to try when these lists of shelves have come, one after another. */
interface Found<R> {
  readonly rules: readonly R[];
  readonly lists: number;
  readonly next: Map<readonly R[], Found<R>>;
}

interface Shelf {
  readonly field: Field;
  /** Adds to the candidates what stands under a value of the field; goes on to the next. */
  readonly collect: ValueTest;
}

const SHELVES_MAX = 6;
/** A needed value that is longer than this is not indexed by: its rule is tried always. */
const VALUE_MAX = 256;
/** Values of a field, as they are written, of which a shelf remembers what stands under them. */
const REMEMBERED_MAX = 1_024;
/** Lists that are remembered as joined, and how many one after another. */
const JOINED_MAX = 1_024;
const LISTS_MAX = 4;

export class RuleIndex<R extends Indexed> {
  readonly #shelves: Shelf[] = [];
  readonly #always: readonly R[];
  /** What is tried on an event for which no shelf has anything. */
  readonly #none: Found<R>;
  /** For the event at hand. */
  #found: Found<R>;
  #remembered = 0;

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
    this.#none = { rules: left, lists: 0, next: new Map() };
    this.#found = this.#none;
  }

  #collector(byValue: ReadonlyMap<string, readonly R[]>): ValueTest {
    const none: readonly R[] = [];
    const remembered = new Map<unknown, readonly R[]>();
    return (value) => {
      let rules = remembered.get(value);
      if (rules === undefined) {
        const text = keyOf(value);
        if (text === undefined) return false;
        rules = byValue.get(text) ?? none;
        if (remembered.size >= REMEMBERED_MAX) remembered.clear();
        remembered.set(value, rules);
      }
      if (rules.length > 0) this.#add(rules);
      return false;
    };
  }

  /** Most events find what many before them have found: the lists have been joined already. */
  #add(rules: readonly R[]): void {
    const before = this.#found;
    const known = before.next.get(rules);
    if (known !== undefined) {
      this.#found = known;
      return;
    }
    const lists = before.lists + 1;
    const found = { rules: inOrder([...before.rules, ...rules]), lists, next: new Map() };
    this.#found = found;
    if (lists > LISTS_MAX || this.#remembered >= JOINED_MAX) return;
    this.#remembered++;
    before.next.set(rules, found);
  }

  /** Rules tried on every event: what the index could not spare. */
  get alwaysTried(): number {
    return this.#always.length;
  }

  /** The rules to try, in the order of the set, each once. */
  candidates(event: Event): readonly R[] {
    this.#found = this.#none;
    for (let i = 0; i < this.#shelves.length; i++) {
      const { field, collect } = this.#shelves[i] as Shelf;
      field.any(event, collect);
    }
    return this.#found.rules;
  }
}

function keyOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.length > VALUE_MAX ? undefined : lower(value);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** A rule may stand on several shelves, or twice on one when the field is a list. */
function inOrder<R extends Indexed>(rules: R[]): readonly R[] {
  return [...new Set(rules)].sort((a, b) => a.order - b.order);
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
