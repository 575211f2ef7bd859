// Rule files in, a compiled set or its faults out. Owns the order of that: documents, ids,
// detections, correlations and who feeds them. A set with one fault is refused whole, so that
// nobody runs with half of what he wrote. Must never throw on what a file says.

import { hashText } from "../observation.ts";
import { CompiledRuleSet, type SimpleRule } from "./compiled-rule-set.ts";
import { readCorrelation } from "./correlation-shape.ts";
import {
  type Correlation,
  type CorrelationInput,
  type Feed,
  openCorrelation,
} from "./correlations.ts";
import { compileDetection } from "./detection.ts";
import { quoted, RuleFaults } from "./faults.ts";
import { fieldsOfTypes } from "./field-names.ts";
import { readLogsource } from "./logsource.ts";
import { type RuleDocument, readRuleDocument } from "./rule-document.ts";
import type { CompiledRules, RuleSource } from "./rule-set.ts";
import { readYaml } from "./yaml-tree.ts";

const SOURCES_MAX = 10_000;
const RULES_MAX = 10_000;
const CORRELATIONS_MAX = 200;

export interface CompileOptions {
  /** What `%name%` stands for under the modifier `expand`. */
  readonly placeholders?: ReadonlyMap<string, readonly string[]>;
}

/**
 * Compiles rule files, each of one or more YAML documents, in the order given.
 * @returns the set, or every fault found with its file, line and column.
 */
export function compileRules(
  sources: readonly RuleSource[],
  options: CompileOptions = {},
): CompiledRules {
  const faults = new RuleFaults();
  if (sources.length > SOURCES_MAX) {
    faults.add({ line: 1, column: 1 }, `${sources.length} files; at most ${SOURCES_MAX}`);
    return { ok: false, faults: faults.list };
  }
  const documents: RuleDocument[] = [];
  for (const { name, text } of sources) {
    faults.enter(name);
    for (const root of readYaml(text, faults)) {
      const document = readRuleDocument(root, faults);
      if (document !== undefined) documents.push(document);
    }
  }
  checkIds(documents, faults);
  const placeholders = options.placeholders ?? new Map();
  const simple = documents.flatMap((document) => simpleRule(document, placeholders, faults));
  const linked = linkCorrelations(documents, simple, faults);
  if (faults.list.length > 0) return { ok: false, faults: faults.list };
  const fingerprint = fingerprintOf(sources);
  return { ok: true, rules: new CompiledRuleSet(simple, linked, fingerprint) };
}

function checkIds(documents: readonly RuleDocument[], faults: RuleFaults): void {
  if (documents.length > RULES_MAX) {
    faults.add({ line: 1, column: 1 }, `${documents.length} rules; at most ${RULES_MAX}`);
  }
  const seen = new Map<string, RuleDocument>();
  const numbers = new Map<number, RuleDocument>();
  for (const document of documents) {
    faults.enter(document.source);
    for (const ref of new Set([document.id, document.name ?? document.id])) {
      const other = seen.get(ref);
      if (other !== undefined) {
        const where = `${other.source}:${other.at.line}`;
        faults.add(document.at, `the id or name ${quoted(ref)} is also that of ${where}`);
      }
      seen.set(ref, document);
    }
    const { number } = document;
    const twin = numbers.get(number);
    if (twin !== undefined && twin.id !== document.id) {
      faults.add(document.at, `the ids ${quoted(document.id)} and ${quoted(twin.id)} hash alike`);
    }
    numbers.set(number, document);
  }
}

function simpleRule(
  document: RuleDocument,
  placeholders: ReadonlyMap<string, readonly string[]>,
  faults: RuleFaults,
): SimpleRule[] {
  const { logsource: source, detection } = document;
  faults.enter(document.source);
  if (detection === undefined || source === undefined) return [];
  const logsource = readLogsource(source, faults);
  if (logsource === undefined) return [];
  const field = fieldsOfTypes(logsource.recordTypes, logsource.hasEventFields);
  const match = compileDetection(detection, { faults, field, placeholders });
  if (match === undefined) return [];
  return [{ document, match, logsource }];
}

