import { expect, test } from "vitest";
import { openChance } from "../../../testkit/learned-run.ts";
import { cellsFor, fieldAt, openPacking, setField } from "./packed-counts.ts";

test.each([4, 12, 16])("fields of %d bits keep their value beside any neighbour", (bits) => {
  const packing = openPacking(bits);
  const fields = 40;
  const cells = new Float64Array(2 + cellsFor(packing, fields));
  const twin = new Array<number>(fields).fill(0);
  const chance = openChance(bits);
  for (let n = 0; n < 5_000; n++) {
    const i = Math.floor(chance() * fields);
    const value = Math.floor(chance() * (packing.max + 1));
    setField(packing, cells, 1, i, value);
    twin[i] = value;
  }
  expect(twin.map((_, i) => fieldAt(packing, cells, 1, i))).toEqual(twin);
  expect([cells[0], cells.at(-1)]).toEqual([0, 0]);
});

test("a value outside of a field is brought to its nearest end", () => {
  const packing = openPacking(4);
  const cells = new Float64Array(1);
  setField(packing, cells, 0, 3, 99);
  setField(packing, cells, 0, 4, -5);
  expect([2, 3, 4, 5].map((i) => fieldAt(packing, cells, 0, i))).toEqual([0, 15, 0, 0]);
});
