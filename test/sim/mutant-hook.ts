// Puts a deliberate bug into the source as it is loaded: exact replacements, each of which must
// match once. The files on disk stay as they are.

import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Mutant } from "./mutant.ts";

const ROOT = join(import.meta.dirname, "..", "..");

export interface AppliedMutant {
  /** Throws unless every file that the mutant changes has been loaded. */
  assertApplied(): void;
}

/** Must be called BEFORE anything of the mesh is imported. */
export function applyMutant(mutant: Mutant): AppliedMutant {
  const editsOf = new Map<string, { from: string; to: string }[]>();
  for (const { file, from, to } of mutant.edits) {
    const url = pathToFileURL(join(ROOT, file)).href;
    editsOf.set(url, [...(editsOf.get(url) ?? []), { from, to }]);
  }
  const applied = new Set<string>();
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const edits = editsOf.get(url);
      if (edits === undefined) return loaded;
      applied.add(url);
      const source = edits.reduce(replaceOnce, String(Buffer.from(loaded.source as Uint8Array)));
      return { ...loaded, source };
    },
  });
  return {
    assertApplied() {
      for (const url of editsOf.keys()) {
        if (!applied.has(url)) throw new Error(`${mutant.name}: ${url} was not loaded`);
      }
    },
  };
}

/** Replaces the one place where `from` stands. */
export function replaceOnce(source: string, edit: { readonly from: string; readonly to: string }) {
  const parts = source.split(edit.from);
  if (parts.length !== 2) {
    throw new Error(`"${edit.from}" stands ${parts.length - 1} times, not once`);
  }
  return parts.join(edit.to);
}
