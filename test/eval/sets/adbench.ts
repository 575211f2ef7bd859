// ADBench's classical tables as streams: our ensemble, half-space trees and a random cut forest on
// the same seeded shuffles, each judging a row before it learns it. Owns the reading of the folder.
// Labels are opened when all verdicts of a shuffle are in; no setting is chosen by table or by set.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { RowDetector } from "../../../agents/src/scorer/learned/numeric/index.ts";
import { Random } from "../../sim/random.ts";
import type { EvalOptions, EvalResult, EvalRow, EvalSet } from "../eval-set.ts";
import { scaledHalfSpaceTrees } from "../numeric/half-space-trees.ts";
import { type NpyArray, NpzError, readNpz } from "../numeric/npz.ts";
import { RandomCutForest } from "../numeric/random-cut-forest.ts";
import { type RankingFigures, rankingFigures } from "../numeric/ranking.ts";

const SHUFFLES = 10;
const SHORT_SHUFFLES = 2;
/** The short form leaves larger tables out. */
const SHORT_ROWS_MAX = 2_000;

/** Offline isolation forest, fit and asked on all rows (README of the set): context, no rival. */
const OFFLINE: ReadonlyMap<string, string> = new Map([
  ["smtp", ".904/.004"],
  ["shuttle", ".997/.977"],
  ["mammography", ".861/.205"],
  ["annthyroid", ".832/.322"],
  ["pendigits", ".947/.269"],
  ["satimage-2", ".993/.926"],
  ["cardio", ".926/.544"],
  ["letter", ".648/.096"],
  ["vowels", ".767/.171"],
]);

interface Detector {
  push(row: Float64Array): number;
}

/** Name of the figure, and a new detector for a shuffle. */
const DETECTORS = [
  ["ours", (columns: number, seed: number): Detector => new RowDetector(columns, seed)],
  ["halfSpaceTrees", (columns: number, seed: number) => scaledHalfSpaceTrees(columns, seed)],
  ["randomCutForest", (columns: number, seed: number) => new RandomCutForest(columns, seed)],
] as const;

type DetectorName = (typeof DETECTORS)[number][0];

export const adbench: EvalSet = { name: "adbench", run };

async function run({ folder, isShort, say }: EvalOptions): Promise<EvalResult> {
  const missing: string[] = [];
  const rows: EvalRow[] = [];
  const files: Record<string, RankingFigures> = {};
  const all: Record<DetectorName, RankingFigures[]> = {
    ours: [],
    halfSpaceTrees: [],
    randomCutForest: [],
  };
  const names = (await readdir(folder)).filter((name) => name.endsWith(".npz"));
  for (const name of names.sort()) {
    const table = readTable(await readFile(join(folder, name)));
    if (typeof table === "string") {
      missing.push(`${name} (${table})`);
      continue;
    }
    if (isShort && table.rows > SHORT_ROWS_MAX) continue;
    const title = name.replace(/^\d+_/, "").replace(/\.npz$/, "");
    const shuffles = isShort ? SHORT_SHUFFLES : SHUFFLES;
    const beside: string[] = [];
    for (const [detector, open] of DETECTORS) {
      const { figures, perSecond } = streamed(table, shuffles, open);
      say(`${title} ${detector}: ${figuresText(figures)}, ${perSecond} rows/s`);
      all[detector].push(figures);
      if (detector === "ours") files[title] = figures;
      else beside.push(`${detector} ${figuresText(figures)}`);
    }
    const offline = OFFLINE.get(title);
    if (offline !== undefined) beside.push(`offline isolation forest ${offline}`);
    const ours = figuresText(files[title] as RankingFigures);
    rows.push({ figure: `${title} AUC/AP`, ours, beside: beside.join(", ") });
  }
  if (all.ours.length === 0) return { figures: {}, rows, missing: [...missing, "any table"] };
  const means = {
    ours: meanOf(all.ours),
    halfSpaceTrees: meanOf(all.halfSpaceTrees),
    randomCutForest: meanOf(all.randomCutForest),
  };
  const { ours, ...peers } = means;
  const peersText = Object.entries(peers).map(([name, mean]) => `${name} ${figuresText(mean)}`);
  rows.unshift({
    figure: `mean AUC/AP of ${all.ours.length} tables`,
    ours: figuresText(ours),
    beside: peersText.join(", "),
  });
  return { figures: { ...ours, files, ...peers }, rows, missing };
}

interface Table {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
  readonly labels: Float64Array;
}

/** @returns the table, or what is wrong with it. */
function readTable(file: Uint8Array): Table | string {
  let arrays: Map<string, NpyArray>;
  try {
    arrays = readNpz(file);
  } catch (error) {
    if (error instanceof NpzError) return error.message;
    throw error;
  }
  const [x, y] = [arrays.get("X"), arrays.get("y")];
  const [rows = 0, columns = 0] = x?.shape ?? [];
  if (x === undefined || rows === 0 || columns === 0) return "no rows in X";
  if (y === undefined || y.values.length !== rows) return `y is not ${rows} labels`;
  return { rows, columns, values: x.values, labels: y.values };
}

function streamed(
  { rows, columns, values, labels }: Table,
  shuffles: number,
  open: (columns: number, seed: number) => Detector,
) {
  const figures: RankingFigures[] = [];
  let tookMs = 0;
  for (let seed = 1; seed <= shuffles; seed++) {
    const order = shuffled(rows, seed);
    const strangeness = new Float64Array(rows);
    const began = performance.now();
    const detector = open(columns, seed);
    for (let i = 0; i < rows; i++) {
      const from = (order[i] as number) * columns;
      strangeness[i] = detector.push(values.subarray(from, from + columns));
    }
    tookMs += performance.now() - began;
    const isAnomaly = Uint8Array.from(order, (row) => (labels[row] === 1 ? 1 : 0));
    figures.push(rankingFigures(strangeness, isAnomaly));
  }
  const perSecond = Math.round((rows * shuffles) / (tookMs / 1_000));
  return { figures: meanOf(figures), perSecond };
}

/** Fisher and Yates; the same for every detector. */
function shuffled(rows: number, seed: number): Uint32Array {
  const chance = new Random(seed);
  const order = new Uint32Array(rows).map((_, i) => i);
  for (let i = rows - 1; i > 0; i--) {
    const j = chance.int(0, i);
    const moved = order[i] as number;
    order[i] = order[j] as number;
    order[j] = moved;
  }
  return order;
}

function meanOf(figures: readonly RankingFigures[]): RankingFigures {
  const mean = (of: (each: RankingFigures) => number) =>
    figures.reduce((sum, each) => sum + of(each), 0) / figures.length;
  return { rocAuc: mean((each) => each.rocAuc), ap: mean((each) => each.ap) };
}

function figuresText({ rocAuc, ap }: RankingFigures): string {
  return `${rocAuc.toFixed(3)}/${ap.toFixed(3)}`;
}
