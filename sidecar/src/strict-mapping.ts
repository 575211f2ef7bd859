// Reading a mapping of the configuration key by key: each key is asked for by name and kind, and
// one that nobody asked for is an error that names the nearest known one. Knows no key itself.

import { OstrakaError } from "@ostraka/proto";

const TEXT_CHARS_MAX = 4_096;
const QUOTED_CHARS_MAX = 80;

/**
 * One mapping of a configuration file. Every getter throws OSTRAKA_CONFIG_INVALID in plain words.
 */
export class StrictMapping {
  readonly where: string;
  readonly #values: Readonly<Record<string, unknown>>;

  /** @param where path of keys to this mapping, as in `sources[0]`; empty at the top. */
  constructor(value: unknown, where: string, known: readonly string[]) {
    this.where = where;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw invalid(`${where || "the file"} must be a mapping of keys to values`);
    }
    this.#values = value as Record<string, unknown>;
    for (const key of Object.keys(value)) {
      if (known.includes(key)) continue;
      const near = nearestKey(key, known);
      throw invalid(`unknown key ${quoted(this.#path(key))}: did you mean "${near}"?`);
    }
  }

  has(key: string): boolean {
    return this.#values[key] !== undefined && this.#values[key] !== null;
  }

  value(key: string): unknown {
    return this.#values[key];
  }

  text(key: string, expected: string): string {
    const value = this.#values[key];
    const isText = typeof value === "string" && value !== "" && value.length <= TEXT_CHARS_MAX;
    if (isText && value.isWellFormed() && !value.includes("\0")) return value;
    throw this.fault(key, expected);
  }

  textOr(key: string, expected: string): string | undefined {
    return this.has(key) ? this.text(key, expected) : undefined;
  }

  wholeOr(key: string, least: number, most: number): number | undefined {
    if (!this.has(key)) return undefined;
    const value = this.#values[key];
    const isWhole = typeof value === "number" && Number.isSafeInteger(value);
    if (isWhole && value >= least && value <= most) return value;
    throw this.fault(key, `a whole number from ${least} to ${most}`);
  }

  list(key: string, most: number): readonly unknown[] {
    const value = this.#values[key];
    if (!Array.isArray(value)) throw this.fault(key, "a list");
    if (value.length > most) throw invalid(`${this.#path(key)} has more than ${most} entries`);
    return value;
  }

  oneOf<T extends string>(key: string, choices: readonly T[]): T {
    const choice = choices.find((known) => known === this.#values[key]);
    if (choice === undefined) throw this.fault(key, `one of ${choices.join(", ")}`);
    return choice;
  }

  /** An error that names a key of this mapping, what stands there and what would be right. */
  fault(key: string, expected: string): OstrakaError {
    const value = this.#values[key];
    const what = value === undefined || value === null ? "is missing" : quoted(value);
    return invalid(`${this.#path(key)} ${what}: give ${expected}`);
  }

  #path(key: string): string {
    return this.where === "" ? key : `${this.where}.${key}`;
  }
}

/** An error of the configuration. */
export function invalid(why: string, cause?: unknown): OstrakaError {
  return new OstrakaError("OSTRAKA_CONFIG_INVALID", `sidecar configuration: ${why}`, { cause });
}

function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, QUOTED_CHARS_MAX);
}

/** The known key with the fewest edits (Levenshtein) to the one typed, without regard to case. */
export function nearestKey(typed: string, known: readonly string[]): string {
  let best = known[0] as string;
  for (const key of known) if (editsTo(typed, key) < editsTo(typed, best)) best = key;
  return best;
}

function editsTo(typed: string, known: string): number {
  const from = typed.slice(0, 64).toLowerCase();
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
