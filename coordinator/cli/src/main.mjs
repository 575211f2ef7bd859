// @ts-check
// The entry of the `ostraka` command. Plain JavaScript: what is not TypeScript needs no compiler,
// and whatever is comes out of the compile cache, which is opened here BEFORE the first such file.
// Loads as little as it can before it knows what is asked for.

import { enableCompileCache } from "node:module";

// Deprecations of libraries are for whoever develops them, not for whoever types a command.
process.noDeprecation = true;
enableCompileCache();
const { runProgram } = await import("./program.ts");
const code = await runProgram(process.argv.slice(2));
// What was said is out first; a connection to a coordinator that hangs keeps nobody waiting.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
