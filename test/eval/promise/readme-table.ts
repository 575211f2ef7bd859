// Writes the table of what the promise covers into agents/README.md, between its two marks:
// `node test/eval/promise/readme-table.ts`. Owns how the table reads, so that no number in it was
// typed by hand; `promise.test.ts` holds the page to it.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Measured } from "./measures.ts";

const BEGIN = "<!-- promise:begin -->";
const END = "<!-- promise:end -->";
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
  return [
    BEGIN,
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
    END,
  ].join("\n");
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
  if (value < 0.001) return "0.001";
  return String(Number(value.toPrecision(2)));
}

/** The block as a page has it, or `undefined`. */
export function blockIn(page: string): string | undefined {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  return from >= 0 && to > from ? page.slice(from, to + END.length) : undefined;
}

if (import.meta.main) {
  const { MEASURES, outside } = await import("./measures.ts");
  const page = readFileSync(PAGE, "utf8");
  const old = blockIn(page);
  if (old === undefined) throw new Error(`${PAGE} has no block of ${BEGIN} and ${END}`);
  const inside = INSIDE_MEASURES.flatMap((name) => MEASURES.get(name)?.() ?? []);
  writeFileSync(PAGE, page.replace(old, promiseBlock(inside, outside())));
}
