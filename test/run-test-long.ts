// `npm run test:long`: the suites that take too long for every push, under `test/long`: more seeds,
// larger meshes. Arguments go to vitest as filters.

import { closingLines } from "./run-test/report.ts";
import { runTests } from "./run-test/vitest.ts";

const startMs = performance.now();
const counts = await runTests(["--config", "test/long/vitest.config.ts", ...process.argv.slice(2)]);
const seconds = (performance.now() - startMs) / 1000;
for (const line of closingLines([{ name: "long tests", counts, seconds }])) {
  process.stdout.write(`${line}\n`);
}
process.exitCode = counts.failed > 0 ? 1 : 0;
