// Writes the benchmark's table into README.md, between its two marks, from a result in JSON: so
// that no number there was typed by hand. `node test/bench/readme-table.ts RESULT.json`, RESULT
// the last line of `npm run bench -- --json`.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beginOf, endOf, findBlock, withBlock } from "../page-block.ts";
import type { Row } from "./row.ts";
import { pageTable } from "./table.ts";

const BLOCK = "bench";
/** Carries the result itself, so that the table can be generated again and compared. */
const RESULT = /^<!-- bench:result (.*) -->$/m;

/**
 * The page with the block between its marks made from a result.
 * @throws when the page has not exactly one such block, or the result no rows.
 */
export function withBenchTable(page: string, resultText: string): string {
  return withBlock(page, BLOCK, blockOf(rowsOf(resultText)));
}

/**
 * What is wrong with a page's table: nothing where it says what its own result generates, or where
 * it has no block.
 */
export function benchTableFaults(page: string): readonly string[] {
  const block = findBlock(page, BLOCK)?.block;
  if (block === undefined) return [];
  const result = RESULT.exec(block)?.[1];
  if (result === undefined) return ["the benchmark's table names no result it was generated from"];
  try {
    if (block === blockOf(rowsOf(result))) return [];
  } catch (error) {
    return [`the benchmark's result cannot be read: ${String(error)}`];
  }
  return ["the benchmark's table was edited by hand: run test/bench/readme-table.ts"];
}

function blockOf(rows: readonly Row[]): string {
  const result = `<!-- bench:result ${JSON.stringify({ rows })} -->`;
  return [beginOf(BLOCK), result, "", pageTable({ rows }), "", endOf(BLOCK)].join("\n");
}

function rowsOf(resultText: string): readonly Row[] {
  const line = resultText.trimEnd().split("\n").at(-1) ?? "";
  const { rows } = JSON.parse(line) as { readonly rows?: readonly Row[] };
  if (!Array.isArray(rows) || rows.length === 0) throw new Error("the result has no rows");
  return rows.map(({ name, ours, floor, ratio, goal, direction, unit, beside }) => {
    const isRow = [ours, floor, ratio, goal].every((value) => Number.isFinite(value));
    const texts = [name, unit, beside, direction];
    // A comment of HTML ends at two dashes and a bracket: no name may bring its own.
    if (!isRow || texts.some((text) => typeof text !== "string" || /--|\|/.test(text))) {
      throw new Error(`"${name}" is no row`);
    }
    return { name, ours, floor, ratio, goal, direction, unit, beside };
  });
}

if (import.meta.main) {
  const [path] = process.argv.slice(2);
  if (path === undefined) throw new Error("name the file with the result");
  const readme = fileURLToPath(new URL("../../README.md", import.meta.url));
  const page = readFileSync(readme, "utf8");
  writeFileSync(readme, withBenchTable(page, readFileSync(path, "utf8")));
}
