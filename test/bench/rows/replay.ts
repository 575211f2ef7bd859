// `replay` from log lines to evidence, beside fail2ban-regex with its own sshd filter: whole
// processes on the same file, their start included on both sides.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChild } from "../child.ts";
import { type Bench, interleave, newRow, only, type Result, skip } from "../row.ts";

const LOG = fileURLToPath(
  new URL("../../../../shared/data/linux-auth-elastic/auth.log", import.meta.url),
);
const REPEATS = 6;
const ROUNDS = 5;
const NAME = "replay";

export const replay: Bench = { name: NAME, run };

async function run(): Promise<Result> {
  if (!existsSync(LOG)) return skip(NAME, `no ${LOG}`);
  if (!(await isInstalled())) {
    return skip(NAME, "no fail2ban-regex beside it (apt install fail2ban)");
  }
  const dir = mkdtempSync(join(tmpdir(), "ostraka-bench-"));
  try {
    const path = join(dir, "auth.log");
    const text = readFileSync(LOG, "utf8").trimEnd();
    writeFileSync(path, `${Array(REPEATS).fill(text).join("\n")}\n`);
    const lines = text.split("\n").length * REPEATS;
    const [ours = 0, floor = 1] = await interleave(
      ROUNDS,
      () => linesPerSecond(lines, () => replayFile(path)),
      () => linesPerSecond(lines, () => runFail2ban([path, "sshd"])),
    );
    return only(
      newRow({
        name: NAME,
        ours,
        floor,
        goal: 10,
        direction: "at-least",
        unit: "log lines/s, whole process",
        beside: "fail2ban-regex with its sshd filter",
      }),
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function linesPerSecond(lines: number, work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (lines / (performance.now() - startMs)) * 1000;
}

async function replayFile(path: string): Promise<void> {
  await using child = startChild("replay-file.ts", path);
  const { signals } = JSON.parse(await child.line()) as { readonly signals: number };
  if (signals === 0) throw new Error("replay saw nothing in a log with an attack");
}

/** @returns its exit code; `undefined` when it is not there. */
async function runFail2ban(args: readonly string[]): Promise<number | undefined> {
  const child = spawn("fail2ban-regex", args, { stdio: "ignore" });
  try {
    const [code] = await once(child, "exit");
    return code;
  } catch {
    return undefined; // not installed
  }
}

async function isInstalled(): Promise<boolean> {
  return (await runFail2ban(["--version"])) !== undefined;
}
