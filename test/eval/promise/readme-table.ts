// Writes the tables of what the promise covers, and of how fast the scorer can be taught, into
// agents/README.md, between their marks: `node test/eval/promise/readme-table.ts`. Owns how they
// read, so that no number in them was typed by hand; tests hold the page to it.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beginOf, endOf, findBlock, withBlock } from "../../page-block.ts";
import { DAYS_MAX, fewestDaysOfAll } from "../teaching/slow-ramp.ts";
import type { Measured } from "./measures.ts";

const PROMISE = "promise";
const TEACHING = "teaching";
export const PAGE = fileURLToPath(new URL("../../../agents/README.md", import.meta.url));
/** Measures whose figures stand in the table as inside the class. */
export const INSIDE_MEASURES = ["sources", "actors", "learned"];
const LINES_MDB = [10_000, 20_000, 30_000, 40_000];

/**
 * The block of the page: inside the class the upper 95 % bound, outside it what was counted. A dash
 * where a line was not measured.
 */
export function promiseBlock(inside: readonly Measured[], outside: readonly Measured[]): string {
  const head = `| honest sources | ${LINES_MDB.map((mdb) => `${mdb / 1_000} dB`).join(" | ")} |`;
  return block(PROMISE, [
    head,
    `|---${"|---".repeat(LINES_MDB.length)}|`,
    ...rowsOf(
      inside,
      (name) => `inside: ${name}`,
      ({ bound }) => `≤ ${digits(bound)}`,
    ),
    ...rowsOf(
      outside,
      (name) => `outside: ${name}`,
      ({ inflation }) => digits(inflation),
    ),
  ]);
}

/** The block of how many working days it takes to go over to other ways unnoticed. */
export function teachingBlock(days: readonly (readonly [name: string, days: number])[]): string {
  const textOf = (n: number) => (n > DAYS_MAX ? `over ${DAYS_MAX}` : String(n));
  return block(TEACHING, [
    "| what somebody does is, in the end, | working days to get there unnoticed |",
    "|---|---|",
    ...days.map(([name, n]) => `| ${name} | ${textOf(n)} |`),
  ]);
}

function block(name: string, lines: readonly string[]): string {
  return [beginOf(name), ...lines, endOf(name)].join("\n");
}

function rowsOf(
  measured: readonly Measured[],
  nameOf: (name: string) => string,
  textOf: (one: Measured) => string,
): string[] {
  const names = [...new Set(measured.map(({ name }) => name))];
  return names.map((name) => {
    const cells = LINES_MDB.map((mdb) => {
      const one = measured.find((m) => m.name === name && m.lineMdb === mdb);
      return one === undefined ? "–" : textOf(one);
    });
    return `| ${nameOf(name)} | ${cells.join(" | ")} |`;
  });
}

/** Two digits that count, without an exponent. */
function digits(value: number): string {
  if (value > 0 && value < 0.001) return "0.001";
  return String(Number(value.toPrecision(2)));
}

/** A block as a page has it, or `undefined`. */
export function blockIn(page: string, name: typeof PROMISE | typeof TEACHING): string | undefined {
  return findBlock(page, name)?.block;
}

if (import.meta.main) {
  const { MEASURES, outside } = await import("./measures.ts");
  const inside = INSIDE_MEASURES.flatMap((name) => MEASURES.get(name)?.() ?? []);
  const promise = promiseBlock(inside, outside());
  const teaching = teachingBlock(fewestDaysOfAll());
  // Read only now: it takes a minute to get here, and others write this page too.
  const page = withBlock(readFileSync(PAGE, "utf8"), PROMISE, promise);
  writeFileSync(PAGE, withBlock(page, TEACHING, teaching));
}
