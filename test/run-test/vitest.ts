// One run of vitest, shown as it goes and counted from its own report: a run that died early is one
// failure, never none.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { type Counts, countsOf } from "./report.ts";

/** Runs tests with these arguments of vitest: filters, a configuration. */
export async function runTests(filters: readonly string[]): Promise<Counts> {
  const dir = await mkdtemp(join(tmpdir(), "ostraka-test-"));
  const file = join(dir, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  try {
    const result = await runCommand("vitest", ["run", ...reporters, ...filters], { isShown: true });
    const text = await readFile(file, "utf8").catch(() => undefined); // absent: vitest died early
    return countsOf(text === undefined ? undefined : JSON.parse(text), result.isOk);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
