// Rounds: inputs of one turn go together, in order, and none is fed inside another's round.

import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Rounds } from "./rounds.ts";

function collecting() {
  const fed: number[][] = [];
  return { fed, rounds: new Rounds<number>((inputs) => fed.push([...inputs])) };
}

describe("rounds", () => {
  test("inputs of one turn are one round, those of the next are the next", async () => {
    const { fed, rounds } = collecting();
    for (const input of [1, 2, 3]) rounds.push(input);
    expect(fed).toEqual([]);
    await nextTurn();
    rounds.push(4);
    await nextTurn();
    expect(fed).toEqual([[1, 2, 3], [4]]);
  });

  test("a flush feeds at once and leaves nothing for later", async () => {
    const { fed, rounds } = collecting();
    rounds.push(1);
    rounds.flush();
    expect(fed).toEqual([[1]]);
    await nextTurn();
    expect(fed).toEqual([[1]]);
  });

  test("what a round pushes comes in a later round, also when it flushes", async () => {
    const fed: number[][] = [];
    const rounds: Rounds<number> = new Rounds((inputs) => {
      fed.push([...inputs]);
      if (inputs[0] === 1) rounds.push(2);
      rounds.flush();
    });
    rounds.push(1);
    await nextTurn();
    await nextTurn();
    expect(fed).toEqual([[1], [2]]);
  });

  test("a flood is cut into rounds, and what comes again by itself is dropped", async () => {
    const { fed, rounds } = collecting();
    let taken = 0;
    for (let i = 0; i < 30_000; i++) if (rounds.offer(i)) taken++;
    expect(taken).toBe(20_000);
    rounds.push(-1);
    rounds.flush();
    expect(fed.map((round) => round.length)).toEqual([4_096, 4_096, 4_096, 4_096, 3_617]);
    expect(fed.at(-1)?.at(-1)).toBe(-1);
  });

  test("a closed one feeds what waited and takes nothing more", async () => {
    const { fed, rounds } = collecting();
    rounds.push(1);
    rounds.close();
    rounds.push(2);
    await nextTurn();
    expect(fed).toEqual([[1]]);
  });
});
