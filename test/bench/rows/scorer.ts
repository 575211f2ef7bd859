// Decoded events through the scorer on one core, beside the least that such a loop could be: a few
// bets a subject on the same events, half-space trees. With everything but the larger profiles
// (sequence, embedding, half-spaces), and with everything. Seconds are of processor time, helpers
// that collect garbage included: what others do on the machine is no speed of ours.

import type { Event } from "@ostraka/agents/kernel";
import { DEFAULT_SCORER_POLICY, openScorer } from "@ostraka/agents/scorer";
import { loadRules, STARTER } from "../../../sidecar/src/rule-files.ts";
import { type Bench, interleave, newRow, type Result } from "../row.ts";
import { scorerEvents } from "../scorer-events.ts";
import { ToyScorer } from "../toy-scorer.ts";

const ROUNDS = 7;
/** Unmeasured: by then nearly all accounts are vouched and have their profiles. */
const FIRST = 120_000;
/** Events of one measurement. Nobody hears an event twice: it would bet nothing. */
const STRETCH = 20_000;
/** Of those so many are decoded at a time, unmeasured. */
const CHUNK = 1_000;
const DIRECTION = "at-least";
/**
 * GOALS.md: 200,000 and 75,000 events/s where the toys of its day did 735,000 and 279,000. As
 * shares of what runs beside, since machines differ.
 */
const GOAL_LEAN = 200_000 / 735_000;
const GOAL_WHOLE = 75_000 / 279_000;

export const scorer: Bench = { name: "scorer", run };

/** Takes an event; what comes of it is told at the end. */
interface Side {
  readonly take: (event: Event) => void;
  readonly check: () => void;
}

async function run(say: (line: string) => void): Promise<Result> {
  const events = scorerEvents(FIRST + (ROUNDS + 1) * STRETCH);
  const sides = [openSide(0, say), openToy(false), openSide(undefined, say), openToy(true)];
  const [lean = 0, toy = 1, whole = 0, toyWithTrees = 1] = await interleave(
    ROUNDS,
    ...sides.map((side) => measured(side, events)),
  );
  for (const side of sides) side.check();
  return {
    rows: [
      newRow({
        ...{ name: "scorer without profiles", ours: lean, floor: toy, goal: GOAL_LEAN },
        ...{ direction: DIRECTION, unit: "decoded events a second of one core" },
        beside: "a toy: ten bets a subject (goal: 200,000/s where it does 735,000)",
      }),
      newRow({
        ...{ name: "scorer, whole ensemble", ours: whole, floor: toyWithTrees, goal: GOAL_WHOLE },
        ...{ direction: DIRECTION, unit: "decoded events a second of one core" },
        beside: "the toy with 25 half-space trees (goal: 75,000/s where it does 279,000)",
      }),
    ],
    skipped: [],
  };
}

/** Each call takes the next stretch; the first one what comes before as well. */
function measured({ take }: Side, events: readonly Event[]): () => number {
  let next = 0;
  /** Decoded anew, as from a source: objects and texts that nobody has looked at yet. */
  const chunk = () => {
    next += CHUNK;
    return JSON.parse(JSON.stringify(events.slice(next - CHUNK, next))) as Event[];
  };
  return () => {
    while (next < FIRST) for (const event of chunk()) take(event);
    let tookUs = 0;
    for (const end = next + STRETCH; next < end; ) {
      const fresh = chunk();
      const start = process.cpuUsage();
      for (const event of fresh) take(event);
      const { user, system } = process.cpuUsage(start);
      tookUs += user + system;
    }
    return (STRETCH / tookUs) * 1e6;
  };
}

/** @param maxProfiles 0 for none of the larger profiles, `undefined` for the default. */
function openSide(maxProfiles: number | undefined, say: (line: string) => void): Side {
  let signals = 0;
  const out = { lease: () => undefined, signal: () => signals++ };
  const scorer = openScorer({
    policy: DEFAULT_SCORER_POLICY,
    hasContext: true,
    rules: loadRules([STARTER]),
    ...(maxProfiles !== undefined && { maxProfiles }),
  });
  return {
    take: (event) => scorer.step({ type: "event", event }, out),
    check: () => {
      const { events, duplicates, subjects, profiles, profileEvictions } = scorer.counts();
      say(
        `${events} events (${duplicates} duplicates) of ${subjects} subjects, ${signals} signals; ` +
          `${profiles} profiles, ${profileEvictions} given up`,
      );
      if (signals === 0) throw new Error("the scorer saw nothing in a stream with attacks");
    },
  };
}

function openToy(hasTrees: boolean): Side {
  const toy = new ToyScorer(hasTrees);
  return {
    take: (event) => toy.take(event),
    check: () => {
      if (hasTrees && toy.strangeness === 0) throw new Error("the toy's trees did nothing");
    },
  };
}
