// One line of a selection: `field|modifiers: values`, compiled to a test of an event. Owns what
// Sigma says of values: text is compared without case and with wildcards, null is a field without a
// value, a list is any of its values. Numbers and booleans also equal their text.

import type { Event } from "@ostraka/agents/kernel";
import { isInBlock, parseAddress, parseAddressBlock } from "@ostraka/proto";
import { base64, base64Offsets, bytesOf, dashVariants, utf16 } from "./encodings.ts";
import { type Place, quoted, type RuleFaults } from "./faults.ts";
import { anyValue, type Field, isSet, isThere, type ValueTest } from "./fields.ts";
import { allOf, anyOf, type Match, NO_NEEDS, notOf } from "./match.ts";
import { type Encoding, type Modifiers, readModifiers } from "./modifiers.ts";
import { compileExpression } from "./regular-expression.ts";
import { lower, matchPattern, readPattern, type TextPattern } from "./text-pattern.ts";
import type { YamlEntry, YamlNode, YamlScalar } from "./yaml-tree.ts";

export interface DetectionContext {
  readonly faults: RuleFaults;
  /** @returns nothing when the name cannot be a field's. */
  field(name: string): Field | undefined;
  /** What `%name%` stands for, where the caller has given it. */
  readonly placeholders: ReadonlyMap<string, readonly string[]>;
}

const VALUES_MAX = 5_000;
/** Of a longer text the beginning is compared. */
const TEXT_MAX = 1_048_576;

/** Compiles one entry of a selection. @returns nothing after a fault. */
export function compileItem(entry: YamlEntry, context: DetectionContext): Match | undefined {
  const { faults } = context;
  const [name = "", ...words] = entry.key.split("|");
  const modifiers = readModifiers(words, entry.at, faults);
  if (modifiers === undefined) return undefined;
  const values = valuesOf(entry.value, faults);
  if (values === undefined) return undefined;
  if (name === "") return compileKeywords(values, modifiers, context, entry.at);
  const field = context.field(name);
  if (field === undefined) return faults.add(entry.at, `${quoted(name)} cannot be a field's name`);
  if (modifiers.kind === "exists") return compileExists(field, values, entry.at, faults);
  const match = modifiers.isFieldRef
    ? compileReferences(field, values, modifiers, context)
    : compileValues(field, values, modifiers, context);
  return match === undefined || !modifiers.isNot ? match : notOf(match);
}

function valuesOf(node: YamlNode, faults: RuleFaults): YamlScalar[] | undefined {
  const nodes = node.kind === "list" ? node.items : [node];
  if (nodes.length === 0) return faults.add(node.at, "an empty list can match nothing");
  if (nodes.length > VALUES_MAX) return faults.add(node.at, `over ${VALUES_MAX} values`);
  const values: YamlScalar[] = [];
  for (const value of nodes) {
    if (value.kind !== "scalar") return faults.add(value.at, "a value here must be plain");
    values.push(value);
  }
  return values;
}

/** Keywords are looked for in every value of the event. */
export function compileKeywords(
  values: readonly YamlScalar[],
  modifiers: Modifiers | undefined,
  context: DetectionContext,
  at: Place,
): Match | undefined {
  const { faults } = context;
  const kind = modifiers?.kind ?? "contains";
  const searched = {
    ...(modifiers ?? PLAIN),
    kind: kind === "equals" ? "contains" : kind,
  } as const;
  if (searched.kind === "exists" || searched.isFieldRef) {
    return faults.add(at, "a keyword has no field: this modifier says nothing of it");
  }
  const matches: Match[] = [];
  for (const value of values) {
    if (value.value === null) return faults.add(value.at, "a keyword cannot be null");
    const test = testOf(value, searched, context);
    if (test === undefined) return undefined;
    matches.push({ needs: NO_NEEDS, test: (event) => anyValue(event, test) });
  }
  const match = searched.isAll ? allOf(matches) : anyOf(matches);
  return searched.isNot ? notOf(match) : match;
}

const PLAIN: Modifiers = {
  kind: "contains",
  encodings: [],
  isAll: false,
  isCased: false,
  isNot: false,
  isWindash: false,
  isExpanded: false,
  isFieldRef: false,
  isCaseless: false,
  isMultiline: false,
  isDotAll: false,
};

function compileExists(
  field: Field,
  [value, ...more]: readonly YamlScalar[],
  at: Place,
  faults: RuleFaults,
): Match | undefined {
  if (more.length > 0 || typeof value?.value !== "boolean") {
    return faults.add(value?.at ?? at, "exists takes true or false");
  }
  const match: Match = { needs: NO_NEEDS, test: (event) => field.any(event, isThere) };
  return value.value ? match : notOf(match);
}

