// Rows of numbers through the numeric ensemble, each judged and then learned, beside scikit-learn's
// Isolation Forest fed one by one as well; and how well either ranks what was strange.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { RowDetector } from "../../../agents/src/scorer/learned/numeric/index.ts";
import { readNpz } from "../../eval/numeric/npz.ts";
import { rankingFigures } from "../../eval/numeric/ranking.ts";
import { Random } from "../../sim/random.ts";
import { type Bench, median, newRow, type Result, skip } from "../row.ts";

const NAME = "numeric";
const TABLE = fileURLToPath(
  new URL("../../../../shared/data/adbench/6_cardio.npz", import.meta.url),
);
const CHILD = fileURLToPath(new URL("../children/isolation-forest.py", import.meta.url));
/** Debian's Python is not always the first one. */
const PYTHONS = ["python3", "/usr/bin/python3"];
/** Shuffles of the table, after a beginning that does not count. */
const ROUNDS = 3;
const BEGINNING = 2 * 256;
/** A forest is fitted so often, on so many of the latest rows: as many as ours keeps. */
const FIT_EVERY = 256;
const WINDOW = 1_024;
/** Ten times a peer that judges one row a call; as good a ranking. */
const GOAL_SPEED = 10;
const GOAL_AUC = 1;

export const numeric: Bench = { name: NAME, run };

interface Judged {
  readonly strangeness: readonly number[];
  /** Of processor time. */
  readonly seconds: number;
}

async function run(say: (line: string) => void): Promise<Result> {
  if (!existsSync(TABLE)) return skip(NAME, `no ${TABLE}`);
  const python = PYTHONS.find((path) => spawnSync(path, ["-c", "import sklearn"]).status === 0);
  if (python === undefined) {
    return skip(NAME, "no scikit-learn beside it (apt install python3-sklearn)");
  }
  const peer = openPeer(python);
  try {
    return await compare(peer, say);
  } finally {
    peer.end();
  }
}

async function compare(peer: Peer, say: (line: string) => void): Promise<Result> {
  const speeds: [number[], number[]] = [[], []];
  const areas: [number[], number[]] = [[], []];
  const { rows: table, labels } = readTable();
  for (let seed = 0; seed <= ROUNDS; seed++) {
    const order = shuffled(table.length, seed).slice(0, seed === 0 ? BEGINNING : undefined);
    const rows = order.map((row) => table[row] as Float64Array);
    const isAnomaly = order.map((row) => labels[row] === 1);
    for (const [side, judged] of [judge(rows, seed), await peer.judge(rows, seed)].entries()) {
      if (seed === 0) continue;
      speeds[side]?.push(rows.length / judged.seconds);
      areas[side]?.push(rankingFigures(judged.strangeness, isAnomaly).rocAuc);
    }
  }
  say(`${table.length} rows of ${table[0]?.length} columns, ${ROUNDS} shuffles`);
  const [ours, floor] = speeds.map(median) as [number, number];
  const [ourArea, itsArea] = areas.map(median) as [number, number];
  const fed = `Isolation Forest row by row, fitted every ${FIT_EVERY}`;
  const shared = { direction: "at-least" } as const;
  return {
    rows: [
      newRow({
        ...{ ...shared, name: "numeric ensemble", ours, floor, goal: GOAL_SPEED },
        ...{ unit: "rows a second of one core", beside: `scikit-learn's ${fed}` },
      }),
      newRow({
        ...{ ...shared, name: "numeric ensemble, ROC-AUC", ours: ourArea, floor: itsArea },
        ...{ goal: GOAL_AUC, unit: "cardio of ADBench, streamed", beside: "the same" },
      }),
    ],
    skipped: [],
  };
}

function readTable(): { readonly rows: readonly Float64Array[]; readonly labels: Float64Array } {
  const arrays = readNpz(readFileSync(TABLE));
  const [x, y] = [arrays.get("X"), arrays.get("y")];
  if (x === undefined || y === undefined) throw new Error(`no X and y in ${TABLE}`);
  const columns = x.shape[1] as number;
  const rows = Array.from(y.values, (_, i) => x.values.subarray(i * columns, (i + 1) * columns));
  return { rows, labels: y.values };
}

/** Fisher and Yates. */
function shuffled(rows: number, seed: number): number[] {
  const chance = new Random(seed);
  const order = Array.from({ length: rows }, (_, i) => i);
  for (let i = rows - 1; i > 0; i--) {
    const j = chance.int(0, i);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

function judge(rows: readonly Float64Array[], seed: number): Judged {
  const detector = new RowDetector(rows[0]?.length ?? 0, seed);
  const start = process.cpuUsage();
  const strangeness = rows.map((row) => detector.push(row));
  const { user, system } = process.cpuUsage(start);
  return { strangeness, seconds: (user + system) / 1e6 };
}

interface Peer {
  judge(rows: readonly Float64Array[], seed: number): Promise<Judged>;
  end(): void;
}

function openPeer(python: string): Peer {
  const child = spawn(python, [CHILD], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${CHILD} ended before it answered`);
    return JSON.parse(value);
  };
  const isReady = read();
  return {
    async judge(rows, seed) {
      await isReady;
      const asked = { rows: rows.map((row) => [...row]), every: FIT_EVERY, window: WINDOW, seed };
      child.stdin.write(`${JSON.stringify(asked)}\n`);
      return (await read()) as Judged;
    },
    end: () => child.stdin.end(),
  };
}
