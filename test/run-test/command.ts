// Runs one command of the test run in the workspace root, with the pinned Node first on the PATH.
// Ends what it started when the run itself is told to stop.

import { spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const OUTPUT_CHARS_MAX = 1024 * 1024;

export interface CommandResult {
  readonly isOk: boolean;
  /** Standard output and error in the order they came; empty when they were shown directly. */
  readonly output: string;
}

/** Runs a command to its end. `isShown` gives it this process's own output. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { readonly isShown?: boolean; readonly cwd?: string } = {},
): Promise<CommandResult> {
  const { isShown = false, cwd = ROOT } = options;
  return new Promise((resolve) => {
    const stdio = isShown ? "inherit" : "pipe";
    const child = spawn(command, args, { cwd, env: commandEnv(), stdio: ["ignore", stdio, stdio] });
    let output = "";
    const keep = (part: Buffer) => {
      output = (output + part).slice(-OUTPUT_CHARS_MAX);
    };
    const stop = (signal: NodeJS.Signals) => child.kill(signal);
    const settle = (isOk: boolean) => {
      for (const signal of STOP_SIGNALS) process.off(signal, stop);
      resolve({ isOk, output });
    };
    for (const signal of STOP_SIGNALS) process.on(signal, stop);
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    child.on("error", (error) => {
      output += `${command}: ${error.message}\n`;
      settle(false);
    });
    child.on("close", (code) => settle(code === 0));
  });
}

function commandEnv(): NodeJS.ProcessEnv {
  const bin = join(ROOT, "node_modules", ".bin");
  const env = { ...process.env, PATH: [bin, process.env["PATH"] ?? ""].join(delimiter) };
  const isPlain = process.env["CI"] !== undefined || !process.stdout.isTTY;
  return isPlain ? { ...env, NO_COLOR: "1", FORCE_COLOR: undefined } : env;
}
