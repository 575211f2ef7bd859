// Rounds: inputs of one turn go together, in order, none is fed inside another's round, and none
// after a fault.

import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { RoundQueue } from "./round-queue.ts";

function queueOf(feed: (inputs: readonly number[]) => void = () => undefined) {
  const rounds: number[][] = [];
  const faults: unknown[] = [];
  const queue: RoundQueue<number> = new RoundQueue({
    feed: (inputs: readonly number[]) => {
      rounds.push([...inputs]);
      feed(inputs);
    },
    onFault: (error) => faults.push(error),
  });
  return { queue, rounds, faults };
}

test("inputs of one turn are one round, in order, those of the next are the next", async () => {
  const { queue, rounds } = queueOf();
  queue.push(1);
  queue.push(2, 3);
  expect(rounds).toEqual([]);
  await nextTurn();
  queue.push(4);
  await nextTurn();
  expect(rounds).toEqual([[1, 2, 3], [4]]);
});

test("a flush feeds at once and leaves nothing for later", async () => {
  const { queue, rounds } = queueOf();
  queue.push(1);
  expect(queue.flush()).toBe(true);
  expect(rounds).toEqual([[1]]);
  await nextTurn();
  expect(rounds).toEqual([[1]]);
});

test("what a round pushes comes in a later one, also when it flushes", async () => {
  const { queue, rounds } = queueOf((inputs) => {
    if (inputs.includes(1)) queue.push(2);
    expect(queue.flush()).toBe(true);
  });
  queue.push(1);
  await nextTurn();
  await nextTurn();
  expect(rounds).toEqual([[1], [2]]);
});

describe("bulk", () => {
  /** Numbers from 100 on are bulk, of so many bytes. */
  function laneQueue(bytes: number) {
    const rounds: number[][] = [];
    const queue = new RoundQueue<number>({
      feed: (inputs) => rounds.push([...inputs]),
      onFault: (error) => {
        throw error;
      },
      bulkBytes: (n) => (n >= 100 ? bytes : undefined),
    });
    return { queue, rounds };
  }

  test("goes after what must not wait, whenever either came, and keeps its order", async () => {
    const { queue, rounds } = laneQueue(1);
    queue.push(100, 101, 1, 102, 2);
    await nextTurn();
    expect(rounds).toEqual([[1, 2, 100, 101, 102]]);
  });

  test("lets what comes behind any number of it into the very next round", async () => {
    const { queue, rounds } = laneQueue(200_000);
    queue.push(...Array.from({ length: 200 }, (_, i) => 100 + i));
    await nextTurn();
    queue.push(1);
    await nextTurn();
    expect(rounds).toHaveLength(2);
    expect(rounds[0]).toEqual([100, 101, 102]);
    expect(rounds[1]).toEqual([1, 103, 104, 105]);
    queue.flush();
    expect(rounds.flat().filter((n) => n >= 100)).toEqual(
      Array.from({ length: 200 }, (_, i) => 100 + i),
    );
  });

  test("is in every round, however much must not wait", async () => {
    const { queue, rounds } = laneQueue(10_000_000);
    queue.push(100, 101);
    for (const n of [1, 2]) {
      queue.push(n);
      await nextTurn();
    }
    expect(rounds).toEqual([
      [1, 100],
      [2, 101],
    ]);
  });

  test("past what may wait is fed one round for each that comes", () => {
    const { queue, rounds } = laneQueue(1_000_000);
    for (let i = 0; i < 70; i++) queue.push(100 + i);
    expect(rounds.length).toBeGreaterThan(0);
    expect(rounds.length).toBeLessThan(10);
    const before = rounds.length;
    queue.push(1);
    queue.flush();
    expect(rounds[before]?.[0]).toBe(1);
  });
});

test("a flood of what must not be lost is fed before it piles up", () => {
  const { queue, rounds } = queueOf();
  for (let i = 0; i < 5_000; i++) queue.push(i);
  expect(rounds.map((round) => round.length)).toEqual([4_096]);
});

test("many inputs at once are cut into rounds and none is lost", () => {
  const { queue, rounds } = queueOf();
  const inputs = Array.from({ length: 10_000 }, (_, i) => i);
  queue.push(...inputs);
  expect(rounds.map((round) => round.length)).toEqual([4_096, 4_096, 1_808]);
  expect(rounds.flat()).toEqual(inputs);
});

test("a flood of what comes again by itself is dropped, and what must not be lost is not", () => {
  const { queue, rounds } = queueOf();
  let taken = 0;
  for (let i = 0; i < 30_000; i++) if (queue.offer(i)) taken++;
  expect(taken).toBe(20_000);
  queue.push(-1);
  queue.flush();
  expect(rounds.map((round) => round.length)).toEqual([4_096, 4_096, 4_096, 4_096, 3_617]);
  expect(rounds.at(-1)?.at(-1)).toBe(-1);
});

test("a flood of offers is fed one round a turn", async () => {
  const { queue, rounds } = queueOf();
  for (let i = 0; i < 5_000; i++) queue.offer(i);
  await nextTurn();
  expect(rounds.map((round) => round.length)).toEqual([4_096]);
  await nextTurn();
  expect(rounds.map((round) => round.length)).toEqual([4_096, 904]);
});

test("after a fault nothing is fed, and it is told once", async () => {
  const { queue, rounds, faults } = queueOf(() => {
    throw new Error("the disk is full");
  });
  queue.push(1);
  expect(queue.flush()).toBe(false);
  queue.push(2);
  expect(queue.offer(3)).toBe(false);
  await nextTurn();
  expect(rounds).toEqual([[1]]);
  expect(faults).toHaveLength(1);
  expect(queue.flush()).toBe(false);
});

test("a closed one feeds what waited and takes nothing more", async () => {
  const { queue, rounds } = queueOf();
  queue.push(1);
  queue.close();
  queue.push(2);
  await nextTurn();
  expect(rounds).toEqual([[1]]);
});
