// A rule's `detection`: its selections and its condition, compiled to one test. Owns maps (all of
// them hold), lists (any holds) and keywords, and that every selection is named by the condition.

import { type Condition, parseCondition } from "./condition.ts";
import { compileItem, compileKeywords, type DetectionContext } from "./detection-item.ts";
import { quoted } from "./faults.ts";
import { allOf, anyOf, type Match, notOf } from "./match.ts";
import type { YamlEntry, YamlList, YamlMap, YamlNode, YamlScalar } from "./yaml-tree.ts";

const SELECTIONS_MAX = 200;

/** Compiles a rule's detection. @returns nothing after a fault. */
export function compileDetection(node: YamlMap, context: DetectionContext): Match | undefined {
  const { faults } = context;
  const before = faults.list.length;
  const selections = new Map<string, Match | undefined>();
  const entries = node.entries.filter(({ key }) => key !== "condition");
  if (entries.length > SELECTIONS_MAX)
    return faults.add(node.at, `over ${SELECTIONS_MAX} selections`);
  for (const { key, at, value } of entries) {
    if (key === "timeframe") {
      return faults.add(at, "timeframe is not supported: write a correlation rule");
    }
    selections.set(key, compileSelection(value, context));
  }
  const condition = readCondition(node, entries, context);
  if (condition === undefined || faults.list.length > before) return undefined;
  return compileCondition(condition, selections as ReadonlyMap<string, Match>);
}

function readCondition(
  node: YamlMap,
  selections: readonly YamlEntry[],
  { faults }: DetectionContext,
): Condition | undefined {
  const entry = node.entries.find(({ key }) => key === "condition");
  if (entry === undefined) return faults.add(node.at, "detection has no condition");
  const nodes = entry.value.kind === "list" ? entry.value.items : [entry.value];
  const names = selections.map(({ key }) => key);
  const used = new Set<string>();
  const of: Condition[] = [];
  for (const one of nodes) {
    if (one.kind !== "scalar" || one.value === null) {
      return faults.add(one.at, "a condition must be text");
    }
    const parsed = parseCondition(String(one.value), one.at, names, used, faults);
    if (parsed === undefined) return undefined;
    of.push(parsed);
  }
  if (of.length === 0) return faults.add(entry.at, "detection has an empty list of conditions");
  for (const { key, at } of selections) {
    if (!used.has(key)) faults.add(at, `selection ${quoted(key)} is in no condition`);
  }
  return of.length === 1 ? of[0] : { is: "or", of };
}

function compileCondition(condition: Condition, selections: ReadonlyMap<string, Match>): Match {
  switch (condition.is) {
    case "selection":
      return selections.get(condition.name) as Match;
    case "not":
      return notOf(compileCondition(condition.of, selections));
    case "and":
      return allOf(condition.of.map((one) => compileCondition(one, selections)));
    case "or":
      return anyOf(condition.of.map((one) => compileCondition(one, selections)));
  }
}

function compileSelection(node: YamlNode, context: DetectionContext): Match | undefined {
  if (node.kind === "map") return compileMap(node, context);
  if (node.kind === "list") return compileList(node, context);
  return compileKeywords([node], undefined, context, node.at);
}

function compileMap(node: YamlMap, context: DetectionContext): Match | undefined {
  if (node.entries.length === 0) return context.faults.add(node.at, "an empty selection");
  return all(node.entries.map((entry) => compileItem(entry, context)));
}

function compileList(node: YamlList, context: DetectionContext): Match | undefined {
  if (node.items.length === 0) return context.faults.add(node.at, "an empty selection");
  const parts = node.items.map((item) => {
    if (item.kind === "map") return compileMap(item, context);
    if (item.kind === "list") {
      return context.faults.add(item.at, "a list in a list: one level of alternatives is enough");
    }
    return compileKeywords([item as YamlScalar], undefined, context, item.at);
  });
  const whole = parts.filter((part) => part !== undefined);
  return whole.length === parts.length ? anyOf(whole) : undefined;
}

function all(parts: readonly (Match | undefined)[]): Match | undefined {
  const whole = parts.filter((part) => part !== undefined);
  return whole.length === parts.length ? allOf(whole) : undefined;
}
