// @ts-check
// The entry of the `ostraka` command. Plain JavaScript: what is not TypeScript needs no compiler,
// and whatever is comes out of the compile cache, which is opened here BEFORE the first such file.
// Loads as little as it can before it knows what is asked for.

import { enableCompileCache } from "node:module";

// Deprecations of libraries are for whoever develops them, not for whoever types a command.
process.noDeprecation = true;
enableCompileCache();
// Whoever reads may stop reading: `ostraka verdicts | head` is no failure.
process.stdout.on("error", (error) => {
  if ("code" in error && error.code === "EPIPE") process.exit(0);
});
const argv = process.argv.slice(2);
const [command, flag, config] = argv;
// As a service is started. What runs for months does not hold the grammar of all other commands.
const isSidecar = argv.length === 3 && command === "sidecar" && flag === "--config";
const code = isSidecar && config !== undefined ? await sidecar(config) : await program();
// What was said is out first; a connection to a coordinator that hangs keeps nobody waiting.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));

/** @param {string} config */
async function sidecar(config) {
  const { startSidecar } = await import("./start-sidecar.ts");
  return startSidecar(config);
}

async function program() {
  const { runProgram } = await import("./program.ts");
  return runProgram(argv);
}
