// `npm run bench [-- --json] [-- --only NAME]`: measures each path and the floor beneath it in one
// run, and prints both sides. A measurement, never a test: its exit code says only whether it
// could measure.

import { parseArgs } from "node:util";
import type { Bench, Result, Row, Skipped } from "./row.ts";
import { approvals } from "./rows/approvals.ts";
import { crowdsec } from "./rows/crowdsec.ts";
import { gate } from "./rows/gate.ts";
import { fullHistory, history } from "./rows/history.ts";
import { idle } from "./rows/idle.ts";
import { killLane } from "./rows/kill-lane.ts";
import { lookUp } from "./rows/look-up.ts";
import { mesh } from "./rows/mesh.ts";
import { numeric } from "./rows/numeric.ts";
import { replay } from "./rows/replay.ts";
import { scorer } from "./rows/scorer.ts";
import { scorerMemory } from "./rows/scorer-memory.ts";
import { signals } from "./rows/signals.ts";
import { verdicts } from "./rows/verdicts.ts";
import { tableText } from "./table.ts";

const BENCHES: readonly Bench[] = [
  lookUp,
  signals,
  gate,
  replay,
  crowdsec,
  scorer,
  scorerMemory,
  numeric,
  idle,
  mesh,
  verdicts,
  approvals,
  killLane,
  history,
  fullHistory,
];
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** @returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const wish = readWish(args);
  if (typeof wish === "string") {
    process.stderr.write(`bench: ${wish}\n`);
    return EXIT_USAGE;
  }
  const rows: Row[] = [];
  const skipped: Skipped[] = [];
  let failures = 0;
  for (const bench of wish.benches) {
    const startMs = performance.now();
    const say = (line: string) => process.stderr.write(`  ${line}\n`);
    process.stderr.write(`${bench.name}…\n`);
    try {
      const result: Result = await bench.run(say);
      rows.push(...result.rows);
      skipped.push(...result.skipped);
    } catch (error) {
      failures++;
      say(`failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      skipped.push({ name: bench.name, why: "it failed; the reason is above" });
    }
    say(`${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  }
  process.stdout.write(`${tableText({ rows, skipped })}\n`);
  if (wish.isJson) process.stdout.write(`${JSON.stringify({ rows, skipped })}\n`);
  return failures === 0 ? 0 : EXIT_FAILED;
}

function readWish(
  args: readonly string[],
): string | { readonly benches: readonly Bench[]; readonly isJson: boolean } {
  const options = { json: { type: "boolean" }, only: { type: "string", multiple: true } } as const;
  let values: { json?: boolean; only?: string[] };
  try {
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { only, json = false } = values;
  const unknown = only?.find((name) => !BENCHES.some((bench) => bench.name === name));
  const names = BENCHES.map((bench) => bench.name).join(", ");
  if (unknown !== undefined) return `there is no "${unknown}": name one of ${names}`;
  const benches = BENCHES.filter(
    ({ name, isOnRequest }) => only?.includes(name) ?? isOnRequest !== true,
  );
  return { benches, isJson: json };
}

process.exitCode = await main(process.argv.slice(2));
