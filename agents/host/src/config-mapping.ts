// Reading a configuration file: its text, its YAML, then each mapping key by key. Owns the
// refusals, all of one shape: whose file, which key, what stands there, what would be right. Knows
// no key itself.

import { readFileSync, statSync } from "node:fs";
import { OstrakaError } from "@ostraka/proto";
import { parseDocument } from "yaml";

const FILE_BYTES_MAX = 65_536;
const TEXT_CHARS_MAX = 4_096;
const QUOTED_CHARS_MAX = 80;
const TYPED_CHARS_MAX = 64;

/** An error of a configuration. @param file whose it is; said first. */
export function invalidConfig(file: string, why: string, cause?: unknown): OstrakaError {
  return new OstrakaError("OSTRAKA_CONFIG_INVALID", `${file}: ${why}`, { cause });
}

/**
 * Text of a configuration file.
 * @throws OstrakaError OSTRAKA_CONFIG_INVALID when it is too large or cannot be read.
 */
export function readConfigText(path: string, file: string): string {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) throw new Error("it is too large");
    return readFileSync(path, "utf8");
  } catch (error) {
    throw invalidConfig(file, `${path} cannot be read: name the right file`, error);
  }
}

/**
 * The plain value of one YAML document: no alias, no key twice, no tag that is not known.
 * @throws OstrakaError OSTRAKA_CONFIG_INVALID naming line and column, and not what stands there.
 */
export function parseConfigYaml(text: string, file: string): unknown {
  if (text.length > FILE_BYTES_MAX) throw invalidConfig(file, `more than ${FILE_BYTES_MAX} bytes`);
  const document = parseDocument(text, { uniqueKeys: true, merge: false, prettyErrors: true });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) {
    const where = fault.linePos?.[0];
    const line = where === undefined ? "" : ` at line ${where.line}, column ${where.col}`;
    throw invalidConfig(file, `it is no YAML mapping${line} (${fault.code})`);
  }
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw invalidConfig(file, "it uses a YAML alias (*name): write the value out", error);
  }
}

/** One mapping of a configuration. Every getter throws OSTRAKA_CONFIG_INVALID in plain words. */
export class ConfigMapping {
  readonly #file: string;
  readonly #where: string;
  /** What stands in the file; its keys are known ones. */
  readonly values: Readonly<Record<string, unknown>>;

  /**
   * @param file whose configuration it is; said first in every error.
   * @param where path of keys to this mapping, as in `sources[0]`; empty at the top.
   * @throws OstrakaError when it is no mapping, or has a key that is not among `known`.
   */
  constructor(value: unknown, known: readonly string[], file: string, where = "") {
    this.#file = file;
    this.#where = where;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.invalid(`${where || "it"} must be a mapping of keys to values`);
    }
    this.values = value as Record<string, unknown>;
    for (const key of Object.keys(value)) {
      if (known.includes(key)) continue;
      const near = nearestKey(key, known);
      throw this.invalid(`unknown key ${this.#name(key)}: did you mean "${near}"?`);
    }
  }

  has(key: string): boolean {
    return this.values[key] !== undefined && this.values[key] !== null;
  }

  mapping(key: string, known: readonly string[]): ConfigMapping {
    return new ConfigMapping(this.values[key], known, this.#file, this.#path(key));
  }

  text(key: string, expected: string): string {
    const value = this.values[key];
    const isText = typeof value === "string" && value !== "" && value.length <= TEXT_CHARS_MAX;
    if (isText && value.isWellFormed() && !value.includes("\0")) return value;
    throw this.fault(key, expected);
  }

  textOr(key: string, expected: string): string | undefined {
    return this.has(key) ? this.text(key, expected) : undefined;
  }

  wholeOr(key: string, least: number, most: number): number | undefined {
    if (!this.has(key)) return undefined;
    const value = this.values[key];
    const isWhole = typeof value === "number" && Number.isSafeInteger(value);
    if (isWhole && value >= least && value <= most) return value;
    throw this.fault(key, `a whole number from ${least} to ${most}`);
  }

  /** Its items are not quoted: they may be what must not be shown. */
  list(key: string, least: number, most: number): readonly unknown[] {
    const value = this.values[key];
    if (Array.isArray(value) && value.length >= least && value.length <= most) return value;
    throw this.invalid(`${this.#name(key)} must be a list of ${least} to ${most} entries`);
  }

  oneOf<T extends string | number>(key: string, choices: readonly T[], otherwise: T): T {
    const value = this.values[key] ?? otherwise;
    const choice = choices.find((known) => known === value);
    if (choice === undefined) throw this.fault(key, `one of ${choices.join(", ")}`);
    return choice;
  }

  /** An error that names a key of this mapping, what stands there and what would be right. */
  fault(key: string, expected: string): OstrakaError {
    const what = this.has(key) ? `is ${quoted(this.values[key])}` : "is missing";
    return this.invalid(`${this.#name(key)} ${what}: give ${expected}`);
  }

  /** An error of the file that this mapping stands in. */
  invalid(why: string): OstrakaError {
    return invalidConfig(this.#file, why);
  }

  #path(key: string): string {
    return this.#where === "" ? key : `${this.#where}.${key}`;
  }

  #name(key: string): string {
    return quoted(this.#path(key));
  }
}

/** A value as JSON, cut short: for a message that shows what was given. */
export function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, QUOTED_CHARS_MAX);
}

/** The known key with the fewest edits to the one typed; the first of equals. */
export function nearestKey(typed: string, known: readonly string[]): string {
  const short = typed.slice(0, TYPED_CHARS_MAX);
  const ranked = known.map((key) => ({ key, edits: editsTo(short, key) }));
  ranked.sort((a, b) => a.edits - b.edits);
  return ranked[0]?.key ?? "";
}

/** Levenshtein's distance, without regard to case. */
function editsTo(typed: string, known: string): number {
  const from = typed.toLowerCase();
  const to = known.toLowerCase();
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const kept = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(kept, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
