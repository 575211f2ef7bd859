// A real Linux auth log of 25 days on an open port: how soon the one burst against real accounts
// is signalled, and whom else that costs. Owns the counting. Whether a source is honest is derived
// from the lines alone, AFTER every verdict is in: it was accepted before any burst of its own.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openFormat } from "../../../sidecar/src/sources/formats.ts";
import { type EvalOptions, type EvalResult, type EvalSet, rowOf } from "../eval-set.ts";
import { type LogRun, runLog } from "../logs/run-log.ts";

const FILE = "auth.log";
/** The year the log is from, which it does not state (its README). */
const YEAR = 2017;
const SUSPECT = "address:24.151.103.17";
/** Refused this often within `BURST_MS` is a burst: what fail2ban's defaults ban for. */
const BURST_FAILURES = 5;
const BURST_MS = 600_000;
const DAY_MS = 86_400_000;
/** Times the speed is taken; the best is said, since others share the machine. */
const SPEED_RUNS = 3;

export const linuxAuthElastic: EvalSet = { name: "linux-auth-elastic", run };

async function run({ folder, isShort }: EvalOptions): Promise<EvalResult> {
  const text = await readFile(join(folder, FILE), "utf8").catch(() => undefined);
  if (text === undefined) return { figures: {}, rows: [], missing: [FILE] };
  const lines = text.split("\n").filter((line) => line !== "");
  let linesPerSecond = 0;
  let last: LogRun | undefined;
  for (let n = 0; n < (isShort ? 1 : SPEED_RUNS); n++) {
    const startMs = performance.now();
    last = runLog(lines, parserOf());
    linesPerSecond = Math.max(
      linesPerSecond,
      lines.length / ((performance.now() - startMs) / 1000),
    );
  }
  const verdicts = last as LogRun;
  const failuresBeforeSignal = failuresBefore(verdicts);
  const honest = honestSources(verdicts);
  const honestSignalled = [...honest].filter((source) => verdicts.signalled.has(source)).length;
  const signalsPerDay = verdicts.signals / Math.max(1, daysOf(verdicts));
  const figures = {
    failuresBeforeSignal,
    honestSignalled,
    signalsPerDay: round(signalsPerDay),
    linesPerSecond: Math.round(linesPerSecond),
  };
  const failing = new Set(verdicts.failures.map(({ source }) => source));
  const hit = [...failing].filter((source) => verdicts.signalled.has(source)).length;
  return {
    figures,
    rows: [
      rowOf(`failures before ${SUSPECT.slice(8)} is signalled`, failuresBeforeSignal, "fail2ban 5"),
      rowOf("honest sources signalled", `${honestSignalled} of ${honest.size}`),
      rowOf("signals a day", figures.signalsPerDay),
      rowOf("failing sources signalled", `${hit} of ${failing.size}`, "fail2ban bans 46 of 130"),
      rowOf("lines/s, parse and score", figures.linesPerSecond.toLocaleString("en-US")),
    ],
    missing: [],
  };
}

function parserOf() {
  const parser = openFormat("auth-log", { host: "host", realm: "eval", year: YEAR });
  if (parser === undefined) throw new Error("auth-log is no format any more");
  return parser;
}

/** Failures up to and with the one that was signalled; all of them where none was; -1 without. */
function failuresBefore({ failures, signalled }: LogRun): number {
  const own = failures.filter(({ source }) => source === SUSPECT);
  const atLine = signalled.get(SUSPECT) ?? Number.POSITIVE_INFINITY;
  return own.length === 0 ? -1 : own.filter(({ line }) => line <= atLine).length;
}

/** Sources whose first acceptance came before any burst of theirs. */
function honestSources({ failures, successes }: LogRun): Set<string> {
  const bursts = new Map<string, number>();
  const recent = new Map<string, number[]>();
  for (const { source, timeMs } of failures) {
    const times = [...(recent.get(source) ?? []), timeMs].filter((t) => t > timeMs - BURST_MS);
    recent.set(source, times);
    if (times.length >= BURST_FAILURES && !bursts.has(source)) bursts.set(source, timeMs);
  }
  const honest = new Set<string>();
  for (const { source, timeMs } of successes) {
    if (timeMs < (bursts.get(source) ?? Number.POSITIVE_INFINITY)) honest.add(source);
  }
  honest.delete(SUSPECT);
  return honest;
}

function daysOf({ failures, successes }: LogRun): number {
  const days = [...failures, ...successes].map(({ timeMs }) => Math.floor(timeMs / DAY_MS));
  return days.length === 0 ? 0 : Math.max(...days) - Math.min(...days) + 1;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
