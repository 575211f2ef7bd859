// The set `masquerade` in short: figures against brute force, labels in every spelling, a folder
// that is not as it should be, and invented users on whom ours must beat the published peer.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { masquerade } from "../sets/masquerade.ts";
import { readLabels, sameUser } from "./labels.ts";
import { type Ranked, rankingOf } from "./ranking.ts";
import { type InventedUser, inventUsers, POPULATION } from "./synthetic.ts";

describe("a ranking", () => {
  const blocks: Ranked[] = Array.from({ length: 300 }, (_, i) => ({
    strangeness: (i * 7_919) % 23,
    isMasquerade: (i * 31) % 11 === 0,
  }));

  test("has the area that comparing every pair gives, ties half", () => {
    const strange = blocks.filter((block) => block.isMasquerade);
    const own = blocks.filter((block) => !block.isMasquerade);
    let won = 0;
    for (const a of strange) {
      for (const b of own) won += a.strangeness > b.strangeness ? 1 : 0;
      for (const b of own) won += a.strangeness === b.strangeness ? 0.5 : 0;
    }
    expect(rankingOf(blocks).auc).toBeCloseTo(won / (strange.length * own.length), 12);
  });

  test("counts hits only up to the false alarms allowed, whole groups of ties or none", () => {
    const own = Array.from({ length: 100 }, (_, i) => ({ strangeness: i, isMasquerade: false }));
    const strange = [200, 98.5, 97.5, 94.5, 99, 1].map((strangeness) => ({
      strangeness,
      isMasquerade: true,
    }));
    const { hitsAt1, hitsAt5 } = rankingOf([...own, ...strange]);
    // One alarm in a hundred: above 98. The stranger at 99 shares his place with that one alarm.
    expect(hitsAt1).toBeCloseTo(3 / 6, 12);
    expect(hitsAt5).toBeCloseTo(5 / 6, 12);
  });

  test("is no number where one of the kinds is missing", () => {
    expect(rankingOf([]).auc).toBeNaN();
    expect(rankingOf([{ strangeness: 1, isMasquerade: true }]).ap).toBeNaN();
  });
});

describe("labels", () => {
  const of = (text: string) => {
    const labels = readLabels(text, 4, 50);
    return [0, 1, 2, 3].map((block) => labels.of("User7", block));
  };

  test("are read with a header or without, in any order of columns", () => {
    const said = [false, true, false, undefined];
    expect(of("user,block,masquerader\nuser7,0,0\nuser7,1,1\nuser7,2,0\n")).toEqual(said);
    expect(of("masquerader;block;user\r\n0;0;7\r\n1;1;7\r\n0;2;7\r\n")).toEqual(said);
    expect(of('"7",0,false\n"7",1,true\n"7",2,false')).toEqual(said);
    expect(of("user,block,masquerader\n7,0,7\n7,1,61\n7,2,7")).toEqual(said);
    expect(of("user,block,masquerader\nUser7,0,none\nUser7,1,User61\nUser7,2,User7")).toEqual(said);
  });

  test("may count from 0, from 1, from the owner's first block, or name a line", () => {
    const rows = (first: number, step = 1) =>
      [0, 0, 1, 0].map((one, i) => `7,${first + i * step},${one}`).join("\n");
    const said = [false, false, true, false];
    for (const first of [0, 1, 50, 51]) expect(of(rows(first)), `from ${first}`).toEqual(said);
    expect(of(rows(5_001, 100))).toEqual(said);
    expect(of(rows(5_000, 100))).toEqual(said);
  });

  test("of masquerades alone say of the rest that it is the owner's", () => {
    expect(of("7,1,1\n7,4,1")).toEqual([true, false, false, true]);
  });

  test("that cannot be read are counted", () => {
    expect(readLabels("user,block,masquerader\n7,x,1\n,1,1\n7\n7,0,1", 4, 50).refused).toBe(3);
    expect(sameUser("User 07.txt")).toBe("user7");
    expect(sameUser("alice")).toBe("alice");
  });
});

const SMALL = { ...POPULATION, users: 8, blocks: 40, outsiders: 6, seed: 5 };

describe("the set", () => {
  let folder = "";
  const say = () => undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ostraka-masquerade-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(users: readonly InventedUser[], first = 0): void {
    const labels = ["user,block,masquerader"];
    for (const { user, lines, labels: said } of users) {
      writeFileSync(join(folder, `${user}.txt`), `${lines.join("\n")}\n`);
      said.forEach((one, i) => void labels.push(`${user},${i + first},${one ? 1 : 0}`));
    }
    writeFileSync(join(folder, "labels.csv"), labels.join("\n"));
  }

  test("gives every figure, clearly above one-class naive Bayes on the same blocks", async () => {
    write(inventUsers(SMALL));
    const { figures, rows, missing } = await masquerade.run({ folder, isShort: false, say });
    expect(missing).toEqual([]);
    expect(Object.keys(figures)).toEqual([
      "auc",
      "ap",
      "hitsAt1",
      "hitsAt5",
      "aucLow",
      "aucHigh",
      "aucMeanPerUser",
    ]);
    const auc = figures.auc as number;
    const peer = Number(/here: ([\d.]+)/.exec(rows[0]?.beside ?? "")?.[1]);
    expect(peer).toBeGreaterThan(0.7);
    expect(1 - auc).toBeLessThan((1 - peer) / 2);
    expect(figures.aucLow).toBeLessThanOrEqual(auc);
    expect(figures.aucHigh).toBeGreaterThanOrEqual(auc);
    expect(figures.hitsAt5 as number).toBeGreaterThanOrEqual(figures.hitsAt1 as number);
  });

  test("gives the same figures whether blocks are counted from 0 or 1", async () => {
    const users = inventUsers({ ...SMALL, users: 3, blocks: 30, seed: 9 });
    write(users, 0);
    const fromZero = await masquerade.run({ folder, isShort: true, say });
    write(users, 1);
    expect(await masquerade.run({ folder, isShort: true, say })).toEqual(fromZero);
  });

  test("runs on what is there: users missing, blank lines, other lengths, part of a block", async () => {
    const users = inventUsers({ ...SMALL, users: 4, seed: 11 });
    write(users);
    const [gone, blank, short] = users as [InventedUser, InventedUser, InventedUser];
    rmSync(join(folder, `${gone.user}.txt`));
    const spaced = blank.lines.map((line, i) => (i % 50 === 0 ? `${line}\r\n  \r\n` : line));
    writeFileSync(join(folder, `${blank.user}.txt`), spaced.slice(0, -30).join("\n"));
    writeFileSync(join(folder, `${short.user}.txt`), short.lines.slice(0, 4_000).join("\n"));
    const { figures, missing } = await masquerade.run({ folder, isShort: false, say });
    expect(missing).toEqual([`${short.user}.txt: more than 5000 commands`, `${gone.user}.txt`]);
    expect(Object.values(figures).every(Number.isFinite)).toBe(true);
  });

  test("says what is missing where there are no labels, or nobody", async () => {
    expect((await masquerade.run({ folder, isShort: false, say })).missing).toEqual(["<user>.txt"]);
    write(inventUsers({ ...SMALL, users: 2 }));
    rmSync(join(folder, "labels.csv"));
    expect((await masquerade.run({ folder, isShort: false, say })).missing).toEqual(["labels.csv"]);
  });
});
