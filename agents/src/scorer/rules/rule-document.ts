// One document of a rule file: its keys, each checked, and nothing compiled. Owns which keys a rule
// may have; an unknown one is a fault, since a misspelt `level` would be a promise nobody made.

import { hashText } from "../observation.ts";
import { nearest, type Place, quoted, type RuleFaults } from "./faults.ts";
import { RULE_LEVELS, type RuleLevel, type SpeaksOf } from "./rule-set.ts";
import type { YamlEntry, YamlMap, YamlNode } from "./yaml-tree.ts";

export interface RuleDocument {
  readonly at: Place;
  readonly source: string;
  readonly id: string;
  /** Hash of the id, above 15. */
  readonly number: number;
  readonly name: string | undefined;
  readonly title: string;
  readonly level: RuleLevel;
  readonly tags: readonly string[];
  readonly subject: SpeaksOf | undefined;
  readonly quietDays: number | undefined;
  readonly falsePerDays: number | undefined;
  readonly logsource: YamlMap | undefined;
  readonly detection: YamlMap | undefined;
  readonly correlation: YamlMap | undefined;
}

/** Known to Sigma and only for people: any text, list or mapping. */
const FOR_PEOPLE = [
  ...["related", "taxonomy", "description", "license", "references", "author", "date"],
  ...["modified", "fields", "falsepositives", "scope"],
];
const STATUSES = ["stable", "test", "experimental", "deprecated", "unsupported"];
const SUBJECTS: readonly SpeaksOf[] = ["account", "address", "session"];
const KEYS = [
  ...["title", "id", "name", "status", "level", "tags", "logsource", "detection", "correlation"],
  ...["ostraka", ...FOR_PEOPLE],
];
const OSTRAKA_KEYS = ["subject", "falsePerDays", "quietDays"];
const TITLE_MAX = 256;
const ID_MAX = 128;
const TAGS_MAX = 64;
/** A rule that was quiet on a thousand hosts for two thousand years. */
const DAYS_MAX = 1_000_000_000;

/** Reads one document. @returns nothing after a fault. */
export function readRuleDocument(root: YamlNode, faults: RuleFaults): RuleDocument | undefined {
  const before = faults.list.length;
  if (root.kind !== "map")
    return faults.add(root.at, "a rule is a mapping with title and detection");
  for (const { key, at } of root.entries) {
    if (!KEYS.includes(key)) faults.add(at, `unknown key ${quoted(key)}${nearest(key, KEYS)}`);
  }
  const reader = new DocumentReader(root, faults);
  const title = reader.text("title", TITLE_MAX);
  if (!reader.has("title")) faults.add(root.at, "a rule needs a title");
  const own = reader.map("ostraka");
  const support = own === undefined ? NO_SUPPORT : readSupport(own, faults);
  const logsource = reader.map("logsource");
  const detection = reader.map("detection");
  const correlation = reader.map("correlation");
  reader.oneOf("status", STATUSES);
  const level = reader.oneOf("level", RULE_LEVELS) ?? "informational";
  const tags = reader.tags();
  const id = reader.text("id", ID_MAX) ?? title ?? "";
  const document: RuleDocument = {
    at: root.at,
    source: faults.source,
    id,
    number: ruleNumber(id),
    name: reader.text("name", ID_MAX),
    title: title ?? "",
    level,
    tags,
    ...support,
    logsource,
    detection,
    correlation,
  };
  if (correlation !== undefined && detection !== undefined) {
    faults.add(root.at, "a rule has a detection or a correlation, not both");
  } else if (correlation === undefined) {
    if (!reader.has("detection")) faults.add(root.at, "a rule needs a detection or a correlation");
    if (!reader.has("logsource")) faults.add(root.at, "a rule needs a logsource");
  }
  return faults.list.length > before ? undefined : document;
}

/** Small numbers are marks of the detector; a rule's is above them. */
const NUMBER_MIN = 16;

/** The number of a rule: the same wherever the rule is. */
function ruleNumber(id: string): number {
  const number = hashText(id) >>> 0;
  return number < NUMBER_MIN ? number + NUMBER_MIN : number;
}

const NO_SUPPORT = { subject: undefined, quietDays: undefined, falsePerDays: undefined };

/** `ostraka:` says whom a rule speaks of and what stands behind its level. */
function readSupport(
  own: YamlMap,
  faults: RuleFaults,
): Pick<RuleDocument, "subject" | "quietDays" | "falsePerDays"> {
  for (const { key, at } of own.entries) {
    if (OSTRAKA_KEYS.includes(key)) continue;
    faults.add(at, `ostraka has no ${quoted(key)}${nearest(key, OSTRAKA_KEYS)}`);
  }
  const reader = new DocumentReader(own, faults);
  return {
    subject: reader.oneOf("subject", SUBJECTS),
    quietDays: reader.days("quietDays"),
    falsePerDays: reader.days("falsePerDays"),
  };
}

class DocumentReader {
  readonly #map: YamlMap;
  readonly #faults: RuleFaults;

  constructor(map: YamlMap, faults: RuleFaults) {
    this.#map = map;
    this.#faults = faults;
  }

  has(key: string): boolean {
    return this.#entry(key) !== undefined;
  }

  text(key: string, max: number): string | undefined {
    const entry = this.#entry(key);
    if (entry === undefined) return undefined;
    const { at, value } = entry;
    const text = value.kind === "scalar" && value.value !== null ? String(value.value) : "";
    // A control character in a title would reach the terminal of whoever is shown a reason.
    if (text.trim() === "" || text.length > max || /\p{Cc}/u.test(text)) {
      return this.#faults.add(at, `${key} must be one line of 1 to ${max} characters`);
    }
    return text;
  }

  map(key: string): YamlMap | undefined {
    const entry = this.#entry(key);
    if (entry === undefined || entry.value.kind === "map") return entry?.value as YamlMap;
    return this.#faults.add(entry.at, `${key} must be a mapping`);
  }

  oneOf<T extends string>(key: string, known: readonly T[]): T | undefined {
    const entry = this.#entry(key);
    if (entry === undefined) return undefined;
    const value = entry.value.kind === "scalar" ? String(entry.value.value) : "";
    const found = known.find((one) => one === value);
    if (found !== undefined) return found;
    return this.#faults.add(entry.at, `${key} ${quoted(value)} is none of ${known.join(", ")}`);
  }

  days(key: string): number | undefined {
    const entry = this.#entry(key);
    if (entry === undefined) return undefined;
    const value = entry.value.kind === "scalar" ? entry.value.value : null;
    const isDays =
      Number.isInteger(value) && (value as number) >= 1 && (value as number) <= DAYS_MAX;
    if (isDays) return value as number;
    return this.#faults.add(entry.at, `${key} must be whole subject-days from 1 to ${DAYS_MAX}`);
  }

  tags(): string[] {
    const entry = this.#entry("tags");
    if (entry === undefined) return [];
    const items = entry.value.kind === "list" ? entry.value.items : [];
    const tags = items.flatMap((item) => (item.kind === "scalar" ? [String(item.value)] : []));
    const isGood = entry.value.kind === "list" && tags.length === items.length;
    if (!isGood || tags.length > TAGS_MAX) {
      this.#faults.add(entry.at, `tags must be a list of at most ${TAGS_MAX} words`);
    }
    return tags;
  }

  #entry(key: string): YamlEntry | undefined {
    return this.#map.entries.find((entry) => entry.key === key);
  }
}
