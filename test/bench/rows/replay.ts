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
/** As many lines as a busy host writes in a year or two: a short log measures start-up. */
const REPEATS = 24;
const YEAR = 2017;
const DAYS_A_REPEAT = 26;
const DAY_MS = 86_400_000;
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
    const repeats = Array.from({ length: REPEATS }, (_, i) => shifted(text, i * DAYS_A_REPEAT));
    writeFileSync(path, `${repeats.join("\n")}\n`);
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

/** The log again, so many days later: times go on, as they do in a real one. */
function shifted(text: string, days: number): string {
  return text.replace(/^(\w{3} [ \d]\d) /gm, (_, date: string) => {
    const later = new Date(Date.parse(`${date} ${YEAR} UTC`) + days * DAY_MS);
    // "Thu, 30 Mar 2017 …": day and month, the day padded with a space as syslog does.
    const [, day = "", month = ""] = later.toUTCString().split(" ");
    return `${month} ${String(Number(day)).padStart(2)} `;
  });
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