export interface Linked {
  /** In an order in which each comes after those that feed it. */
  readonly correlations: readonly Correlation[];
  readonly feeds: ReadonlyMap<RuleDocument, readonly Feed[]>;
  /** Rules that are only about a correlation and do not hit by themselves. */
  readonly silent: ReadonlySet<RuleDocument>;
}

function linkCorrelations(
  documents: readonly RuleDocument[],
  simple: readonly SimpleRule[],
  faults: RuleFaults,
): Linked {
  const inputs: CorrelationInput[] = [];
  for (const document of documents) {
    if (document.correlation === undefined) continue;
    faults.enter(document.source);
    const shape = readCorrelation(document.correlation, faults);
    if (shape !== undefined) inputs.push({ document, shape });
  }
  if (inputs.length > CORRELATIONS_MAX) {
    faults.add(
      { line: 1, column: 1 },
      `${inputs.length} correlations; at most ${CORRELATIONS_MAX}`,
    );
  }
  const byRef = refsOf([
    ...simple.map(({ document }) => document),
    ...inputs.map((i) => i.document),
  ]);
  const types = new Map(simple.map(({ document, logsource }) => [document, logsource.recordTypes]));
  const typesOf = (ref: string) => {
    const document = byRef.get(ref);
    return (document === undefined ? undefined : types.get(document)) ?? [];
  };
  const feeds = new Map<RuleDocument, Feed[]>();
  const loud = new Set<RuleDocument>();
  const fed = new Set<RuleDocument>();
  const correlations: Correlation[] = [];
  for (const input of inputs) {
    faults.enter(input.document.source);
    const correlation = openCorrelation(input, inputs.length, typesOf, faults);
    if (correlation === undefined) continue;
    correlations.push(correlation);
    for (const [slot, { ref, entry }] of input.shape.rules.entries()) {
      const document = byRef.get(ref);
      if (document === undefined) {
        faults.add(entry.at, `no rule has the id or name ${quoted(ref)}`);
        continue;
      }
      feeds.set(document, [...(feeds.get(document) ?? []), { correlation, slot }]);
      fed.add(document);
      if (input.shape.isGenerating) loud.add(document);
    }
  }
  checkCycles(correlations, feeds, faults);
  return { correlations, feeds, silent: new Set([...fed].filter((one) => !loud.has(one))) };
}

function refsOf(documents: readonly RuleDocument[]): Map<string, RuleDocument> {
  const byRef = new Map<string, RuleDocument>();
  for (const document of documents) {
    byRef.set(document.id, document);
    if (document.name !== undefined) byRef.set(document.name, document);
  }
  return byRef;
}

/** A correlation that feeds itself, through others or not, would never end. */
function checkCycles(
  correlations: readonly Correlation[],
  feeds: ReadonlyMap<RuleDocument, readonly Feed[]>,
  faults: RuleFaults,
): void {
  const done = new Set<Correlation>();
  for (const start of correlations) {
    const reached = new Set<Correlation>();
    const open = [start];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const { correlation } of feeds.get(next.document) ?? []) {
        if (correlation === start && !done.has(start)) {
          faults.enter(start.document.source);
          faults.add(start.document.at, "the correlation is about itself, through others or not");
          done.add(start);
        }
        if (!reached.has(correlation)) open.push(correlation);
        reached.add(correlation);
      }
    }
  }
}

/** Two hashes of all the text, in hex: equal sets are equal here. */
function fingerprintOf(sources: readonly RuleSource[]): string {
  const whole = sources.map(({ text }) => `${text.length}:${hashText(text)}`).join(",");
  const salted = sources.map(({ text }) => hashText(`ostraka${text}`)).join(",");
  const hex = (text: string) => (hashText(text) >>> 0).toString(16).padStart(8, "0");
  return hex(whole) + hex(salted);
}
