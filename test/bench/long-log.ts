// The auth log of the data sets, again and again and later each time, as a file: as many lines as a
// busy host writes in a year or two, since a short log measures start-up. And the speed of a whole
// process over it.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChild } from "./child.ts";

export const AUTH_LOG = fileURLToPath(
  new URL("../../../shared/data/linux-auth-elastic/auth.log", import.meta.url),
);
const YEAR = 2017;
const DAYS_A_REPEAT = 26;
const DAY_MS = 86_400_000;

export interface LongLog extends Disposable {
  readonly folder: string;
  readonly path: string;
  readonly lines: number;
}

/** @returns `undefined` when the data set is not there. */
export function writeLongLog(repeats: number): LongLog | undefined {
  if (!existsSync(AUTH_LOG)) return undefined;
  const text = readFileSync(AUTH_LOG, "utf8").trimEnd();
  const folder = mkdtempSync(join(tmpdir(), "ostraka-bench-"));
  const path = join(folder, "auth.log");
  const texts = Array.from({ length: repeats }, (_, i) => shifted(text, i * DAYS_A_REPEAT));
  writeFileSync(path, `${texts.join("\n")}\n`);
  return {
    ...{ folder, path, lines: text.split("\n").length * repeats },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
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

export async function linesPerSecond(lines: number, work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (lines / (performance.now() - startMs)) * 1000;
}

/** A process of its own replays the file to its end. @throws when it saw nothing. */
export async function replayLog(path: string): Promise<void> {
  await using child = startChild("replay-file.mjs", path);
  const { signals } = JSON.parse(await child.line()) as { readonly signals: number };
  if (signals === 0) throw new Error("replay saw nothing in a log with an attack");
}
