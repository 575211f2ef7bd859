// Writes the evaluation's table into a page, between its two marks, from what
// `npm run eval -- --json` printed: so that no number there was typed by hand.
// `node test/eval/readme-table.ts RESULT.txt [README.md]`, RESULT the whole of that output.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beginOf, endOf, findBlock, withBlock } from "../page-block.ts";
import { readRow, rowText, type SetRow, TABLE_HEAD } from "./eval-table.ts";

const BLOCK = "eval";
/** Carries the result itself, so that the table can be generated again and compared. */
const RESULT = /^<!-- eval:result (.*) -->$/m;

/** What the page shows. */
interface Shown {
  readonly configuration: string;
  readonly rows: readonly SetRow[];
  readonly missing: readonly string[];
}

/**
 * The page with the block between its marks made from a printed result.
 * @throws when the page has not exactly one such block, or the result no table.
 */
export function withEvalTable(page: string, printed: string): string {
  return withBlock(page, BLOCK, blockOf(shownIn(printed)));
}

/** What is wrong with a page's table: nothing where it says what its own result generates. */
export function evalTableFaults(page: string): readonly string[] {
  const block = findBlock(page, BLOCK)?.block;
  if (block === undefined) return [`the page has no block of ${beginOf(BLOCK)}`];
  const result = RESULT.exec(block)?.[1];
  if (result === undefined) return ["the evaluation's table names no result it was made from"];
  try {
    if (block === blockOf(JSON.parse(result) as Shown)) return [];
  } catch (error) {
    return [`the evaluation's result cannot be read: ${String(error)}`];
  }
  return ["the evaluation's table was edited by hand: run test/eval/readme-table.ts"];
}

/** Reads what the evaluation printed: paragraph, table, and the JSON line with what is missing. */
function shownIn(printed: string): Shown {
  const lines = printed.trimEnd().split("\n");
  const rows = lines.map(readRow).filter((row) => row !== undefined);
  const head = lines.indexOf(TABLE_HEAD.split("\n")[0] as string);
  const configuration = lines.slice(0, Math.max(0, head)).find((line) => line !== "");
  if (rows.length === 0 || configuration === undefined) throw new Error("the result has no table");
  const { missing } = JSON.parse(lines.at(-1) ?? "") as { readonly missing?: readonly string[] };
  if (!Array.isArray(missing)) throw new Error("the result was not printed with --json");
  return { configuration, rows, missing };
}

function blockOf(shown: Shown): string {
  const { configuration, rows, missing } = shown;
  const text = JSON.stringify({ configuration, rows, missing });
  // A comment of HTML ends at two dashes and a bracket: no figure may bring its own.
  if (text.includes("--")) throw new Error("a figure holds two dashes");
  const lacking = missing.length === 0 ? [] : ["", `Missing in this run: ${missing.join(", ")}.`];
  const table = [TABLE_HEAD, ...rows.map(rowText)];
  const result = `<!-- eval:result ${text} -->`;
  const body = [result, "", configuration, "", ...table, ...lacking, ""];
  return [beginOf(BLOCK), ...body, endOf(BLOCK)].join("\n");
}

if (import.meta.main) {
  const [result, path = fileURLToPath(new URL("../../README.md", import.meta.url))] =
    process.argv.slice(2);
  if (result === undefined) throw new Error("name the file with what `npm run eval` printed");
  const page = readFileSync(path, "utf8");
  writeFileSync(path, withEvalTable(page, readFileSync(result, "utf8")));
}
