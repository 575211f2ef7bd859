// `replay` from log lines to evidence, beside fail2ban-regex with its own sshd filter: whole
// processes on the same file, their start included on both sides.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { AUTH_LOG, linesPerSecond, replayLog, writeLongLog } from "../long-log.ts";
import { type Bench, interleave, newRow, only, type Result, skip } from "../row.ts";

const REPEATS = 24;
const ROUNDS = 5;
const NAME = "replay";

export const replay: Bench = { name: NAME, run };

async function run(): Promise<Result> {
  if (!(await isInstalled())) {
    return skip(NAME, "no fail2ban-regex beside it (apt install fail2ban)");
  }
  using log = writeLongLog(REPEATS);
  if (log === undefined) return skip(NAME, `no ${AUTH_LOG}`);
  const { path, lines } = log;
  const [ours = 0, floor = 1] = await interleave(
    ROUNDS,
    () => linesPerSecond(lines, () => replayLog(path)),
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
