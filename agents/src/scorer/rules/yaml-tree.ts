// YAML text as a small tree in which every node knows its place. Owns the bounds on what is read:
// size, depth, documents; aliases and tags are refused, so that nothing unfolds. Must never throw
// on hostile text.

import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseAllDocuments,
} from "yaml";
import type { Place, RuleFaults } from "./faults.ts";

export type YamlValue = string | number | boolean | null;

export type YamlNode = YamlMap | YamlList | YamlScalar;

export interface YamlMap {
  readonly kind: "map";
  readonly at: Place;
  readonly entries: readonly YamlEntry[];
}

export interface YamlEntry {
  readonly key: string;
  readonly at: Place;
  readonly value: YamlNode;
}

export interface YamlList {
  readonly kind: "list";
  readonly at: Place;
  readonly items: readonly YamlNode[];
}

export interface YamlScalar {
  readonly kind: "scalar";
  readonly at: Place;
  readonly value: YamlValue;
  /** As written, for numbers. */
  readonly text: string;
}

/** One file of rules; the largest in public collections has 60 kB. */
const TEXT_MAX = 1_048_576;
/** A rule nests five deep. */
const DEPTH_MAX = 24;
const DOCUMENTS_MAX = 1_000;
const FIRST: Place = { line: 1, column: 1 };

/**
 * Reads the documents of one file.
 * @returns nothing of a file that is refused; what is wrong is in `faults`.
 */
export function readYaml(text: string, faults: RuleFaults): YamlNode[] {
  if (text.length > TEXT_MAX) {
    faults.add(FIRST, `the file has ${text.length} characters; at most ${TEXT_MAX} are read`);
    return [];
  }
  const deep = tooDeepLine(text);
  if (deep > 0) {
    faults.add({ line: deep, column: 1 }, `nested deeper than ${DEPTH_MAX}: no rule needs that`);
    return [];
  }
  try {
    return readDocuments(text, faults);
  } catch (error) {
    // The library recurses, and what nests in a way that the look before did not see ends here.
    const why = error instanceof RangeError ? "nested too deeply" : "not YAML that can be read";
    faults.add(FIRST, `the file is ${why}`);
    return [];
  }
}

function readDocuments(text: string, faults: RuleFaults): YamlNode[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    schema: "core",
    uniqueKeys: true,
    lineCounter: lines,
    logLevel: "error",
  });
  if (!Array.isArray(documents)) return [];
  if (documents.length > DOCUMENTS_MAX) {
    faults.add(FIRST, `the file has ${documents.length} documents; at most ${DOCUMENTS_MAX}`);
    return [];
  }
  const reader = new TreeReader(lines, faults);
  const roots: YamlNode[] = [];
  for (const document of documents) {
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) {
      const [why = "not YAML"] = error.message.split("\n");
      faults.add(reader.place(error.pos[0]), why);
      continue;
    }
    const { contents } = document;
    // Nothing but comments.
    if (contents === null || (isScalar(contents) && contents.value === null)) continue;
    const root = reader.read(contents as ParsedNode, 0);
    if (root !== undefined) roots.push(root);
  }
  return roots;
}

class TreeReader {
  readonly #lines: LineCounter;
  readonly #faults: RuleFaults;

  constructor(lines: LineCounter, faults: RuleFaults) {
    this.#lines = lines;
    this.#faults = faults;
  }

  place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  read(node: ParsedNode, depth: number): YamlNode | undefined {
    const at = this.place(node.range[0]);
    if (depth > DEPTH_MAX) return this.#faults.add(at, `nested deeper than ${DEPTH_MAX}`);
    if (isAlias(node)) {
      return this.#faults.add(at, "an alias (*name): write out what it stands for");
    }
    if (isScalar(node)) return this.#scalar(node.value, node.source ?? "", at);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.read(item as ParsedNode, depth + 1));
      return items.every((item) => item !== undefined) ? { kind: "list", at, items } : undefined;
    }
    if (!isMap(node)) return this.#faults.add(at, "neither a mapping, a list nor a value");
    const entries: YamlEntry[] = [];
    for (const { key, value } of node.items) {
      const entry = this.#entry(key as ParsedNode, value as ParsedNode | null, depth);
      if (entry === undefined) return undefined;
      entries.push(entry);
    }
    return { kind: "map", at, entries };
  }

  #entry(key: ParsedNode, value: ParsedNode | null, depth: number): YamlEntry | undefined {
    const at = this.place(key.range[0]);
    if (!isScalar(key)) return this.#faults.add(at, "a key must be a plain word");
    // An empty key writes null; a number as a field name is its digits.
    const name = key.value === null ? "" : String(key.source ?? key.value);
    const read =
      value === null
        ? ({ kind: "scalar", value: null, text: "", at } as const)
        : this.read(value, depth + 1);
    return read === undefined ? undefined : { key: name, at, value: read };
  }

  #scalar(value: unknown, text: string, at: Place): YamlScalar | undefined {
    const isKnown =
      value === null ||
      typeof value === "string" ||
      typeof value === "boolean" ||
      (typeof value === "number" && Number.isFinite(value));
    if (!isKnown) return this.#faults.add(at, "a value that is no text, number, boolean or null");
    return { kind: "scalar", at, value, text };
  }
}

/**
 * A rough look before the library recurses: brackets opened and not closed, indicators that nest on
 * one line (`- - -`), indentation. @returns the line where it is too deep, 0 when it is nowhere.
 */
function tooDeepLine(text: string): number {
  let open = 0;
  let line = 1;
  let indent = 0;
  let compact = 0;
  let isLineStart = true;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === "\n") {
      line++;
      indent = compact = 0;
      isLineStart = true;
      // A document marker closes whatever an unbalanced bracket in a text had left open.
      if (text.startsWith("---", i + 1)) open = 0;
    } else if (char === " " && isLineStart) indent++;
    else if (isLineStart && (char === "-" || char === "?" || char === ":")) compact++;
    else {
      isLineStart = false;
      if (char === "[" || char === "{") open++;
      else if (char === "]" || char === "}") open = Math.max(0, open - 1);
    }
    if (open > BRACKETS_MAX || compact > DASHES_MAX || indent > INDENT_MAX) return line;
  }
  return 0;
}

/** Unbalanced brackets inside texts add up over a file, so this is far above any nesting. */
const BRACKETS_MAX = 500;
/** A line of dashes is at most this long. */
const DASHES_MAX = 200;
/** Blocks nest by at least a column each. */
const INDENT_MAX = 300;
