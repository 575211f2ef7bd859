// The line of a document that a path points at, for people who look for their mistake. Only words
// depend on it, never a verdict.

import { type Document, isMap, isNode, type LineCounter, type Pair } from "yaml";

/**
 * Line, from 1, of the nearest thing that a path like `signalRules[0].kinds` names: the key's own
 * line, or the line of what should have held it.
 */
export function lineOf(document: Document, lines: LineCounter, path: string): number {
  const steps = [...path.matchAll(/[^.[\]]+/g)].map(([step]) =>
    /^[0-9]+$/.test(step) ? Number(step) : step,
  );
  for (let length = steps.length; length > 0; length--) {
    const offset = offsetOf(document, steps.slice(0, length));
    if (offset !== undefined) return lines.linePos(offset).line;
  }
  return 1;
}

function offsetOf(document: Document, steps: readonly (string | number)[]): number | undefined {
  const last = steps.at(-1);
  const parent = steps.length > 1 ? document.getIn(steps.slice(0, -1), true) : document.contents;
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isNode(key) && String(key) === String(last));
    const key = (pair as Pair | undefined)?.key;
    return isNode(key) ? key.range?.[0] : undefined;
  }
  const node = document.getIn(steps, true);
  return isNode(node) ? node.range?.[0] : undefined;
}
