// Runs the simulator in processes of its own, for the suites that want its verdict: two at a time,
// for the two cores of a small machine.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "main.ts");

/**
 * Seeds in which a checker still finds something, with what is known of each: shown as skipped, and
 * run by nobody until they are mended.
 */
export const OPEN_SEEDS: ReadonlyMap<number, string> = new Map(
  [
    ...readFileSync(join(import.meta.dirname, "open-seeds.txt"), "utf8").matchAll(
      /^(\d+)\s+(.+)$/gm,
    ),
  ].map(([, seed, why]) => [Number(seed), String(why)]),
);

/** Flags for a run of many seeds. */
export function seedsFlags(first: number, count: number): string[] {
  const skip = [...OPEN_SEEDS.keys()].join(",");
  return ["--seed", `${first}`, "--seeds", `${count}`, ...(skip === "" ? [] : ["--skip", skip])];
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let running = 0;
const queue: (() => void)[] = [];

/**
 * Runs the simulator in a process of its own; two at a time, for the two cores of a small
 * machine.
 */
export async function sim(...args: string[]): Promise<Ran> {
  while (running >= 2) await new Promise<void>((resolve) => queue.push(resolve));
  running++;
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (part: Buffer) => (stdout += String(part)));
      child.stderr.on("data", (part: Buffer) => (stderr += String(part)));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout, stderr }));
    });
  } finally {
    running--;
    queue.shift()?.();
  }
}

/** What a failed run has to say: violations and errors, without the list of seeds. */
export function complaint({ stdout, stderr }: Ran): string {
  const lines = stdout
    .split("\n")
    .filter((line) => !/^seed \d+$/.test(line) && !line.includes("="));
  return [...lines, ...stderr.split("\n").filter((line) => line.includes("Error"))]
    .join("\n")
    .trim();
}
