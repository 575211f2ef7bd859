// A rule's `correlation`: its keys, checked. Owns which counts a stream can answer: a lower bound
// is known the moment it is reached; an upper bound alone only when its window has closed, and
// event time has no such moment.

import { nearest, quoted, type RuleFaults } from "./faults.ts";
import type { YamlEntry, YamlMap, YamlNode } from "./yaml-tree.ts";

const CORRELATION_TYPES = ["event_count", "value_count", "temporal", "temporal_ordered"] as const;

export type CorrelationType = (typeof CORRELATION_TYPES)[number];

export interface CorrelationShape {
  readonly type: CorrelationType;
  /** Ids or names of the rules it is about, with their places. */
  readonly rules: readonly { readonly ref: string; readonly entry: YamlNode }[];
  readonly groupBy: readonly string[];
  readonly spanMs: number;
  /** Events or values that make it fire; the number of rules, for temporal ones. */
  readonly need: number;
  /** The field whose values are counted. */
  readonly field: string | undefined;
  /** By alias, then by the reference of a rule: the field that the alias means there. */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The rules it is about also hit by themselves. */
  readonly isGenerating: boolean;
}

const KEYS = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];
const CONDITIONS = ["gte", "gt", "eq", "lte", "lt", "field"];
const RULES_MAX = 16;
const GROUP_FIELDS_MAX = 8;
const NEED_MAX = 1_000;
const SPAN_MS_MAX = 31 * 86_400_000;
const UNITS: ReadonlyMap<string, number> = new Map([
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 604_800_000],
]);

/** Reads a correlation. @returns nothing after a fault. */
export function readCorrelation(map: YamlMap, faults: RuleFaults): CorrelationShape | undefined {
  const before = faults.list.length;
  for (const { key, at } of map.entries) {
    if (!KEYS.includes(key)) {
      faults.add(at, `correlation has no ${quoted(key)}${nearest(key, KEYS)}`);
    }
  }
  const entry = (key: string) => map.entries.find((one) => one.key === key);
  const type = typeOf(map, entry("type"), faults);
  const rules = wordsOf(map, entry("rules"), "rules", 1, RULES_MAX, faults);
  const groups = wordsOf(map, entry("group-by"), "group-by", 0, GROUP_FIELDS_MAX, faults);
  const spanMs = spanOf(map, entry("timespan"), faults);
  const isTemporal = type === "temporal" || type === "temporal_ordered";
  if (isTemporal && rules.length < 2) {
    faults.add(map.at, `${type} is about the order of rules: name two or more`);
  }
  const counted = isTemporal
    ? noCondition(entry("condition"), faults)
    : conditionOf(map, entry("condition"), type === "value_count", faults);
  const aliases = aliasesOf(entry("aliases"), faults);
  const isGenerating = generateOf(entry("generate"), faults);
  if (faults.list.length > before || type === undefined) return undefined;
  return {
    type,
    rules,
    groupBy: groups.map(({ ref }) => ref),
    spanMs,
    need: isTemporal ? rules.length : counted.need,
    field: counted.field,
    aliases,
    isGenerating,
  };
}

function typeOf(
  map: YamlMap,
  entry: YamlEntry | undefined,
  faults: RuleFaults,
): CorrelationType | undefined {
  const value = entry?.value.kind === "scalar" ? String(entry.value.value) : "";
  const known: readonly string[] = CORRELATION_TYPES;
  if (known.includes(value)) return value as CorrelationType;
  return faults.add(entry?.at ?? map.at, `type ${quoted(value)} is none of ${known.join(", ")}`);
}

function wordsOf(
  map: YamlMap,
  entry: YamlEntry | undefined,
  key: string,
  least: number,
  most: number,
  faults: RuleFaults,
): { ref: string; entry: YamlNode }[] {
  if (entry === undefined && least === 0) return [];
  const node = entry?.value;
  const items = node === undefined ? [] : node.kind === "list" ? node.items : [node];
  const words = items.flatMap((item) =>
    item.kind === "scalar" && item.value !== null ? [{ ref: String(item.value), entry: item }] : [],
  );
  if (words.length !== items.length || words.length < least || words.length > most) {
    faults.add(entry?.at ?? map.at, `${key} must be a list of ${least} to ${most} words`);
  }
  return words;
}

