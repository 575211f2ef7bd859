// The words after a field's name: what Sigma's modifiers mean together. Owns which exist, which go
// together and in what order; an unknown one is a fault with the nearest known. Compiles nothing.

import { nearest, type Place, quoted, type RuleFaults } from "./faults.ts";

const PLACES = ["contains", "startswith", "endswith"] as const;
const COMPARISONS = ["lt", "lte", "gt", "gte"] as const;
const ENCODINGS = ["utf16le", "wide", "utf16be", "utf16", "base64", "base64offset"] as const;
const FLAGS = ["i", "ignorecase", "m", "multiline", "s", "dotall"] as const;
const KINDS = [...PLACES, ...COMPARISONS, "re", "cidr", "exists"] as const;
const OTHERS = ["all", "cased", "neq", "windash", "expand", "fieldref"] as const;
const KNOWN: readonly string[] = [...KINDS, ...ENCODINGS, ...FLAGS, ...OTHERS];

export type MatchKind = (typeof KINDS)[number] | "equals";
export type Encoding = (typeof ENCODINGS)[number];

export interface Modifiers {
  readonly kind: MatchKind;
  readonly encodings: readonly Encoding[];
  readonly isAll: boolean;
  readonly isCased: boolean;
  readonly isNot: boolean;
  readonly isWindash: boolean;
  readonly isExpanded: boolean;
  readonly isFieldRef: boolean;
  readonly isCaseless: boolean;
  readonly isMultiline: boolean;
  readonly isDotAll: boolean;
}

/** Reads the modifiers of one key, in its order. @returns nothing after a fault. */
export function readModifiers(
  words: readonly string[],
  at: Place,
  faults: RuleFaults,
): Modifiers | undefined {
  for (const word of words) {
    if (KNOWN.includes(word)) continue;
    return faults.add(at, `unknown modifier ${quoted(word)}${nearest(word, KNOWN)}`);
  }
  if (new Set(words).size !== words.length) return faults.add(at, "a modifier is given twice");
  const kinds = KINDS.filter((kind) => words.includes(kind));
  if (kinds.length > 1) return faults.add(at, `${kinds.join(" and ")} do not go together`);
  const kind: MatchKind = kinds[0] ?? "equals";
  const has = (...any: string[]) => any.some((word) => words.includes(word));
  if (has(...FLAGS) && kind !== "re") return faults.add(at, "i, m and s go with re alone");
  const encodings = words.filter((word) => (ENCODINGS as readonly string[]).includes(word));
  const why = clash(kind, encodings, has);
  if (why !== undefined) return faults.add(at, why);
  return {
    kind,
    encodings: encodings as Encoding[],
    isAll: has("all"),
    isCased: has("cased"),
    isNot: has("neq"),
    isWindash: has("windash"),
    isExpanded: has("expand"),
    isFieldRef: has("fieldref"),
    isCaseless: has("i", "ignorecase"),
    isMultiline: has("m", "multiline"),
    isDotAll: has("s", "dotall"),
  };
}

function clash(
  kind: MatchKind,
  encodings: readonly string[],
  has: (...any: string[]) => boolean,
): string | undefined {
  const isText = kind === "equals" || (PLACES as readonly string[]).includes(kind);
  if (!isText && (encodings.length > 0 || has("cased", "windash", "fieldref"))) {
    return `${kind} does not go with an encoding, cased, windash or fieldref`;
  }
  if (has("fieldref") && (encodings.length > 0 || has("windash", "expand"))) {
    return "fieldref names a field: nothing can be made of its text";
  }
  const last = encodings.at(-1);
  if (last !== undefined && !last.startsWith("base64")) {
    return `${last} gives bytes: follow it with base64 or base64offset`;
  }
  const early = encodings.slice(0, -1).find((word) => word.startsWith("base64"));
  if (early !== undefined) return `nothing may follow ${early} but where to look for it`;
  if (kind === "exists" && has("all", "expand")) return "exists takes one true or false";
  return undefined;
}
