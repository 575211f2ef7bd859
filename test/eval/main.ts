// `npm run eval -- --data FOLDER [--json] [--short] [--only NAME]`: what the scorer is worth on real
// data, in one table. A measurement, never a test: its exit code says only whether it could
// measure.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CONFIGURATION } from "./configuration.ts";
import type { EvalResult, EvalSet } from "./eval-set.ts";
import { rowText, TABLE_HEAD } from "./eval-table.ts";
import { adbench } from "./sets/adbench.ts";
import { cloudtrailStratus } from "./sets/cloudtrail-stratus.ts";
import { crowdsecHubTests } from "./sets/crowdsec-hub-tests.ts";
import { fail2banLogs } from "./sets/fail2ban-logs.ts";
import { linuxAuthElastic } from "./sets/linux-auth-elastic.ts";
import { masquerade } from "./sets/masquerade.ts";
import { nab } from "./sets/nab.ts";
import { pantherRuleTests } from "./sets/panther-rule-tests.ts";
import { testbed } from "./sets/testbed.ts";

const SETS: readonly EvalSet[] = [
  nab,
  adbench,
  linuxAuthElastic,
  crowdsecHubTests,
  fail2banLogs,
  testbed,
  masquerade,
  pantherRuleTests,
  cloudtrailStratus,
];
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

interface Wish {
  readonly data: string;
  readonly isJson: boolean;
  readonly isShort: boolean;
  readonly sets: readonly EvalSet[];
}

/** @returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const wish = readWish(args);
  if (typeof wish === "string") {
    process.stderr.write(`eval: ${wish}\n`);
    return EXIT_USAGE;
  }
  if (!(await isFolder(wish.data))) {
    process.stderr.write(`eval: no folder ${wish.data}: every set that reads one is missing\n`);
  }
  const figures: Record<string, EvalResult["figures"]> = {};
  const missing: string[] = [];
  let failures = 0;
  process.stdout.write(`${CONFIGURATION}\n\n${TABLE_HEAD}\n`);
  for (const set of wish.sets) {
    const result = await runSet(set, wish);
    if (result === "failed") failures++;
    if (typeof result === "string") {
      missing.push(set.name);
      continue;
    }
    figures[set.name] = result.figures;
    missing.push(...result.missing.map((part) => `${set.name}/${part}`));
    for (const row of result.rows) {
      process.stdout.write(`${rowText({ set: set.name, ...row })}\n`);
    }
  }
  if (missing.length > 0) process.stdout.write(`\nmissing: ${missing.join(", ")}\n`);
  if (wish.isJson) process.stdout.write(`${JSON.stringify({ sets: figures, missing })}\n`);
  return failures === 0 ? 0 : EXIT_FAILED;
}

async function runSet(
  set: EvalSet,
  { data, isShort }: Wish,
): Promise<EvalResult | "missing" | "failed"> {
  const folder = join(data, set.name);
  if (set.isGenerated !== true && !(await isFolder(folder))) return "missing";
  const say = (line: string) => process.stderr.write(`  ${line}\n`);
  process.stderr.write(`${set.name}…\n`);
  const startMs = performance.now();
  try {
    const result = await set.run({ folder, isShort, say });
    say(`${((performance.now() - startMs) / 1000).toFixed(1)} s`);
    return result;
  } catch (error) {
    say(`failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return "failed";
  }
}

function readWish(args: readonly string[]): Wish | string {
  const options = {
    data: { type: "string", default: "../shared/data" },
    json: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
    only: { type: "string" },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    const names = values.only?.split(",");
    const unknown = names?.find((name) => !SETS.some((set) => set.name === name));
    if (unknown !== undefined) {
      return `no set ${unknown}; there are ${SETS.map((set) => set.name).join(", ")}`;
    }
    const sets = SETS.filter((set) => names === undefined || names.includes(set.name));
    return { data: values.data, isJson: values.json, isShort: values.short, sets };
  } catch (error) {
    return (error as Error).message;
  }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}

process.exitCode = await main(process.argv.slice(2));
