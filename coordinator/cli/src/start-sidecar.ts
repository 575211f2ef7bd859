// `ostraka sidecar --config FILE` without the grammar of the command line. Fails as every command
// does.

import { runSidecarCommand } from "./commands/run-process.ts";
import { exitCodeOf, sentenceOf } from "./failure.ts";
import { openTerminal } from "./terminal.ts";

/** Runs a sidecar until it is told to end. @returns the exit code. */
export async function startSidecar(config: string): Promise<number> {
  const terminal = openTerminal();
  try {
    return await runSidecarCommand({ config }, terminal);
  } catch (error) {
    terminal.note(`ostraka: ${sentenceOf(error)}`);
    return exitCodeOf(error);
  }
}
