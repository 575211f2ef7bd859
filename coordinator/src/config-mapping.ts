// Reading one mapping of a configuration file, key by key. Owns the refusals: an unknown key
// names the nearest known one, a wrong value says what would be right. Reads no file.

import { OstrakaError } from "@ostraka/proto";

/** What is wrong with a configuration, in a sentence. */
export function invalidConfig(message: string): OstrakaError {
  return new OstrakaError("OSTRAKA_CONFIG_INVALID", message);
}

/** One mapping of a configuration; `path` is where it stands, such as `nats`. */
export class ConfigMapping {
  readonly #path: string;
  readonly #values: Readonly<Record<string, unknown>>;

  /**
   * @throws OstrakaError OSTRAKA_CONFIG_INVALID when it is no mapping or has a key not in `keys`.
   */
  constructor(value: unknown, path: string, keys: readonly string[]) {
    this.#path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw invalidConfig(`${path === "" ? "the file" : path} must be a mapping of keys to values`);
    }
    for (const key of Object.keys(value)) {
      if (keys.includes(key)) continue;
      throw invalidConfig(`unknown key "${this.#at(key)}": did you mean "${nearest(key, keys)}"?`);
    }
    this.#values = value as Record<string, unknown>;
  }

  has(key: string): boolean {
    return this.#values[key] !== undefined;
  }

  mapping(key: string, keys: readonly string[]): ConfigMapping {
    return new ConfigMapping(this.#values[key], this.#at(key), keys);
  }

  text(key: string): string {
    const value = this.#values[key];
    if (typeof value === "string" && value !== "") return value;
    throw this.#wrong(key, "a text that is not empty");
  }

  texts(key: string, countMax: number): string[] {
    const value = this.#values[key];
    const isList = Array.isArray(value) && value.length >= 1 && value.length <= countMax;
    if (isList && value.every((item) => typeof item === "string" && item !== "")) return value;
    throw this.#wrong(key, `a list of 1 to ${countMax} texts`);
  }

  oneOf<T extends string | number>(key: string, choices: readonly T[], fallback: T): T {
    const value = this.#values[key] ?? fallback;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw this.#wrong(key, `one of ${choices.join(", ")}`);
    return found;
  }

  /** `host:port`; port 0 takes a free one. */
  listen(key: string): string {
    const text = this.text(key);
    const port = Number(/^(\[[0-9a-fA-F:]+\]|[^\s:[\]]+):([0-9]{1,5})$/.exec(text)?.[2] ?? "-1");
    if (port >= 0 && port <= 65_535) return text;
    throw this.#wrong(key, "an address such as 127.0.0.1:9300");
  }

  #at(key: string): string {
    return this.#path === "" ? key : `${this.#path}.${key}`;
  }

  #wrong(key: string, wanted: string): OstrakaError {
    const value = this.#values[key];
    const given = value === undefined ? "is missing" : `is ${JSON.stringify(value).slice(0, 100)}`;
    return invalidConfig(`"${this.#at(key)}" ${given}: it must be ${wanted}`);
  }
}

/** The name that takes the fewest changes of one letter. */
function nearest(name: string, names: readonly string[]): string {
  const short = name.slice(0, 64);
  const ranked = names.map((known) => ({ known, changes: changesBetween(short, known) }));
  ranked.sort((a, b) => a.changes - b.changes);
  return ranked[0]?.known ?? "";
}

/** Levenshtein's distance, letter case aside. */
function changesBetween(a: string, b: string): number {
  const [from, to] = [a.toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
