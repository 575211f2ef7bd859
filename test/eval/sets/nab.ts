// The Numenta Anomaly Benchmark: the univariate detector alone on its streams, with the one line
// that was frozen on other streams. Owns the reading of its folder. No label is opened before every
// verdict on every stream is in; nothing here is chosen by stream or by set.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { StreamDetector } from "../../../agents/src/scorer/learned/numeric/index.ts";
import type { EvalOptions, EvalResult, EvalRow, EvalSet } from "../eval-set.ts";
import { normalMarks, type Profile, rawMarks, windowsOf } from "../numeric/nab-marks.ts";

const PROFILES = "config/profiles.json";
const LABELS = "labels/combined_windows.json";
/** The benchmark's names of its profiles, and ours. */
const FIGURES = [
  ["standard", "standard", "ARTime 75.4, Numenta HTM 70.2, random cut forest 49.4"],
  ["reward_low_FP_rate", "lowFp", "ARTime 64.3, Numenta HTM 63.4, random cut forest 43.3"],
  ["reward_low_FN_rate", "lowFn", "ARTime 81.2, Numenta HTM 74.4, random cut forest 60.6"],
] as const;
/** The figures above hold for these files only, lines fitted to the labels. */
const PUBLISHED_FILES = 38;
/** In the short form: files of each category. */
const SHORT_FILES = 2;

interface Verdicts {
  readonly file: string;
  readonly times: readonly number[];
  readonly alarms: readonly number[];
}

export const nab: EvalSet = { name: "nab", run };

async function run({ folder, isShort, say }: EvalOptions): Promise<EvalResult> {
  const missing: string[] = [];
  const verdicts: Verdicts[] = [];
  const began = performance.now();
  for (const file of await streamFiles(folder, isShort)) {
    const stream = readStream(await readFile(join(folder, "data", file), "utf8"));
    if (typeof stream === "string") missing.push(`data/${file} (${stream})`);
    else verdicts.push({ file, times: stream.times, alarms: alarmsOf(stream) });
  }
  const rows = verdicts.reduce((sum, { times }) => sum + times.length, 0);
  const perSecond = Math.round(rows / ((performance.now() - began) / 1_000));
  say(`${verdicts.length} streams, ${rows} rows, ${perSecond} rows/s`);
  const labels = await readJson(join(folder, LABELS));
  const weights = await readJson(join(folder, PROFILES));
  if (labels === undefined) missing.push(LABELS);
  if (weights === undefined) missing.push(PROFILES);
  if (labels === undefined || weights === undefined) return { figures: {}, rows: [], missing };
  return { ...marked(verdicts, labels, weights, missing, isShort), missing };
}

/** `category/file.csv`, in order of the name. */
async function streamFiles(folder: string, isShort: boolean): Promise<string[]> {
  const files: string[] = [];
  const entries = await readdir(join(folder, "data"), { withFileTypes: true }).catch(() => []);
  const categories = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  for (const category of categories.sort()) {
    const names = await readdir(join(folder, "data", category));
    const streams = names.filter((name) => name.endsWith(".csv")).sort();
    const taken = isShort ? streams.slice(0, SHORT_FILES) : streams;
    files.push(...taken.map((name) => `${category}/${name}`));
  }
  return files;
}

interface Stream {
  readonly times: readonly number[];
  readonly values: readonly number[];
}

const ROW = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?\s*,(.*)$/;

/** @returns the stream, or what is wrong with it. An empty or odd value is a missing row. */
export function readStream(text: string): Stream | string {
  const lines = text.split(/\r?\n/);
  if (lines[0]?.trim() !== "timestamp,value") return "no header timestamp,value";
  const times: number[] = [];
  const values: number[] = [];
  for (const [i, line] of lines.entries()) {
    if (i === 0 || line.trim() === "") continue;
    const found = ROW.exec(line);
    const timeMs = found === null ? Number.NaN : utcMs(found[1] as string, found[2] as string);
    if (found === null || Number.isNaN(timeMs)) return `line ${i + 1} is no time and value`;
    const value = (found[4] as string).trim();
    times.push(timeMs);
    values.push(value === "" ? Number.NaN : Number(value));
  }
  return times.length === 0 ? "no rows" : { times, values };
}

