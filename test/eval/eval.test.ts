// The evaluation in its short form: every set runs, says its figures in the agreed shape, and no
// figure can be met by doing nothing. No times are asserted. Data that is not there is skipped in
// plain sight.

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { CONFIGURATION } from "./configuration.ts";
import type { Figures } from "./eval-set.ts";
import { readRow, rowText } from "./eval-table.ts";
import { evalTableFaults, withEvalTable } from "./readme-table.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const MAIN = join(import.meta.dirname, "main.ts");
const DATA = join(ROOT, "..", "shared", "data");
const LIMIT_MS = 300_000;
const EMPTY = mkdtempSync(join(tmpdir(), "ostraka-eval-"));
const run = promisify(execFile);

afterAll(() => rmSync(EMPTY, { recursive: true }));

interface Printed {
  readonly stdout: string;
  readonly sets: Readonly<Record<string, Figures>>;
  readonly missing: readonly string[];
}

async function evaluate(...flags: readonly string[]): Promise<Printed> {
  const { stdout } = await run(process.execPath, [MAIN, "--json", "--short", ...flags]);
  const last = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  return { stdout, sets: last.sets, missing: last.missing };
}

/** What nobody reaches by doing nothing, and nobody by alarming at everything: least and most. */
const BOUNDS: readonly (readonly [path: string, least: number, most: number])[] = [
  ["nab.standard", 40, 100],
  ["adbench.rocAuc", 0.7, 1],
  ["linux-auth-elastic.failuresBeforeSignal", 2, 60],
  ["linux-auth-elastic.honestSignalled", 0, 0],
  ["crowdsec-hub-tests.match", 8, 1_000],
  ["fail2ban-logs.precision", 0.95, 1],
  ["fail2ban-logs.recall", 0.5, 1],
  ["fail2ban-logs.wrongHosts", 0, 0],
  ["testbed.attacks.passwordSpraying.signalled", 1, 1],
  ["testbed.attacks.passwordSpraying.quorum", 1, 1],
  ["testbed.attacks.lowAndSlow.quorum", 1, 1],
  ["testbed.honestSignalledPer10000", 0, 1],
  ["testbed.meshGain", 2, 1_000],
];

/** A figure by its path, or `undefined` where its set was not there. */
function figureAt(sets: Printed["sets"], path: string): Figures | number | undefined {
  let at: Figures | number | undefined = sets;
  for (const name of path.split(".")) at = typeof at === "object" ? at[name] : undefined;
  return at;
}

/** Every number of some figures. */
function numbersIn(figures: Figures): number[] {
  return Object.values(figures).flatMap((value) =>
    typeof value === "number" ? [value] : numbersIn(value),
  );
}

describe("the evaluation", () => {
  it(
    "names the sets whose folder is missing and runs what makes its own data",
    async () => {
      const { stdout, sets, missing } = await evaluate("--data", EMPTY);
      expect(Object.keys(sets)).toEqual(["testbed"]);
      expect(missing).not.toContain("testbed");
      if (missing.length > 0) expect(stdout).toContain(`missing: ${missing.join(", ")}`);
      expect(stdout.startsWith(`${CONFIGURATION}\n`)).toBe(true);
      expect(stdout).toContain("| set | figure | ours | beside |");
    },
    LIMIT_MS,
  );

  it("refuses a set that does not exist, and says which do", async () => {
    const failed = await evaluate("--only", "nonesuch").catch((error) => error);
    expect(failed).toMatchObject({ code: 2 });
    expect(failed.stderr).toContain("no set nonesuch; there are ");
  });

  it.skipIf(!existsSync(DATA))(
    "gives numbers for every set of ../shared/data (skipped where that folder is absent)",
    async () => {
      const { sets, missing, stdout } = await evaluate("--data", DATA);
      for (const [name, figures] of Object.entries(sets)) {
        const numbers = numbersIn(figures);
        expect.soft(numbers.length, name).toBeGreaterThan(0);
        expect.soft(numbers.every(Number.isFinite), name).toBe(true);
        expect.soft(stdout, name).toContain(`| ${name} | `);
      }
      for (const [path, least, most] of BOUNDS) {
        if (sets[path.slice(0, path.indexOf("."))] === undefined) continue;
        const figure = figureAt(sets, path);
        expect.soft(figure, path).toBeGreaterThanOrEqual(least);
        expect.soft(figure, path).toBeLessThanOrEqual(most);
      }
      // What is missing was not there: a set that fails ends the run with another exit code.
      for (const part of missing) expect.soft(existsSync(join(DATA, part)), part).toBe(false);
    },
    LIMIT_MS,
  );
});

const ROW = { set: "nab", figure: "standard", ours: "61.2", beside: "HTM 70.2, fitted" };
const PRINTED = [
  "One configuration.",
  "",
  "| set | figure | ours | beside |",
  "|---|---|---|---|",
  rowText(ROW),
  "",
  "missing: adbench",
  '{"sets":{"nab":{"standard":61.2}},"missing":["adbench"]}',
].join("\n");
const PAGE = "# A page\n\n<!-- eval:begin -->\nold\n<!-- eval:end -->\n\nThe rest.\n";

describe("the evaluation's table", () => {
  it("is read back as it was written, whatever a figure says", () => {
    expect(readRow(rowText(ROW))).toEqual(ROW);
    expect(readRow(rowText({ ...ROW, beside: "" }))).toEqual({ ...ROW, beside: "" });
    expect(readRow(rowText({ ...ROW, ours: "1 | 2\n3" }))?.ours).toBe("1 / 2 3");
    expect(readRow("| set | figure | ours | beside |")).toBeUndefined();
    expect(readRow("no row")).toBeUndefined();
  });

  it("is written between its marks and touches nothing else", () => {
    const page = withEvalTable(PAGE, PRINTED);
    expect(page).toContain("| nab | standard | 61.2 | HTM 70.2, fitted |");
    expect(page).toContain("Missing in this run: adbench.");
    expect(page.startsWith("# A page\n\n<!-- eval:begin -->\n")).toBe(true);
    expect(page.endsWith("<!-- eval:end -->\n\nThe rest.\n")).toBe(true);
    expect(withEvalTable(page, PRINTED)).toBe(page);
  });

  it("of the README is the one that its own result generates", () => {
    expect(evalTableFaults(readFileSync(join(ROOT, "README.md"), "utf8"))).toEqual([]);
  });

  it("has a fault once a number is edited, and where there is no table", () => {
    const page = withEvalTable(PAGE, PRINTED);
    expect(evalTableFaults(page)).toEqual([]);
    expect(evalTableFaults(page.replace("61.2 |", "99.9 |"))).toHaveLength(1);
    expect(evalTableFaults(PAGE)).toHaveLength(1);
    expect(evalTableFaults("# No table\n")).toHaveLength(1);
  });

  it("is refused without one block, without rows, and with marks of its own", () => {
    expect(() => withEvalTable("# No table\n", PRINTED)).toThrow("no block");
    expect(() => withEvalTable(PAGE, '{"sets":{},"missing":[]}')).toThrow("no table");
    const hostile = PRINTED.replace("61.2 |", "a --> b |");
    expect(() => withEvalTable(PAGE, hostile)).toThrow("two dashes");
  });
});
