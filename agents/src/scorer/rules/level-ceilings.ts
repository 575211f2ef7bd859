// What the level of a rule promises: on how many of an honest subject's days any rule of the level
// fires, at most. Owns the declared ceilings and what an author's own numbers do to them: they can
// lower what a rule is worth and never raise it.

import { RULE_LEVELS, type RuleLevel } from "./rule-set.ts";

/** Shared by all rules of a level. `informational` promises nothing and bets nothing. */
export const LEVEL_CEILINGS: ReadonlyMap<RuleLevel, number> = new Map([
  ["critical", 1e-5],
  ["high", 1e-4],
  ["medium", 1e-3],
  ["low", 1e-2],
]);

/** No hit in N subject-days supports a rate of at most 3/N (the rule of three, at 95 %). */
const RULE_OF_THREE = 3;

/**
 * The strictest level whose ceiling a rule's support allows, never above the declared one.
 * @param quietDays subject-days without a false hit; undefined when nobody counted.
 * @param falsePerDays one false hit in so many subject-days at most, in its author's own word.
 */
export function supportedLevel(
  declared: RuleLevel,
  quietDays: number | undefined,
  falsePerDays: number | undefined,
): RuleLevel {
  const floor = LEVEL_CEILINGS.get(declared);
  if (floor === undefined) return declared;
  const observed = quietDays === undefined ? 0 : RULE_OF_THREE / quietDays;
  const stated = falsePerDays === undefined ? 0 : 1 / falsePerDays;
  const rate = Math.max(floor, observed, stated);
  const below = RULE_LEVELS.slice(0, RULE_LEVELS.indexOf(declared) + 1);
  const allowed = below.findLast((level) => (LEVEL_CEILINGS.get(level) ?? 0) >= rate);
  return allowed ?? "informational";
}
