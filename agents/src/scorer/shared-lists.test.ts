// Lists by place: what many subjects remember alike is kept once, and nobody's list ever changes.

import { expect, test } from "vitest";
import { NO_LISTS, withList } from "./shared-lists.ts";

test("a list stands at its place, and no place before it that had none gets another", () => {
  const lists = withList(NO_LISTS, 2, [7]);
  expect(lists).toEqual([[], [], [7]]);
  expect(withList(lists, 0, [1, 0])).toEqual([[1, 0], [], [7]]);
});

test("what was held before another list was put there is as it was", () => {
  const before = withList(NO_LISTS, 1, [0]);
  withList(before, 1, [1]);
  withList(before, 0, [40_000]);
  expect(before).toEqual([[], [0]]);
});

test("small lists are kept once for all subjects, names of accounts are not", () => {
  const one = withList(withList(NO_LISTS, 1, [0]), 3, [1]);
  expect(withList(withList(NO_LISTS, 1, [0]), 3, [1])).toBe(one);
  expect(withList(NO_LISTS, 0, [-40_000])).not.toBe(withList(NO_LISTS, 0, [-40_000]));
  expect(withList(NO_LISTS, 0, [1, 2, 3])).not.toBe(withList(NO_LISTS, 0, [1, 2, 3]));
});

test("lists that read alike in one text are not taken for each other", () => {
  expect(withList(NO_LISTS, 1, [1])).toEqual([[], [1]]);
  expect(withList(NO_LISTS, 0, [1])).toEqual([[1]]);
  expect(withList(withList(NO_LISTS, 0, [1, 2]), 1, [])).toEqual([[1, 2], []]);
  expect(withList(withList(NO_LISTS, 0, [1]), 1, [2])).toEqual([[1], [2]]);
});
