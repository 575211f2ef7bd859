import { expect, test } from "vitest";
import { COUNT_MAX, CountTable, join, mix, NOT_TAKEN } from "./count-table.ts";

const key = (i: number) => mix(i * 7_919 + 1);

test("it counts as a map does while there is room", () => {
  const cells = new Int32Array(600);
  const table = new CountTable(50, 512);
  const twin = new Map<number, number>();
  for (let i = 0; i < 5_000; i++) {
    const one = key((i * i) % 61);
    expect(table.add(cells, one)).toBe(twin.get(one) ?? 0);
    twin.set(one, (twin.get(one) ?? 0) + 1);
  }
  for (const [one, count] of twin) expect(table.count(cells, one)).toBe(count);
  expect(table.keys(cells)).toBe(twin.size);
  expect(table.sum(cells, (count) => count)).toBe(5_000);
  expect(table.count(cells, key(1_000))).toBe(0);
});

test("a flood of new keys drives out what is rare, never what is frequent, nor a word outside", () => {
  const cells = new Int32Array(600).fill(7, 0, 50).fill(7, 562);
  const table = new CountTable(50, 512);
  for (let i = 0; i < 20 * 200; i++) table.add(cells, key(i % 20));
  for (let i = 100; i < 5_100; i++) table.add(cells, key(i));
  for (let i = 0; i < 20; i++) {
    expect(table.count(cells, key(i))).toBeGreaterThan(100);
    expect(table.count(cells, key(i))).toBeLessThanOrEqual(200);
  }
  expect([...cells.slice(0, 50), ...cells.slice(562)].every((word) => word === 7)).toBe(true);
});

test("a key that was never counted is found less than once in ten thousand", () => {
  const cells = new Int32Array(512);
  const table = new CountTable(0, 512);
  for (let i = 0; i < 10_000; i++) table.add(cells, key(i));
  let found = 0;
  for (let i = 0; i < 100_000; i++) if (table.count(cells, join(i, 5)) > 0) found++;
  expect(found).toBeLessThan(20);
});

test("a count stops at its bound and halves; what was counted once is forgotten", () => {
  const cells = new Int32Array(4);
  const table = new CountTable(0, 4);
  for (let i = 0; i < COUNT_MAX + 10; i++) table.add(cells, key(1));
  table.add(cells, key(2));
  expect(table.count(cells, key(1))).toBe(COUNT_MAX);
  table.halve(cells);
  expect(table.count(cells, key(1))).toBe(COUNT_MAX >> 1);
  expect(table.count(cells, key(2))).toBe(0);
});

test("in a bucket of frequent keys a new one must first press the rarest down", () => {
  const cells = new Int32Array(4);
  const table = new CountTable(0, 4);
  for (let i = 0; i < 12; i++) table.add(cells, key(i % 4));
  expect(table.add(cells, key(9))).toBe(NOT_TAKEN);
  expect(table.count(cells, key(9))).toBe(0);
  let tries = 1;
  while (table.add(cells, key(9)) === NOT_TAKEN) tries++;
  expect(tries).toBe(2);
  expect(table.count(cells, key(9))).toBe(1);
});
