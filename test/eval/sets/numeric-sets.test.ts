// The two numeric sets on folders made for the purpose: other files than the measured ones, some
// damaged, some not there.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Random } from "../../sim/random.ts";
import { floats, npy, npz } from "../numeric/npz-file.ts";
import { normal } from "../numeric/synthetic-streams.ts";
import { adbench } from "./adbench.ts";
import { nab, readStream } from "./nab.ts";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ostraka-eval-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function write(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

const run = (set: typeof nab, isShort = false) => set.run({ folder, isShort, say: () => {} });

const PROFILES = JSON.stringify({
  standard: { CostMatrix: { tpWeight: 1, fpWeight: 0.11, fnWeight: 1 } },
  reward_low_FP_rate: { CostMatrix: { tpWeight: 1, fpWeight: 0.22, fnWeight: 1 } },
  reward_low_FN_rate: { CostMatrix: { tpWeight: 1, fpWeight: 0.11, fnWeight: 2 } },
});

/** Noise at five minutes a row, with a jump at a row. */
function stream(rows: number, jumpAt: number): string {
  const chance = new Random(3);
  const lines = Array.from({ length: rows }, (_, i) => {
    const time = new Date(Date.UTC(2014, 3, 1) + i * 300_000).toISOString();
    const value = 20 + normal(chance) + (i >= jumpAt ? 25 : 0);
    return `${time.slice(0, 10)} ${time.slice(11, 19)},${value}`;
  });
  return ["timestamp,value", ...lines, ""].join("\n");
}

/** Rows 1,400 to 1,600 of such a stream. */
const WINDOW = ["2014-04-05 20:40:00.000000", "2014-04-06 13:20:00.000000"];

describe("the set nab", () => {
  test("marks streams of other categories, and says which files and labels are missing", async () => {
    await write("config/profiles.json", PROFILES);
    await write("data/traffic/jump.csv", stream(2_000, 1_480));
    await write("data/traffic/unlabelled.csv", stream(1_200, 9_999));
    await write("data/other/odd.csv", "time;value\n1;2\n");
    const labels = { "traffic/jump.csv": [WINDOW], "traffic/gone.csv": [], "other/odd.csv": [] };
    await write("labels/combined_windows.json", JSON.stringify(labels));
    const { figures, missing, rows } = await run(nab);
    expect(figures["standard"]).toBeGreaterThan(60);
    expect(Object.keys(figures)).toEqual(["standard", "lowFp", "lowFn"]);
    expect(missing).toEqual([
      "data/other/odd.csv (no header timestamp,value)",
      "data/traffic/gone.csv",
      "labels/combined_windows.json: traffic/unlabelled.csv",
    ]);
    expect(rows.every(({ beside }) => beside === "")).toBe(true);
  });

  test("gives no figure without labels, and says what is missing", async () => {
    await write("data/traffic/jump.csv", stream(300, 200));
    const { figures, missing } = await run(nab);
    expect(figures).toEqual({});
    expect(missing).toEqual(["labels/combined_windows.json", "config/profiles.json"]);
  });

  test("gives no figure where no window is labelled", async () => {
    await write("config/profiles.json", PROFILES);
    await write("data/a/b.csv", stream(300, 200));
    await write("labels/combined_windows.json", JSON.stringify({ "a/b.csv": [] }));
    const { figures, missing } = await run(nab);
    expect(figures).toEqual({});
    expect(missing).toEqual(["labels/combined_windows.json: any window"]);
  });

  test("reads rows with a gap in them, and refuses what is no row", () => {
    const head = "timestamp,value\n";
    const good = `${head}2014-04-01 00:00:00,1.5\r\n2014-04-01 00:05:00.5,\n2014-04-01T00:10:00,x\n`;
    expect(readStream(good)).toEqual({
      times: [0, 5, 10].map((minute) => Date.UTC(2014, 3, 1, 0, minute)),
      values: [1.5, Number.NaN, Number.NaN],
    });
    expect(readStream(`${head}2014-04-01 00:00:00;1\n`)).toBe("line 2 is no time and value");
    expect(readStream(`${head}2014-13-41 00:00:00,1\n`)).toBe("line 2 is no time and value");
    expect(readStream(head)).toBe("no rows");
    expect(readStream("")).toBe("no header timestamp,value");
  });
});

describe("the set adbench", () => {
  function table(rows: number): Buffer {
    const chance = new Random(1);
    const labels = Array.from({ length: rows }, (_, i) => (i < 20 ? 1 : 0));
    const values = labels.flatMap((label) =>
      Array.from({ length: 4 }, () => normal(chance) + 6 * label),
    );
    return npz([
      { name: "X.npy", bytes: npy("<f8", `(${rows}, 4)`, floats(values)) },
      { name: "y.npy", bytes: npy("|u1", `(${rows},)`, Buffer.from(labels)) },
    ]);
  }

  test("gives figures of any table, of three detectors, and names what it cannot read", async () => {
    await write("7_other.npz", table(600));
    await write("8_broken.npz", table(600).subarray(100));
    await write(
      "9_headless.npz",
      npz([{ name: "y.npy", bytes: npy("|u1", "(1,)", Buffer.of(1)) }]),
    );
    await write("notes.txt", "not a table");
    const { figures, missing, rows } = await run(adbench, true);
    expect(Object.keys(figures)).toEqual([
      "rocAuc",
      "ap",
      "files",
      "halfSpaceTrees",
      "randomCutForest",
    ]);
    expect(Object.keys(figures["files"] as object)).toEqual(["other"]);
    expect(figures["rocAuc"]).toBeGreaterThan(0.95);
    expect(missing).toHaveLength(2);
    expect(missing[0]).toMatch(/^8_broken\.npz \(/);
    expect(missing[1]).toBe("9_headless.npz (no rows in X)");
    expect(rows.map(({ figure }) => figure)).toEqual(["mean AUC/AP of 1 tables", "other AUC/AP"]);
  });

  test("says so when there is no table at all", async () => {
    expect(await run(adbench)).toEqual({ figures: {}, rows: [], missing: ["any table"] });
  });
});
