// One scorer, or one toy, in a process of its own: for each line on standard input it takes the
// next stretch of the seeded events and prints how fast, in processor time, helpers that collect
// garbage included: what others do on the machine is no speed of ours.

import { createInterface } from "node:readline";
import type { Event } from "@ostraka/agents/kernel";
import { DEFAULT_SCORER_POLICY, openScorer } from "@ostraka/agents/scorer";
import { loadRules, STARTER } from "../../../sidecar/src/rule-files.ts";
import { scorerEvents } from "../scorer-events.ts";
import { ToyScorer } from "../toy-scorer.ts";

/** Unmeasured: by then nearly all accounts are vouched and have their profiles. */
const FIRST = 120_000;
/** Events of one measurement. Nobody hears an event twice: it would bet nothing. */
const STRETCH = 20_000;
/** Of those so many are decoded at a time, unmeasured. */
const CHUNK = 1_000;

interface Side {
  take(event: Event): void;
  /** What came of it, in a few words. */
  told(): string;
}

/** @param maxProfiles 0 for none of the larger profiles, `undefined` for the default. */
function openSide(maxProfiles: number | undefined): Side {
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
    told: () => {
      const { events, duplicates, subjects, profiles } = scorer.counts();
      const seen = `${events} events (${duplicates} duplicates) of ${subjects} subjects`;
      return `${seen}, ${profiles} profiles, ${signals} signals`;
    },
  };
}

function openToy(hasTrees: boolean): Side {
  const toy = new ToyScorer(hasTrees);
  return {
    take: (event) => toy.take(event),
    told: () => `${toy.signals} signals, strangeness ${Math.round(toy.strangeness)}`,
  };
}

const SIDES: Readonly<Record<string, () => Side>> = {
  lean: () => openSide(0),
  whole: () => openSide(undefined),
  toy: () => openToy(false),
  "toy-with-trees": () => openToy(true),
};

const [name = "", stretches = "1"] = process.argv.slice(2);
const side = SIDES[name]?.();
if (side === undefined) throw new Error(`there is no side "${name}"`);
const events = scorerEvents(FIRST + Number(stretches) * STRETCH);
let next = 0;

/** Decoded anew, as from a source: objects and texts that nobody has looked at yet. */
function decodedChunk(): Event[] {
  next += CHUNK;
  return JSON.parse(JSON.stringify(events.slice(next - CHUNK, next))) as Event[];
}

function take(chunk: readonly Event[], by: Side): number {
  const start = process.cpuUsage();
  for (const event of chunk) by.take(event);
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

while (next < FIRST) take(decodedChunk(), side);
process.stdout.write(`${JSON.stringify({ told: side.told() })}\n`);
for await (const _ of createInterface({ input: process.stdin })) {
  let tookUs = 0;
  for (let n = 0; n < STRETCH; n += CHUNK) tookUs += take(decodedChunk(), side);
  const perSecond = (STRETCH / tookUs) * 1e6;
  process.stdout.write(`${JSON.stringify({ perSecond, told: side.told() })}\n`);
}
