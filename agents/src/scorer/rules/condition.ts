// Sigma's conditions: `and`, `or`, `not`, parentheses, `1 of x*`, `all of them`. Owns their grammar
// and what each name stands for; a selection that is named and not there, and one that is there and
// never named, are faults. Recursion is bounded by the parentheses a condition may nest.

import { nearest, type Place, quoted, type RuleFaults } from "./faults.ts";

export type Condition =
  | { readonly is: "selection"; readonly name: string }
  | { readonly is: "not"; readonly of: Condition }
  | { readonly is: "and" | "or"; readonly of: readonly Condition[] };

const LENGTH_MAX = 4_096;
const PARENTHESES_MAX = 32;
const TOKEN = /\s*(\(|\)|\||[^\s()|]+)/y;

/** Reads one condition. @returns nothing after a fault. */
export function parseCondition(
  text: string,
  at: Place,
  selections: readonly string[],
  used: Set<string>,
  faults: RuleFaults,
): Condition | undefined {
  if (text.length > LENGTH_MAX) return faults.add(at, `a condition over ${LENGTH_MAX} characters`);
  const parser = new ConditionParser(tokensOf(text), selections, used);
  const parsed = parser.whole();
  return typeof parsed === "string"
    ? faults.add(at, `condition ${quoted(text)}: ${parsed}`)
    : parsed;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    tokens.push(match[1] as string);
  }
  return tokens;
}

class ConditionParser {
  readonly #tokens: readonly string[];
  readonly #selections: readonly string[];
  readonly #used: Set<string>;
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly string[], selections: readonly string[], used: Set<string>) {
    this.#tokens = tokens;
    this.#selections = selections;
    this.#used = used;
  }

  /** @returns the condition, or what is wrong with it. */
  whole(): Condition | string {
    if (this.#tokens.length === 0) return "is empty";
    const condition = this.#or();
    if (typeof condition === "string") return condition;
    const rest = this.#tokens[this.#next];
    if (rest === undefined) return condition;
    if (rest === "|") return "aggregations are not supported: write a correlation rule";
    return rest === ")"
      ? "a ) without its ("
      : `${quoted(rest)} does not follow from what is before`;
  }

  #word(): string | undefined {
    return this.#tokens[this.#next]?.toLowerCase();
  }

  #or(): Condition | string {
    return this.#chain("or", () => this.#and());
  }

  #and(): Condition | string {
    return this.#chain("and", () => this.#not());
  }

  #chain(is: "and" | "or", part: () => Condition | string): Condition | string {
    const of: Condition[] = [];
    do {
      const one = part();
      if (typeof one === "string") return one;
      of.push(one);
    } while (this.#word() === is && this.#next++ >= 0);
    return of.length === 1 ? (of[0] as Condition) : { is, of };
  }

  #not(): Condition | string {
    let isNot = false;
    while (this.#word() === "not") {
      isNot = !isNot;
      this.#next++;
    }
    const of = this.#operand();
    return typeof of === "string" || !isNot ? of : { is: "not", of };
  }

  #operand(): Condition | string {
    const token = this.#tokens[this.#next];
    if (token === undefined) return "ends where a selection is missing";
    this.#next++;
    if (token === "(") return this.#parenthesis();
    const word = token.toLowerCase();
    if (word === ")" || word === "and" || word === "or" || word === "|") {
      return `${quoted(token)} where a selection is missing`;
    }
    return this.#word() === "of" ? this.#quantified(word) : this.#selection(token);
  }

  #parenthesis(): Condition | string {
    if (++this.#depth > PARENTHESES_MAX) return `nests over ${PARENTHESES_MAX} deep`;
    const inner = this.#or();
    if (typeof inner === "string") return inner;
    if (this.#tokens[this.#next++] !== ")") return "a ( without its )";
    this.#depth--;
    return inner;
  }

  #quantified(quantity: string): Condition | string {
    if (quantity !== "1" && quantity !== "all" && quantity !== "any") {
      return `${quoted(quantity)} of: give 1 of or all of`;
    }
    this.#next++;
    const pattern = this.#tokens[this.#next++];
    if (pattern === undefined || pattern === "(" || pattern === ")") {
      return "of what? give them, or a name such as selection_*";
    }
    const names = this.#selections.filter((name) => isNamed(name, pattern));
    if (names.length === 0) return `no selection is named ${pattern}`;
    const of = names.map((name) => this.#selection(name) as Condition);
    if (of.length === 1) return of[0] as Condition;
    return { is: quantity === "all" ? "and" : "or", of };
  }

  #selection(name: string): Condition | string {
    if (!this.#selections.includes(name)) {
      return `no selection is named ${quoted(name)}${nearest(name, this.#selections)}`;
    }
    this.#used.add(name);
    return { is: "selection", name };
  }
}

/** Of a pattern's stars each takes any run; `them` is all but what begins with `_`. */
function isNamed(name: string, pattern: string): boolean {
  if (pattern.toLowerCase() === "them") return !name.startsWith("_");
  const parts = pattern.split("*");
  if (parts.length === 1) return name === pattern;
  const first = parts[0] as string;
  const last = parts.at(-1) as string;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const at = name.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return from + last.length <= name.length;
}
