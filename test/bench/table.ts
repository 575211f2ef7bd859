// Shows a result to a reader: one table on the terminal, one for a page. Owns how numbers are
// written; the same number is written the same way everywhere.

import { type Result, type Row, standingOf } from "./row.ts";

const HEADINGS = ["", "ours", "floor", "ratio", "goal", ""] as const;

/** Three significant digits, thousands apart: `1,240,000`, `0.24`. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return "none";
  const [whole = "", fraction] = plain(Number(value.toPrecision(3))).split(".");
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? apart : `${apart}.${fraction}`;
}

/** Without an exponent. */
function plain(value: number): string {
  return value.toFixed(12).replace(/\.?0+$/, "");
}

export function goalText({ goal, direction }: Pick<Row, "goal" | "direction">): string {
  return `${direction === "at-least" ? "≥" : "≤"} ${numberText(goal)}`;
}

/** The table for a terminal, without a newline at its end. */
export function tableText({ rows, skipped }: Result): string {
  const cells = rows.map((row) => [
    row.name,
    numberText(row.ours),
    numberText(row.floor),
    numberText(row.ratio),
    goalText(row),
    standingOf(row),
  ]);
  const widths = HEADINGS.map((heading, i) =>
    Math.max(heading.length, ...cells.map((line) => (line[i] as string).length)),
  );
  const lineOf = (line: readonly string[]) =>
    line
      .map((cell, i) =>
        i === 0 || i === 5 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
      )
      .join("  ")
      .trimEnd();
  const beside = rows.map((row) => `  ${row.name}: ${row.unit}, beside ${row.beside}`);
  const left = skipped.map(({ name, why }) => `skipped: ${name}: ${why}`);
  return [lineOf([...HEADINGS]), ...cells.map(lineOf), "", ...beside, ...left].join("\n");
}

/** The table for a page, in Markdown. */
export function pageTable({ rows }: Pick<Result, "rows">): string {
  const lines = rows.map((row) => {
    const [ours, floor, ratio] = [row.ours, row.floor, row.ratio].map(numberText);
    const name = `${row.name} (${row.unit})`;
    return `| ${name} | ${ours} | ${floor}, ${row.beside} | ${ratio} | ${goalText(row)} |`;
  });
  return [
    "| path | ours | floor beside it | ratio | goal |",
    "|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}
