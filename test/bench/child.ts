// Starts a process of the benchmark and talks to it over its lines. Ends every process that it
// started.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const LINE_MS_MAX = 60_000;

export interface Child {
  readonly pid: number;
  /** The next line of its standard output. @throws when it ends first or is silent for a minute. */
  line(): Promise<string>;
  /** Writes a line to its standard input. */
  tell(line: string): void;
  /** Ends it and waits for that. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts the pinned Node on a file of `children/`, or on other arguments as they are. */
export function startChild(file: string, ...args: readonly string[]): Child {
  const path = fileURLToPath(new URL(`./children/${file}`, import.meta.url));
  return startNode(path, ...args);
}

export function startNode(...args: readonly string[]): Child {
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    line: async () => {
      const timer = setTimeout(() => child.kill("SIGKILL"), LINE_MS_MAX);
      const { value, done } = await lines.next();
      clearTimeout(timer);
      if (done === true) throw new Error(`a process ended before it spoke: ${args.join(" ")}`);
      return value;
    },
    tell: (line) => child.stdin.write(`${line}\n`),
    [Symbol.asyncDispose]: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await exit;
  clearTimeout(timer);
}
