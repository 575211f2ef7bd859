import { describe, expect, test } from "vitest";
import { hashText } from "../observation.ts";
import { FACETS } from "./facets.ts";
import {
  chanceOfNew,
  countMember,
  GROUP_FACETS,
  idOf,
  isNewToGroup,
  membersOf,
  SKETCH_WORDS,
  takeTrial,
  trialsOf,
} from "./group-sketch.ts";

const COUNTRY = GROUP_FACETS.indexOf(FACETS.indexOf("Country"));
const AGENT = GROUP_FACETS.indexOf(FACETS.indexOf("Agent"));
const RESOURCE = GROUP_FACETS.indexOf(FACETS.indexOf("Resource"));
const value = (n: number) => hashText(`value ${n}`);
const member = (n: number) => hashText(`user:acme/member-${n}`);
const open = () => new Int32Array(SKETCH_WORDS);

describe("what a group has shown", () => {
  test("is told from what it has not, facet by facet", () => {
    const sketch = open();
    expect(isNewToGroup(sketch, AGENT, value(1))).toBe(true);
    takeTrial(sketch, AGENT, value(1));
    expect(isNewToGroup(sketch, AGENT, value(1))).toBe(false);
    expect(isNewToGroup(sketch, AGENT, value(2))).toBe(true);
    expect(isNewToGroup(sketch, COUNTRY, value(1))).toBe(true);
  });

  test("says how likely the next new thing is: things seen just once over trials", () => {
    const sketch = open();
    for (let n = 0; n < 100; n++) takeTrial(sketch, AGENT, value(n % 5));
    expect(chanceOfNew(sketch, AGENT)).toBeCloseTo(0.5 / 101, 12);
    for (const n of [10, 11, 12]) takeTrial(sketch, AGENT, value(n));
    expect(chanceOfNew(sketch, AGENT)).toBeCloseTo(3.5 / 104, 12);
    takeTrial(sketch, AGENT, value(11));
    expect(chanceOfNew(sketch, AGENT)).toBeCloseTo(2.5 / 105, 12);
  });

  test("estimates the chance of a long tail within a third of what then comes", () => {
    const sketch = open();
    let state = 9;
    const draw = () => {
      state = (state * 48_271) % 2_147_483_647;
      return value(Math.floor(600 * (state / 2_147_483_647) ** 3));
    };
    for (let n = 0; n < 1_000; n++) takeTrial(sketch, RESOURCE, draw());
    const said = chanceOfNew(sketch, RESOURCE);
    let fresh = 0;
    for (let n = 0; n < 4_000; n++) if (isNewToGroup(sketch, RESOURCE, draw())) fresh++;
    expect(fresh).toBeGreaterThan(100);
    expect(said / (fresh / 4_000)).toBeGreaterThan(2 / 3);
    expect(said / (fresh / 4_000)).toBeLessThan(4 / 3);
  });

  test("keeps its size; what is in use stays while a thousand things are invented", () => {
    const sketch = open();
    for (let n = 0; n < 1_000; n++) {
      takeTrial(sketch, AGENT, value(1_000 + n));
      for (let used = 0; used < 5; used++) takeTrial(sketch, AGENT, value(used));
    }
    for (let used = 0; used < 5; used++) {
      expect(isNewToGroup(sketch, AGENT, value(used))).toBe(false);
    }
    expect(isNewToGroup(sketch, AGENT, value(1_000))).toBe(true);
    expect(trialsOf(sketch, AGENT)).toBeLessThan(4_096);
    expect(sketch).toHaveLength(SKETCH_WORDS);
    expect(4 * SKETCH_WORDS).toBeLessThan(9_500);
  });

  test("takes at most one new thing in a thousand for known, full as it may be", () => {
    const sketch = open();
    for (let n = 0; n < 20_000; n++) takeTrial(sketch, RESOURCE, value(n));
    let met = 0;
    for (let n = 0; n < 20_000; n++) {
      if (!isNewToGroup(sketch, RESOURCE, value(1_000_000 + n))) met++;
    }
    expect(met).toBeLessThan(20);
  });
});

describe("the members of a group", () => {
  test("are counted once each, however often they teach", () => {
    const sketch = open();
    expect([idOf(sketch), membersOf(sketch)]).toEqual([0, 0]);
    for (let day = 0; day < 10; day++)
      for (let n = 0; n < 7; n++) countMember(sketch, member(n), day);
    expect(membersOf(sketch)).toBe(7);
  });

  test.each([3, 20, 60, 200])("are counted within a tenth: %i", (size) => {
    const sketch = open();
    for (let n = 0; n < size; n++) countMember(sketch, member(n), 5);
    expect(Math.abs(membersOf(sketch) - size)).toBeLessThanOrEqual(1 + size / 10);
  });

  test("are forgotten after two generations, and not before one", () => {
    const sketch = open();
    for (let n = 0; n < 9; n++) countMember(sketch, member(n), 100);
    for (let day = 101; day < 160; day++) countMember(sketch, member(50), day);
    expect(membersOf(sketch)).toBe(10);
    countMember(sketch, member(50), 160);
    expect(membersOf(sketch)).toBe(1);
  });

  test("gone for half a year are no members", () => {
    const sketch = open();
    for (let n = 0; n < 9; n++) countMember(sketch, member(n), 100);
    countMember(sketch, member(50), 300);
    expect(membersOf(sketch)).toBe(1);
  });

  test("of a wrong clock far ahead keep no generation for ever", () => {
    const sketch = open();
    countMember(sketch, member(0), 100);
    countMember(sketch, member(1), 900_000);
    for (let day = 101; day < 170; day++) {
      for (let n = 2; n < 6; n++) countMember(sketch, member(n), day);
    }
    expect(membersOf(sketch)).toBe(4);
  });

  test("give a group its id, which stays", () => {
    const [one, other] = [open(), open()];
    countMember(one, member(1), 100);
    countMember(other, member(1), 101);
    expect(idOf(one)).not.toBe(0);
    expect(idOf(one)).not.toBe(idOf(other));
    const before = idOf(one);
    countMember(one, member(2), 400);
    expect(idOf(one)).toBe(before);
  });
});

test("any numbers at all in a sketch are read and written without leaving it", () => {
  for (const word of [-1, 0x7fffffff, -0x80000000, 0x55555555]) {
    const sketch = open().fill(word);
    for (let i = 0; i < GROUP_FACETS.length; i++) {
      isNewToGroup(sketch, i, value(i));
      takeTrial(sketch, i, value(i));
      expect(isNewToGroup(sketch, i, value(i))).toBe(false);
    }
    for (const day of [0, -5, 3_000_000]) countMember(sketch, member(1), day);
    expect(sketch).toHaveLength(SKETCH_WORDS);
    expect(membersOf(sketch)).toBeGreaterThanOrEqual(0);
  }
});