function utcMs(day: string, time: string): number {
  return Date.parse(`${day}T${time}Z`);
}

function alarmsOf({ times, values }: Stream): number[] {
  const detector = new StreamDetector();
  const alarms: number[] = [];
  for (const [row, timeMs] of times.entries()) {
    if (detector.push(timeMs, values[row] as number).isAlarm) alarms.push(row);
  }
  return alarms;
}

type Json = { readonly [key: string]: unknown };

/** Undefined where there is no file, or none that is JSON. */
async function readJson(path: string): Promise<Json | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function marked(
  verdicts: readonly Verdicts[],
  labels: Json,
  weights: Json,
  missing: string[],
  isShort: boolean,
) {
  const known = new Set(verdicts.map(({ file }) => file));
  for (const file of Object.keys(labels)) {
    const isNamed = missing.some((part) => part.startsWith(`data/${file} `));
    if (!isShort && !known.has(file) && !isNamed) missing.push(`data/${file}`);
  }
  const streams = verdicts.flatMap(({ file, times, alarms }) => {
    const spans = labels[file] as [string, string][] | undefined;
    if (spans === undefined) {
      missing.push(`${LABELS}: ${file}`);
      return [];
    }
    const inMs = spans.map(([from, to]) => [labelMs(from), labelMs(to)] as const);
    return [{ category: file.split("/")[0] as string, times, alarms, spans: inMs }];
  });
  if (!streams.some(({ spans }) => spans.length > 0)) missing.push(`${LABELS}: any window`);
  const categories = [...new Set(streams.map(({ category }) => category))];
  const figures: Record<string, number> = {};
  const rows: EvalRow[] = [];
  for (const [name, figure, published] of FIGURES) {
    const profile = (weights[name] as { CostMatrix: Profile } | undefined)?.CostMatrix;
    if (profile === undefined) {
      missing.push(`${PROFILES}: ${name}`);
      continue;
    }
    const { marks, alarms, windows } = marksOf(streams, profile);
    if (windows === 0) continue;
    figures[figure] = marks;
    const beside = verdicts.length === PUBLISHED_FILES ? `${published} (fitted lines)` : "";
    rows.push({ figure, ours: `${marks.toFixed(1)} (${alarms} alarms)`, beside });
    if (figure !== "standard") continue;
    for (const category of categories) {
      const part = marksOf(
        streams.filter((stream) => stream.category === category),
        profile,
      );
      const marks = part.windows === 0 ? "no window" : part.marks.toFixed(1);
      const ours = `${marks} (${part.alarms} alarms, ${part.windows} windows)`;
      rows.push({ figure: `standard, ${category}`, ours, beside: "" });
    }
  }
  return { figures, rows };
}

interface Labelled {
  readonly category: string;
  readonly times: readonly number[];
  readonly alarms: readonly number[];
  readonly spans: readonly (readonly [number, number])[];
}

/** Without any window there is no scale: NaN then, and the number of alarms says it. */
function marksOf(streams: readonly Labelled[], profile: Profile) {
  let [raw, count, alarmCount] = [0, 0, 0];
  for (const { times, alarms, spans } of streams) {
    const windows = windowsOf(times, spans);
    raw += rawMarks(alarms, times.length, windows, profile);
    count += windows.length;
    alarmCount += alarms.length;
  }
  return { marks: normalMarks(raw, count, profile), windows: count, alarms: alarmCount };
}

/** `2014-04-10 07:15:00.000000`, UTC. */
function labelMs(text: string): number {
  return utcMs(text.slice(0, 10), text.slice(11, 19));
}
