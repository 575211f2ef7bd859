// The promise of DESIGN.md 5, held: false signals x c stay at or below honest subject-days, with
// the upper 95 % bound, and deliberate bugs in the money are seen. Figures come from processes of
// their own, two at a time, because a mutant must be in place before the product loads.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { openEnsemble } from "../../../agents/src/scorer/ensemble.ts";
import { replaceOnce } from "../../sim/mutant-hook.ts";
import { countSignals } from "./false-signals.ts";
import { INSIDE } from "./honest-class.ts";
import type { Measured } from "./measures.ts";
import { MONEY_MUTANTS } from "./mutants.ts";
import { blockIn, INSIDE_MEASURES, PAGE, promiseBlock } from "./readme-table.ts";
import { countBound, meanBound } from "./upper-bound.ts";
import { countScorerSignals } from "./whole-scorer.ts";

const MAIN = join(import.meta.dirname, "main.ts");
const ROOT = join(import.meta.dirname, "..", "..", "..");
const LIMIT_MS = 180_000;
const run = promisify(execFile);

async function measure(name: string, mutant?: string): Promise<Measured[]> {
  const flags = mutant === undefined ? [] : ["--mutant", mutant];
  const { stdout } = await run(process.execPath, [MAIN, "--measure", name, ...flags]);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Measured[];
}

/** Figures whose upper bound is over 1. */
function broken(measured: readonly Measured[]): string[] {
  return measured
    .filter(({ bound }) => bound > 1)
    .map(({ name, lineMdb, bound }) => `${name} at ${lineMdb}: ${bound}`);
}

describe("honest sources", () => {
  it(
    "keep false signals x c within their days at 10 to 40 dB, as the page says",
    async () => {
      const outsideToo = measure("outside");
      const inside: Measured[] = [];
      for (const name of INSIDE_MEASURES) inside.push(...(await measure(name)));
      const outside = await outsideToo;
      expect(broken(inside)).toEqual([]);
      const sources = inside.filter(({ name }) => INSIDE.has(name));
      const counted = sources.filter(({ isWeighed }) => !isWeighed);
      expect(counted.map(({ lineMdb }) => lineMdb)).toEqual(
        [...INSIDE].flatMap(() => [10_000, 20_000, 30_000]),
      );
      expect(Math.min(...counted.map(({ subjectDays }) => subjectDays))).toBe(100_000);
      // A promise that is kept by saying nothing is none: signals come, and the rare ones too.
      for (const one of sources) expect.soft(one.signals, `${one.name} ${one.lineMdb}`).not.toBe(0);
      const stale = outside.filter(({ name }) => name.startsWith("stale"));
      expect(broken(stale), "outside the class the figures show it").toHaveLength(4);
      const page = blockIn(readFileSync(PAGE, "utf8"), "promise");
      expect(page, "run node test/eval/promise/readme-table.ts").toBe(
        promiseBlock(inside, outside),
      );
    },
    LIMIT_MS,
  );

  it.each(["growing", "busy", "hosts", "twice"])(
    "keep it when measured by %s",
    async (name) => expect(broken(await measure(name))).toEqual([]),
    LIMIT_MS,
  );

  it("draw the very signals that the whole scorer draws", () => {
    for (const [name, kinds] of INSIDE) {
      const population = { kinds, subjects: 20, days: 50, seed: 5 };
      for (const lineMdb of [3_000, 10_000]) {
        const [alone] = countSignals(population, openEnsemble().source, [lineMdb]);
        expect(countScorerSignals(population, lineMdb, 1), name).toEqual(alone);
        expect(alone?.signals).toBeGreaterThan(0);
      }
    }
  });
});

describe("a deliberate bug in the money", () => {
  it.each(MONEY_MUTANTS.map((mutant) => [mutant.breaks, mutant] as const))(
    "breaks the promise when %s",
    async (_, { name, measure: by }) => {
      expect(broken(await measure(by, name))).not.toEqual([]);
    },
    LIMIT_MS,
  );

  it("stands in the source exactly once", () => {
    for (const { edits } of MONEY_MUTANTS) {
      for (const edit of edits) {
        const source = readFileSync(join(ROOT, edit.file), "utf8");
        expect(replaceOnce(source, edit)).not.toBe(source);
      }
    }
  });
});

describe("an upper bound", () => {
  it("is over what was counted, and closer the more was counted", () => {
    expect(countBound(0)).toBeCloseTo(3, 1);
    expect(countBound(100) / 100).toBeLessThan(1.2);
    expect(meanBound(10, 10, 100)).toBeGreaterThan(0.1);
    expect(meanBound(100, 100, 100)).toBe(1);
  });
});
