// The entry of the `ostraka` command. Loads as little as it can BEFORE it knows what is asked for;
// the commands are in program.ts and load their own parts.

import { enableCompileCache } from "node:module";

if (import.meta.main) {
  // Deprecations of libraries are for whoever develops them, not for whoever types a command.
  process.noDeprecation = true;
  enableCompileCache();
  const { runProgram } = await import("./program.ts");
  const code = await runProgram(process.argv.slice(2));
  // What was said is out first; a connection to a coordinator that hangs keeps nobody waiting.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}
