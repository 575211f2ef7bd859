// How deep a YAML text may nest, judged BEFORE a parser that calls itself for each level sees it:
// where its stack ends depends on the process, and members that disagree split the mesh. Owns one
// bound, far above what any document of ours needs. Over-counts rather than under-counts.

/**
 * Levels of brackets, and columns of indentation and `-` or `?` before the first word of a line.
 */
const DEPTH_MAX = 100;

/** Line, from 1, at which a text nests too deep; `undefined` when it nowhere does. */
export function tooDeepAt(text: string): number | undefined {
  let line = 1;
  let brackets = 0;
  let column = 0;
  let isLead = true;
  for (let i = 0; i < text.length; i++) {
    const unit = text[i] as string;
    if (unit === "\n") {
      line++;
      column = 0;
      isLead = true;
      continue;
    }
    if (isLead && " \t-?:".includes(unit)) column++;
    else isLead = false;
    if (unit === "[" || unit === "{") brackets++;
    else if ((unit === "]" || unit === "}") && brackets > 0) brackets--;
    if (brackets > DEPTH_MAX || (isLead && column > DEPTH_MAX)) return line;
  }
  return undefined;
}