function compileValues(
  field: Field,
  values: readonly YamlScalar[],
  modifiers: Modifiers,
  context: DetectionContext,
): Match | undefined {
  const exact = modifiers.isAll ? undefined : exactValues(values, modifiers);
  if (exact !== undefined) return matchExact(field, exact);
  const matches: Match[] = [];
  const tests: ValueTest[] = [];
  for (const value of values) {
    if (value.value === null) {
      if (modifiers.kind !== "equals" || modifiers.encodings.length > 0) {
        return context.faults.add(value.at, `null does not go with ${modifiers.kind}`);
      }
      matches.push({ needs: NO_NEEDS, test: (event) => !field.any(event, isSet) });
      continue;
    }
    const test = testOf(value, modifiers, context);
    if (test === undefined) return undefined;
    tests.push(test);
    if (!modifiers.isAll) continue;
    const one = exactValues([value], modifiers);
    const needs = one === undefined ? NO_NEEDS : new Map([[field.name, one]]);
    matches.push({ needs, test: (event) => field.any(event, test) });
  }
  if (modifiers.isAll) return allOf(matches);
  const test = anyTest(tests);
  // Not all are plain, or they would have been compared above: nothing certain is needed.
  if (tests.length > 0) {
    matches.push({ needs: NO_NEEDS, test: (event) => field.any(event, test) });
  }
  return anyOf(matches);
}

/** The field is looked up once for all of its values. */
function anyTest(tests: readonly ValueTest[]): ValueTest {
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) return only;
  return (value) => {
    for (let i = 0; i < tests.length; i++) if ((tests[i] as ValueTest)(value)) return true;
    return false;
  };
}

/** The values in lower case, when all are plain texts or numbers to be equal to. */
function exactValues(
  values: readonly YamlScalar[],
  modifiers: Modifiers,
): ReadonlySet<string> | undefined {
  const { kind, encodings, isCased, isWindash, isExpanded } = modifiers;
  if (kind !== "equals" || encodings.length > 0 || isCased || isWindash || isExpanded) {
    return undefined;
  }
  const texts = new Set<string>();
  for (const value of values) {
    const plain = plainOf(value);
    if (plain === undefined) return undefined;
    texts.add(plain);
    if (typeof value.value === "number") texts.add(String(value.value));
  }
  return texts;
}

function plainOf({ value, text }: YamlScalar): string | undefined {
  if (typeof value === "string") return readPattern(value, false).plain;
  return value === null ? undefined : lower(text === "" ? String(value) : text);
}

function matchExact(field: Field, values: ReadonlySet<string>): Match {
  const needs = new Map([[field.name, values]]);
  const [only] = values;
  if (values.size === 1 && only !== undefined) {
    const { length } = only;
    // Lower case has as many places: a text of another length is another text.
    const test: ValueTest = (value) => {
      if (value === only) return true;
      if (typeof value === "string" && value.length <= TEXT_MAX && value.length !== length) {
        return false;
      }
      return loweredText(value) === only;
    };
    return { needs, test: (event) => field.any(event, test) };
  }
  const test: ValueTest = (value) => {
    const text = loweredText(value);
    return text !== undefined && values.has(text);
  };
  return { needs, test: (event) => field.any(event, test) };
}

/** What a value is as text; nothing of null, an object or an array. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.length > TEXT_MAX ? value.slice(0, TEXT_MAX) : value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") {
    return String(value);
  }
  return undefined;
}

export function loweredText(value: unknown): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : lower(text);
}

/** The test of one value of the rule. @returns nothing after a fault. */
function testOf(
  scalar: YamlScalar,
  modifiers: Modifiers,
  context: DetectionContext,
): ValueTest | undefined {
  const { faults } = context;
  const { kind } = modifiers;
  const { value, at } = scalar;
  const text = typeof value === "number" && scalar.text !== "" ? scalar.text : String(value);
  if (kind === "lt" || kind === "lte" || kind === "gt" || kind === "gte") {
    const bound = typeof value === "number" ? value : Number.NaN;
    if (!Number.isFinite(bound)) return faults.add(at, `${kind} takes a number`);
    return compare(kind, bound);
  }
  const texts = modifiers.isExpanded ? expanded(text, at, context) : [text];
  if (texts === undefined) return undefined;
  const tests: ValueTest[] = [];
  for (const one of texts) {
    const test = kind === "cidr" ? blockTest(one) : textTest(one, modifiers);
    if (typeof test === "string") return faults.add(at, `${quoted(one)}: ${test}`);
    tests.push(test);
  }
  return anyTest(tests);
}

