// What the pure packages may not touch: clocks, chance, locale, Node, timers. They compile without
// Node's types, but a language has doors of its own; this closes them.

import { importsOf, lineAt, scan } from "./scan.ts";
import type { SourceFile } from "./source-tree.ts";

const INSTEAD_CLOCK = "time is an argument";
const INSTEAD_CHANCE = "randomness is an argument; an id is the hash of what it names";
const INSTEAD_LOCALE = "compare code units, or sort explicitly";
const INSTEAD_NODE = "this package has no Node; output belongs to agents/host";
const INSTEAD_TIMER = "a deadline is a number in state, checked on a tick";
const INSTEAD_BYTES = "use the byte functions of @ostraka/proto";

const BANNED: readonly (readonly [RegExp, string])[] = [
  [/\bDate\s*\.\s*now\b/g, INSTEAD_CLOCK],
  [/\bnew\s+Date\b/g, INSTEAD_CLOCK],
  [/(?<![.\w])Date\s*\(/g, INSTEAD_CLOCK],
  [/(?<![.\w])performance\s*\./g, INSTEAD_CLOCK],
  [/\bMath\s*\.\s*random\b/g, INSTEAD_CHANCE],
  [/\bgetRandomValues\b|\brandomUUID\b/g, INSTEAD_CHANCE],
  [/(?<![.\w])Intl\b/g, INSTEAD_LOCALE],
  [/\.\s*(toLocale\w+|localeCompare)\b/g, INSTEAD_LOCALE],
  [/(?<![.\w])(process|globalThis|console)\s*\./g, INSTEAD_NODE],
  [/(?<![.#\w])(require|eval)\s*\(/g, INSTEAD_NODE],
  [/\bawait\s+import\s*\(|(?<![.#\w])import\s*\(\s*["'`]/g, INSTEAD_NODE],
  [/(?<![.\w])Buffer\b(?!\s*[:?])/g, INSTEAD_BYTES],
  [/(?<![.\w])(TextEncoder|TextDecoder|atob|btoa)\b/g, INSTEAD_BYTES],
  [/(?<![.\w])(setTimeout|setInterval|setImmediate|queueMicrotask)\b/g, INSTEAD_TIMER],
  [/(?<![.\w])(WeakRef|FinalizationRegistry|SharedArrayBuffer|Atomics)\b/g, INSTEAD_NODE],
];

const PURE = /^(proto|agents)\/src\/(?!.*\.test\.ts$).*\.ts$/;

export function isPure(path: string): boolean {
  return PURE.test(path);
}

/** Banned names and Node imports in proto/src and agents/src; their tests are free. */
export function pureCode(file: SourceFile): string[] {
  if (!isPure(file.path)) return [];
  const { code } = scan(file.text);
  const uses = BANNED.flatMap(([pattern, instead]) =>
    [...code.matchAll(pattern)].map((match) => {
      const name = match[0].replace(/[\s(]+$/, "");
      return `${file.path}:${lineAt(code, match.index)}: ${name}: ${instead}`;
    }),
  );
  const imports = importsOf(file)
    .filter(({ specifier }) => specifier.startsWith("node:"))
    .map(({ specifier, line }) => `${file.path}:${line}: ${specifier}: ${INSTEAD_NODE}`);
  return [...uses, ...imports];
}