function spanOf(map: YamlMap, entry: YamlEntry | undefined, faults: RuleFaults): number {
  const text = entry?.value.kind === "scalar" ? String(entry.value.value) : "";
  const match = /^(\d{1,6})([smhdw])$/.exec(text);
  const unit = UNITS.get(match?.[2] ?? "") ?? 0;
  const spanMs = Number(match?.[1] ?? 0) * unit;
  if (!(spanMs > 0 && spanMs <= SPAN_MS_MAX)) {
    faults.add(entry?.at ?? map.at, "timespan must be such as 30s, 10m, 2h or 1d, at most 31d");
  }
  return spanMs;
}

interface Counted {
  readonly need: number;
  readonly field: string | undefined;
}

const NOTHING: Counted = { need: 0, field: undefined };

function noCondition(entry: YamlEntry | undefined, faults: RuleFaults): Counted {
  if (entry !== undefined) faults.add(entry.at, "a temporal correlation has no condition");
  return NOTHING;
}

function conditionOf(
  map: YamlMap,
  entry: YamlEntry | undefined,
  isValues: boolean,
  faults: RuleFaults,
): Counted {
  if (entry?.value.kind !== "map") {
    faults.add(entry?.at ?? map.at, "condition must be a mapping such as gte: 10");
    return NOTHING;
  }
  const bounds = new Map<string, number>();
  let field: string | undefined;
  for (const { key, at, value } of entry.value.entries) {
    const given = value.kind === "scalar" ? value.value : null;
    if (!CONDITIONS.includes(key)) {
      faults.add(at, `condition has no ${quoted(key)}${nearest(key, CONDITIONS)}`);
    } else if (key === "field") {
      if (typeof given === "string" && given !== "") field = given;
      else faults.add(at, "field must be the name of a field");
    } else if (!Number.isInteger(given)) faults.add(at, `${key} must be a whole number`);
    else bounds.set(key, given as number);
  }
  if (isValues !== (field !== undefined)) {
    faults.add(
      entry.at,
      isValues ? "value_count needs condition.field" : "only value_count has a field",
    );
  }
  const need = bounds.get("gte") ?? bounds.get("eq") ?? (bounds.get("gt") ?? -1) + 1;
  const most = Math.min(bounds.get("lte") ?? NEED_MAX, (bounds.get("lt") ?? NEED_MAX + 1) - 1);
  if (need < 1 || need > NEED_MAX || need > most) {
    const why =
      "an upper bound alone is known only when its window closes, which nothing here waits for";
    faults.add(entry.at, `condition needs gte, gt or eq from 1 to ${NEED_MAX}: ${why}`);
  }
  return { need, field };
}

function aliasesOf(entry: YamlEntry | undefined, faults: RuleFaults): CorrelationShape["aliases"] {
  const aliases = new Map<string, ReadonlyMap<string, string>>();
  if (entry === undefined) return aliases;
  if (entry.value.kind !== "map") {
    faults.add(entry.at, "aliases must be a mapping of alias, then rule, to field");
    return aliases;
  }
  for (const { key, at, value } of entry.value.entries) {
    const fields = value.kind === "map" ? value.entries : [];
    const pairs = fields.flatMap(({ key: rule, value: name }): [string, string][] =>
      name.kind === "scalar" && typeof name.value === "string" ? [[rule, name.value]] : [],
    );
    if (pairs.length === 0 || pairs.length !== fields.length) {
      faults.add(at, `alias ${quoted(key)} must map rules to fields`);
    }
    aliases.set(key, new Map(pairs));
  }
  return aliases;
}

function generateOf(entry: YamlEntry | undefined, faults: RuleFaults): boolean {
  if (entry === undefined) return false;
  const value = entry.value.kind === "scalar" ? entry.value.value : null;
  if (typeof value !== "boolean") faults.add(entry.at, "generate must be true or false");
  return value === true;
}
