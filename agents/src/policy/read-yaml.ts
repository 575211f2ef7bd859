// Reads the YAML of a policy document, or of its cases, strictly. Remembers the last few documents:
// one is judged when it is proposed, again when it is applied, and again by each replica that
// starts. Owns no meaning.

import { type Document, LineCounter, parseDocument } from "yaml";

/** A document as YAML; nobody changes it. */
export interface YamlText {
  readonly document: Document;
  readonly lines: LineCounter;
}

/** Of at most `LIMITS.policyBytesMax` bytes each. */
const READ_MAX = 4;
const read = new Map<string, YamlText>();

/** Reads a text; what is wrong with it lies in the document. */
export function readYaml(text: string): YamlText {
  const known = read.get(text);
  if (known !== undefined) return known;
  const lines = new LineCounter();
  // No aliases: a small document could unfold into a huge one.
  const document = parseDocument(text, {
    schema: "core",
    uniqueKeys: true,
    intAsBigInt: true,
    lineCounter: lines,
    // Faults are data here: the library must not write to the process's warnings.
    logLevel: "error",
  });
  if (read.size >= READ_MAX) read.clear();
  read.set(text, { document, lines });
  return { document, lines };
}
