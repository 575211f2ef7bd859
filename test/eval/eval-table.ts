// The evaluation's table as text, and back: what the terminal shows is what a page may hold. Owns
// how a row is written. Must never let a figure bring marks of its own into a page.

import type { EvalRow } from "./eval-set.ts";

export interface SetRow extends EvalRow {
  readonly set: string;
}

export const TABLE_HEAD = "| set | figure | ours | beside |\n|---|---|---|---|";

/** One row in Markdown, without a newline. A bar inside a cell would end it. */
export function rowText({ set, figure, ours, beside }: SetRow): string {
  return `| ${[set, figure, ours, beside].map(cellText).join(" | ")} |`;
}

function cellText(text: string): string {
  return text.replaceAll("|", "/").replace(/\s+/g, " ").trim();
}

/** A row as `rowText` writes it, or `undefined`. */
export function readRow(line: string): SetRow | undefined {
  const cells = /^\| (.*) \|$/.exec(line)?.[1]?.split(" | ");
  const [set, figure, ours, beside] = cells ?? [];
  if (cells?.length !== 4 || set === "set" || !set || !figure || !ours) return undefined;
  return { set, figure, ours, beside: (beside as string).trim() };
}
