import { expect, test } from "vitest";
import { mix } from "./count-table.ts";
import { RunTable } from "./run-table.ts";

const key = (i: number) => mix(i * 104_729 + 3);

test("counts are exact up to sixteen and near the truth above", () => {
  const cells = new Int32Array(512);
  const table = new RunTable(0, 512);
  const truth = [1, 3, 16, 100, 400, 1_500];
  let moment = 0;
  truth.forEach((count, i) => {
    for (let n = 0; n < count; n++) table.add(cells, key(i), moment++);
  });
  expect(truth.slice(0, 3).map((_, i) => table.count(cells, key(i)))).toEqual([1, 3, 16]);
  truth.forEach((count, i) => {
    expect(table.count(cells, key(i)) / count).toBeGreaterThan(1 / 3);
    expect(table.count(cells, key(i)) / count).toBeLessThan(3);
  });
});

test("on average it neither over- nor undercounts", () => {
  const table = new RunTable(0, 512);
  let sum = 0;
  for (let i = 0; i < 400; i++) {
    const cells = new Int32Array(512);
    for (let n = 0; n < 300; n++) table.add(cells, key(i), n * 31 + i);
    sum += table.count(cells, key(i));
  }
  expect(sum / 400 / 300).toBeGreaterThan(0.93);
  expect(sum / 400 / 300).toBeLessThan(1.07);
});

test("a full table finds what was never counted at most as often as it says", () => {
  const cells = new Int32Array(520).fill(-1, 512);
  const table = new RunTable(0, 512);
  for (let i = 0; i < 5_000; i++) table.add(cells, key(i), i);
  let found = 0;
  for (let i = 0; i < 20_000; i++) if (table.count(cells, key(i + 100_000)) > 0) found++;
  expect(found / 20_000).toBeLessThan(8 / 1_024 + 0.002);
  expect(cells.slice(512).every((word) => word === -1)).toBe(true);
});

test("what is frequent stays through a flood of what is not", () => {
  const cells = new Int32Array(512);
  const table = new RunTable(0, 512);
  for (let n = 0; n < 50; n++) for (let i = 0; i < 40; i++) table.add(cells, key(i), n * 40 + i);
  for (let i = 1_000; i < 3_000; i++) table.add(cells, key(i), i);
  for (let i = 0; i < 40; i++) expect(table.count(cells, key(i))).toBeGreaterThan(15);
});
