import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
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

test("inputs of one turn are one round, in order", async () => {
  const { queue, rounds } = queueOf();
  queue.push(1);
  queue.push(2, 3);
  expect(rounds).toEqual([]);
  await nextTurn();
  expect(rounds).toEqual([[1, 2, 3]]);
});

test("what a round pushes comes in the next one", async () => {
  const { queue, rounds } = queueOf((inputs) => {
    if (inputs.includes(1)) queue.push(2);
  });
  queue.push(1);
  await nextTurn();
  await nextTurn();
  expect(rounds).toEqual([[1], [2]]);
});

test("a flood is fed before it piles up", () => {
  const { queue, rounds } = queueOf();
  for (let i = 0; i < 5_000; i++) queue.push(i);
  expect(rounds).toHaveLength(1);
});

test("after a fault nothing is fed, and it is told once", async () => {
  const { queue, rounds, faults } = queueOf(() => {
    throw new Error("the disk is full");
  });
  queue.push(1);
  expect(queue.flush()).toBe(false);
  queue.push(2);
  await nextTurn();
  expect(rounds).toEqual([[1]]);
  expect(faults).toHaveLength(1);
  expect(queue.flush()).toBe(false);
});

test("closing feeds the rest and takes nothing more", async () => {
  const { queue, rounds } = queueOf();
  queue.push(1);
  queue.close();
  queue.push(2);
  await nextTurn();
  expect(rounds).toEqual([[1]]);
});