function compare(kind: "lt" | "lte" | "gt" | "gte", bound: number): ValueTest {
  return (value) => {
    const isText = typeof value === "string" && value.trim() !== "" && value.length < 40;
    const n = typeof value === "number" || isText ? Number(value) : Number.NaN;
    if (kind === "lt") return n < bound;
    if (kind === "lte") return n <= bound;
    return kind === "gt" ? n > bound : n >= bound;
  };
}

function blockTest(text: string): ValueTest | string {
  const block = parseAddressBlock(text);
  if (block === undefined) return "is no block of addresses such as 10.0.0.0/8";
  return (value) => {
    if (typeof value !== "string" || value.length > 64) return false;
    const address = addressOf(value);
    return address !== undefined && isInBlock(address, block);
  };
}

let parsedText = "";
let parsedAddress: ReturnType<typeof parseAddress>;

/** An event's address stands beside many blocks, and is read once. */
function addressOf(text: string): ReturnType<typeof parseAddress> {
  if (text !== parsedText) {
    parsedAddress = parseAddress(text);
    parsedText = text;
  }
  return parsedAddress;
}

function textTest(text: string, modifiers: Modifiers): ValueTest | string {
  const { kind, isCased, encodings } = modifiers;
  if (kind === "re") {
    const test = compileExpression(text, modifiers);
    if (typeof test === "string") return test;
    return (value) => {
      const candidate = textOf(value);
      return candidate !== undefined && test(candidate);
    };
  }
  const read = isCased ? textOf : loweredText;
  const ends = {
    isOpenStart: kind === "contains" || kind === "endswith" || encodings.includes("base64offset"),
    isOpenEnd: kind === "contains" || kind === "startswith" || encodings.includes("base64offset"),
  };
  const patterns: TextPattern[] = (modifiers.isWindash ? dashVariants(text) : [text]).flatMap(
    (variant) =>
      encodings.length === 0
        ? [readPattern(variant, isCased)]
        : encoded(variant, encodings).map((code) => literal(isCased ? code : lower(code))),
  );
  const tests = patterns.map((pattern) => matchPattern(pattern, ends));
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) {
    return (value) => {
      const candidate = read(value);
      return candidate !== undefined && only(candidate);
    };
  }
  return (value) => {
    const candidate = read(value);
    return candidate !== undefined && tests.some((test) => test(candidate));
  };
}

function literal(plain: string): TextPattern {
  return { plain, pieces: [], isOpenStart: false, isOpenEnd: false };
}

function encoded(text: string, encodings: readonly Encoding[]): string[] {
  const [first, second] = encodings;
  const last = second ?? first;
  let bytes = bytesOf(text);
  if (first === "utf16le" || first === "wide") bytes = utf16(text, true);
  if (first === "utf16be") bytes = utf16(text, false);
  if (first === "utf16") bytes = utf16(text, true, true);
  return last === "base64offset" ? base64Offsets(bytes) : [base64(bytes)];
}

const PLACEHOLDER = /%([\w.-]{1,64})%/;

/** The text with its placeholders filled in, each in all of its values. */
function expanded(text: string, at: Place, context: DetectionContext): string[] | undefined {
  const match = PLACEHOLDER.exec(text);
  if (match === null) return context.faults.add(at, `${quoted(text)} holds no %placeholder%`);
  const values = context.placeholders.get(match[1] as string);
  if (values === undefined) {
    return context.faults.add(at, `%${match[1]}% is not given: give its values, or write them out`);
  }
  return values.map((value) => text.replace(PLACEHOLDER, () => value));
}

/** `fieldref`: the value names another field, and the two are compared. */
function compileReferences(
  field: Field,
  values: readonly YamlScalar[],
  modifiers: Modifiers,
  context: DetectionContext,
): Match | undefined {
  const read = modifiers.isCased ? textOf : loweredText;
  const matches: Match[] = [];
  for (const { value, at } of values) {
    const other = typeof value === "string" ? context.field(value) : undefined;
    if (other === undefined) return context.faults.add(at, "fieldref takes a field's name");
    const test = (event: Event) =>
      field.any(event, (own) => {
        const text = read(own);
        if (text === undefined) return false;
        return other.any(event, (its) => holds(modifiers.kind, text, read(its)));
      });
    matches.push({ needs: NO_NEEDS, test });
  }
  return modifiers.isAll ? allOf(matches) : anyOf(matches);
}

function holds(kind: Modifiers["kind"], text: string, other: string | undefined): boolean {
  if (other === undefined) return false;
  if (kind === "contains") return text.includes(other);
  if (kind === "startswith") return text.startsWith(other);
  return kind === "endswith" ? text.endsWith(other) : text === other;
}
