// Decoded events through the scorer on one core, beside the least that such a loop could be: a few
// bets a subject on the same events, half-space trees. With everything but the larger profiles
// (sequence, embedding, half-spaces), and with everything. Each in a process of its own, as on a
// host.

import { type Child, startChild } from "../child.ts";
import { type Bench, interleave, newRow, type Result } from "../row.ts";

const ROUNDS = 7;
/**
 * GOALS.md: 200,000 and 75,000 events/s where the toys of its day did 735,000 and 279,000. As
 * shares of what runs beside, since machines differ.
 */
const GOAL_LEAN = 200_000 / 735_000;
const GOAL_WHOLE = 75_000 / 279_000;

export const scorer: Bench = { name: "scorer", run };

interface Answer {
  readonly perSecond: number;
  readonly told: string;
}

async function run(say: (line: string) => void): Promise<Result> {
  await using lean = startSide("lean");
  await lean.line();
  await using toy = startSide("toy");
  await toy.line();
  await using whole = startSide("whole");
  await whole.line();
  await using toyWithTrees = startSide("toy-with-trees");
  await toyWithTrees.line();
  const told = new Map<string, string>();
  const side = (name: string, child: Child) => async () => {
    child.tell("next");
    const answer = JSON.parse(await child.line()) as Answer;
    told.set(name, answer.told);
    return answer.perSecond;
  };
  const [ofLean = 0, ofToy = 1, ofWhole = 0, ofToyWithTrees = 1] = await interleave(
    ROUNDS,
    side("without profiles", lean),
    side("the toy", toy),
    side("whole", whole),
    side("the toy with trees", toyWithTrees),
  );
  for (const [name, words] of told) say(`${name}: ${words}`);
  const shared = { direction: "at-least", unit: "decoded events a second of one core" } as const;
  return {
    rows: [
      newRow({
        ...{ ...shared, name: "scorer without profiles", ours: ofLean, floor: ofToy },
        ...{ goal: GOAL_LEAN, beside: "a toy: ten bets a subject" },
      }),
      newRow({
        ...{ ...shared, name: "scorer, whole ensemble", ours: ofWhole, floor: ofToyWithTrees },
        ...{ goal: GOAL_WHOLE, beside: "the toy with 25 half-space trees" },
      }),
    ],
    skipped: [],
  };
}

/** It has as many stretches as there are rounds, and one that does not count. */
function startSide(name: string): Child {
  return startChild("scorer-speed.ts", name, String(ROUNDS + 1));
}
