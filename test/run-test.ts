// `npm test`: generated code, wire compatibility, types, style, then every test; a table at the
// end. A failed step does not stop the next one. Arguments go to vitest as filters.

import {
  type CheckResult,
  checkBreaking,
  checkGenerated,
  checkStyle,
  checkTypes,
} from "./run-test/checks.ts";
import { type Counts, closingLines, type Step } from "./run-test/report.ts";
import { runTests } from "./run-test/vitest.ts";

const CHECKS: readonly (readonly [string, () => Promise<CheckResult>])[] = [
  ["generated code", checkGenerated],
  ["wire formats", checkBreaking],
  ["types", checkTypes],
  ["style", checkStyle],
];

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function runCheck(check: () => Promise<CheckResult>): Promise<Counts> {
  const result = await check();
  if (result.kind === "failed") print(result.why.trimEnd());
  if (result.kind === "skipped") print(`  skipped: ${result.why}`);
  const count = (kind: CheckResult["kind"]) => (result.kind === kind ? 1 : 0);
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}

async function main(filters: readonly string[]): Promise<void> {
  const steps: Step[] = [];
  const tests: readonly [string, () => Promise<Counts>] = ["tests", () => runTests(filters)];
  const checks = CHECKS.map(([name, check]) => [name, () => runCheck(check)] as const);
  for (const [name, run] of [...checks, tests]) {
    print(`• ${name}`);
    const startMs = performance.now();
    const counts = await run();
    steps.push({ name, counts, seconds: (performance.now() - startMs) / 1000 });
  }
  for (const line of closingLines(steps)) print(line);
  process.exitCode = steps.some((step) => step.counts.failed > 0) ? 1 : 0;
}

await main(process.argv.slice(2));
