// `npm run sim`: runs seeds of the simulated mesh, or a mutant of it. Standard output is a
// function of the seed and the flags alone; what the wall clock says goes to stderr.

import { enableCompileCache } from "node:module";
import { parseArgs } from "node:util";
import type { Mutant } from "./mutant.ts";
import { applyMutant } from "./mutant-hook.ts";
import { MUTANTS } from "./mutants.ts";
import type { SeedResult } from "./run-seed.ts";

/** Seeds that a mutant may hide from before it counts as a survivor. */
const MUTANT_SEEDS_MAX = 120;
const EXIT_USAGE = 2;

function usage(why: string): never {
  process.stderr.write(
    `sim: ${why}\nusage: npm run sim -- --seed N [--seeds K] [--skip N,M] [--only N,M] [--trace] ` +
      "| --mutants | --mutant NAME\n",
  );
  process.exit(EXIT_USAGE);
}

function wholeNumber(text: string, flag: string): number {
  const n = Number(text);
  return Number.isSafeInteger(n) && n >= 0 ? n : usage(`${flag} wants a whole number`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function flagsOf(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        seed: { type: "string" },
        seeds: { type: "string" },
        skip: { type: "string" },
        only: { type: "string" },
        trace: { type: "boolean" },
        mutants: { type: "boolean" },
        mutant: { type: "string" },
      },
    }).values;
  } catch (cause) {
    return usage(cause instanceof Error ? cause.message : "unknown flag");
  }
}

type Flags = ReturnType<typeof flagsOf>;

/** Seeds that the flags name, in order. @param count how many where they do not say. */
function seedsOf({ seed, seeds, skip, only }: Flags, count: number): number[] {
  if (only !== undefined) return only.split(",").map((text) => wholeNumber(text, "--only"));
  const first = wholeNumber(seed ?? "1", "--seed");
  const skipped = new Set((skip ?? "").split(",").filter(Boolean));
  const length = wholeNumber(seeds ?? `${count}`, "--seeds");
  return Array.from({ length }, (_, i) => first + i).filter((n) => !skipped.has(`${n}`));
}

function countsLine(results: readonly SeedResult[]): string {
  const sums = new Map<string, number>([["seeds", results.length]]);
  for (const { counts } of results) {
    for (const [name, n] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + n);
  }
  return [...sums].map(([name, n]) => `${name}=${n}`).join(" ");
}

function tellRate(seeds: number, startMs: number): void {
  const s = (performance.now() - startMs) / 1_000;
  process.stderr.write(`${seeds} seeds in ${s.toFixed(1)} s, ${(seeds / s).toFixed(2)} a second\n`);
}

async function runSeeds(seeds: Iterable<number>, isTraced: boolean): Promise<number> {
  const { runSeed } = await import("./run-seed.ts");
  const startMs = performance.now();
  const results: SeedResult[] = [];
  let failed = 0;
  for (const seed of seeds) {
    say(`seed ${seed}`);
    const result = runSeed(seed, isTraced ? say : undefined);
    results.push(result);
    for (const { invariant, why, atS } of result.violations) {
      say(`${invariant} violated by seed ${seed} at ${atS} s: ${why}`);
      say(`  see it: npm run sim -- --seed ${seed} --trace`);
    }
    if (result.violations.length === 0) continue;
    failed++;
    say(`  once mended, add a line "${seed}" to test/sim/seeds.txt: it is run ever after`);
  }
  say(countsLine(results));
  tellRate(results.length, startMs);
  return failed === 0 ? 0 : 1;
}

/** @param seeds tried in turn until one catches it. */
async function runMutant(
  mutant: Mutant,
  seeds: Iterable<number>,
  isTraced: boolean,
): Promise<number> {
  const { name } = mutant;
  const hook = applyMutant(mutant);
  const { runSeed } = await import("./run-seed.ts");
  const startMs = performance.now();
  const results: SeedResult[] = [];
  for (const seed of seeds) {
    say(`seed ${seed}`);
    const result = runSeed(seed, isTraced ? say : undefined);
    hook.assertApplied();
    results.push(result);
    const caught = result.violations.find((v) => v.invariant === mutant.invariant);
    if (caught === undefined) continue;
    say(`${caught.invariant} caught ${name} by seed ${seed} at ${caught.atS} s: ${caught.why}`);
    say(countsLine(results));
    tellRate(results.length, startMs);
    return 1;
  }
  say(`${name} survived`);
  say(countsLine(results));
  tellRate(results.length, startMs);
  return 0;
}

function listMutants(): number {
  for (const { name, invariant, breaks } of MUTANTS) say(`${name}  ${invariant}  ${breaks}`);
  return 0;
}

// Half of a short run is reading the source: BEFORE anything of the mesh is imported.
enableCompileCache();
const flags = flagsOf(process.argv.slice(2));
const isTraced = flags.trace === true;
if (flags.mutants === true) process.exitCode = listMutants();
else if (flags.mutant !== undefined) {
  const mutant = MUTANTS.find((m) => m.name === flags.mutant);
  if (mutant === undefined) usage(`no mutant is called ${flags.mutant}; --mutants lists them`);
  // The seed known to catch it comes first.
  const seeds = seedsOf(flags, MUTANT_SEEDS_MAX);
  const inTurn = flags.only === undefined ? new Set([mutant.seed, ...seeds]) : seeds;
  process.exitCode = await runMutant(mutant, inTurn, isTraced);
} else process.exitCode = await runSeeds(seedsOf(flags, 1), isTraced);
