// The frozen settings on streams and tables of our own that they were not chosen on. A change of a
// constant or a member is judged here, never on a benchmark.

import { expect, test } from "vitest";
import { RowDetector, StreamDetector } from "../../../agents/src/scorer/learned/numeric/index.ts";
import { scaledHalfSpaceTrees } from "./half-space-trees.ts";
import { normalMarks, rawMarks } from "./nab-marks.ts";
import { rankingFigures } from "./ranking.ts";
import { syntheticTable } from "./synthetic-rows.ts";
import { syntheticStream } from "./synthetic-streams.ts";

/** Settings were chosen on seeds up to 192 of streams, up to 60 of tables. */
const HELD_OUT = 1_001;
const STANDARD = { tpWeight: 1, fpWeight: 0.11, fnWeight: 1 };

test("the stream detector's line reaches 60 of 100 on streams that it was not chosen on", () => {
  let [raw, count] = [0, 0];
  for (let seed = HELD_OUT; seed < HELD_OUT + 24; seed++) {
    const { times, values, windows } = syntheticStream(seed);
    const detector = new StreamDetector();
    const alarms = values.flatMap((value, row) =>
      detector.push(times[row] as number, value).isAlarm ? [row] : [],
    );
    raw += rawMarks(alarms, values.length, windows, STANDARD);
    count += windows.length;
  }
  expect(normalMarks(raw, count, STANDARD)).toBeGreaterThan(60);
});

test("the row detector ranks better than half-space trees on tables it was not chosen on", () => {
  let [ours, theirs, tables] = [0, 0, 0];
  for (let seed = HELD_OUT; seed < HELD_OUT + 8; seed++) {
    const { rows, isAnomaly } = syntheticTable(seed);
    if (!isAnomaly.includes(true)) continue;
    const columns = (rows[0] as Float64Array).length;
    const [detector, trees] = [new RowDetector(columns, seed), scaledHalfSpaceTrees(columns, seed)];
    ours += rankingFigures(
      rows.map((row) => detector.push(row)),
      isAnomaly,
    ).rocAuc;
    theirs += rankingFigures(
      rows.map((row) => trees.push(row)),
      isAnomaly,
    ).rocAuc;
    tables++;
  }
  expect(tables).toBeGreaterThan(4);
  expect(ours / tables).toBeGreaterThan(0.75);
  expect(ours).toBeGreaterThan(theirs);
});
