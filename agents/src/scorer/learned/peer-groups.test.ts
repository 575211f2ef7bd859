import { expect, test } from "vitest";
import { hashText, openObservation } from "../observation.ts";
import { CELLS, embedding } from "./embedding.ts";
import {
  GROUPS_MAX,
  groupOf,
  IDLE_DAYS_MAX,
  MEMBERS_MIN,
  moveGroup,
  openGroups,
  WHOLE_HOST,
} from "./peer-groups.ts";

const seen = openObservation();
const nobody = new Int32Array(embedding.peerWords);

/** A subject who did its trade's four things, and one of its own, for a while. */
function person(trade: string, name: string, acts = 400): Int32Array {
  const own = new Int32Array(embedding.words);
  for (let i = 0; i < acts; i++) {
    const n = (i * 7 + name.length) % 5;
    seen.actionHash = hashText(n === 4 ? `own-${name}` : `${trade}-${n}`);
    embedding.note(own, seen, nobody);
    embedding.learn(own, seen);
  }
  return own;
}

function crowd(trade: string, size: number): Int32Array[] {
  return Array.from({ length: size }, (_, i) => person(trade, `${trade}${"x".repeat(i)}`));
}

const [DAY, LATER] = [20_000, 20_001];

test("people of two trades fall into two groups, whoever comes first", () => {
  for (const isTurned of [false, true]) {
    const groups = openGroups();
    const [smiths, clerks] = [crowd("smith", 5), crowd("clerk", 5)];
    const order = smiths.flatMap((smith, i) => [smith, clerks[i] as Int32Array]);
    if (isTurned) order.reverse();
    for (const day of [DAY, LATER]) for (const own of order) moveGroup(groups, own, day);
    const numbers = (of: Int32Array[]) => new Set(of.map((own) => groupOf(groups, own, LATER)));
    expect(numbers(smiths).size).toBe(1);
    expect(numbers(clerks).size).toBe(1);
    expect(new Set([...numbers(smiths), ...numbers(clerks), WHOLE_HOST]).size).toBe(3);
  }
});

test("fewer than three subjects of one day are no peers: the whole host speaks", () => {
  const groups = openGroups();
  const smiths = crowd("smith", MEMBERS_MIN);
  const few = smiths.slice(1);
  for (let day = DAY; day < DAY + 50; day++) {
    for (const own of few) expect(moveGroup(groups, own, day)).toBe(WHOLE_HOST);
  }
  for (const own of smiths) moveGroup(groups, own, DAY + 50);
  expect(groupOf(groups, few[0] as Int32Array, DAY + 50)).not.toBe(WHOLE_HOST);
});

test("one subject counts and pulls once a day, however often it comes and with whatever day", () => {
  const groups = openGroups();
  const own = person("smith", "a");
  moveGroup(groups, own, DAY);
  const after = groups.slice();
  for (let i = 0; i < 100; i++) moveGroup(groups, own, DAY - (i % 3));
  expect(groups).toEqual(after);
});

test("a subject that was taught too little takes no part", () => {
  const groups = openGroups();
  expect(moveGroup(groups, person("smith", "new", 100), DAY)).toBe(WHOLE_HOST);
  expect(groups).toEqual(openGroups());
});

test("whoever turns to another trade pulls the centre at most an eighth of the way a day", () => {
  const groups = openGroups();
  const smiths = crowd("smith", 9);
  for (const own of smiths) moveGroup(groups, own, DAY);
  const before = groups.slice();
  // Near enough to be taken in, yet another.
  const hostile = person("smith", "h", 300);
  for (let i = 0; i < 120; i++) {
    seen.actionHash = hashText("smith-9");
    embedding.learn(hostile, seen);
  }
  moveGroup(groups, hostile, DAY);
  let [moved, length] = [0, 0];
  groups.slice(0, 4 + CELLS).forEach((cell, i) => {
    if (i < 4) return;
    moved += (cell - (before[i] as number)) ** 2;
    length += (before[i] as number) ** 2;
  });
  expect(moved).toBeGreaterThan(0);
  expect(Math.sqrt(moved / length)).toBeLessThan(1 / 8);
});

test("there are at most eight groups; a place is taken again when nobody comes any more", () => {
  const groups = openGroups();
  for (let n = 0; n < GROUPS_MAX; n++) {
    for (const own of crowd(`trade${n}`, 3)) moveGroup(groups, own, DAY);
  }
  const late = crowd("late", 3);
  for (const own of late) expect(moveGroup(groups, own, DAY)).toBe(WHOLE_HOST);
  const far = DAY + IDLE_DAYS_MAX + 1;
  for (const own of late) moveGroup(groups, own, far);
  expect(groupOf(groups, late[0] as Int32Array, far)).not.toBe(WHOLE_HOST);
});

test("loners hold no place against a crowd for more than eight days", () => {
  const groups = openGroups();
  const loners = Array.from({ length: GROUPS_MAX }, (_, n) => person(`odd${n}`, "x"));
  const smiths = crowd("smith", 3);
  const comers = [...loners, ...smiths];
  for (let day = DAY; day < DAY + 7; day++) {
    for (const own of comers) expect(moveGroup(groups, own, day)).toBe(WHOLE_HOST);
  }
  for (let day = DAY + 7; day < DAY + 10; day++) {
    for (const own of comers) moveGroup(groups, own, day);
  }
  expect(groupOf(groups, smiths[0] as Int32Array, DAY + 9)).not.toBe(WHOLE_HOST);
});

test("a wrong clock far ahead neither holds a group nor speaks for it", () => {
  const groups = openGroups();
  const smiths = crowd("smith", 5);
  const ahead = smiths.pop() as Int32Array;
  moveGroup(groups, ahead, DAY + 9_000);
  for (const own of smiths) moveGroup(groups, own, DAY);
  const group = groupOf(groups, smiths[0] as Int32Array, DAY);
  expect(group).not.toBe(WHOLE_HOST);
});

test("a copy of the numbers goes on as the original does", () => {
  const groups = openGroups();
  for (const own of [...crowd("smith", 4), ...crowd("clerk", 4)]) moveGroup(groups, own, DAY);
  const copy = Int32Array.from([...groups]);
  for (const own of [...crowd("clerk", 6), ...crowd("smith", 2)]) {
    const twin = own.slice();
    expect(moveGroup(copy, twin, LATER)).toBe(moveGroup(groups, own, LATER));
    expect(twin).toEqual(own);
  }
  expect(copy).toEqual(groups);
});
