// What the scorer remembers of 100,000 subjects: bytes of a subject, of a vouched one's profile,
// and how long all of it takes to be written down and to be taken up again.

import { openScorer, restoreScorer } from "@ostraka/agents/scorer";
import { liveBytes } from "../collect.ts";
import { type Bench, interleave, newRow, quantile, type Result, type Row } from "../row.ts";
import {
  fillSubjects,
  numbersOf,
  openFullScorer,
  SUBJECTS,
  scorerOptions,
  statesOf,
} from "../scorer-subjects.ts";

/** As a host has by default, and a number of them that says what one takes. */
const PROFILES = 1_024;
const MANY_PROFILES = 10_000;
const ROUNDS = 5;
const BUDGET_BYTES = 2_048;
const PROFILE_BUDGET_BYTES = 8_192;
/** GOALS.md has none: all of it is checked, and a table is built of it, beside bare arrays. */
const GOAL_SNAPSHOT = 2;

export const scorerMemory: Bench = { name: "scorer-memory", run };

async function run(say: (line: string) => void): Promise<Result> {
  return { rows: [...memory(say), ...(await snapshots(say))], skipped: [] };
}

function memory(say: (line: string) => void): Row[] {
  const scorer = openScorer(scorerOptions(0));
  const before = liveBytes();
  fillSubjects(scorer);
  const fixed = liveBytes() - before;
  const states = statesOf(scorer);
  const numbers = states.map((state) => 8 * numbersOf(state).length);
  // What is not numbers, texts and table included, falls on all alike.
  const beside = (fixed - numbers.reduce((sum, bytes) => sum + bytes, 0)) / states.length;
  const { source, actor, session } = scorerWidths(states);
  say(
    `${states.length} subjects: ${source}, ${actor} and ${session} bytes of numbers an address, ` +
      `account and session; ${Math.round(beside)} beside them`,
  );
  const profile = profileBytes(say);
  const shared = { goal: 1, direction: "at-most", unit: "bytes, 100,000 subjects" } as const;
  const budget = { floor: BUDGET_BYTES, beside: "the 2 kB it may take" };
  const ofProfile = { floor: PROFILE_BUDGET_BYTES, beside: "the 8 kB it may take" };
  return [
    newRow({ ...shared, ...budget, name: "a subject, mean", ours: fixed / states.length }),
    newRow({
      ...{ ...shared, ...budget, name: "a subject, p99" },
      ours: quantile(numbers, 0.99) + beside,
    }),
    newRow({
      ...shared,
      ...ofProfile,
      name: "profile of a vouched one, mean and p99",
      ours: profile,
    }),
  ];
}

/** Numbers of the widest subject of each kind. */
function scorerWidths(states: ReturnType<typeof statesOf>) {
  const widest = (prefix: string) =>
    states.reduce(
      (most, state) =>
        state.subject.startsWith(prefix) ? Math.max(most, 8 * numbersOf(state).length) : most,
      0,
    );
  return { source: widest("address:"), actor: widest("user:"), session: widest("session:") };
}

/** A profile has one size: what so many of them add to the same subjects, one's share of it. */
function profileBytes(say: (line: string) => void): number {
  const heldBy = (maxProfiles: number) => {
    const before = liveBytes();
    const scorer = openFullScorer(maxProfiles);
    const bytes = liveBytes() - before;
    return { bytes, profiles: scorer.counts().profiles };
  };
  const few = heldBy(1);
  const many = heldBy(MANY_PROFILES);
  const added = many.profiles - few.profiles;
  say(`${added} profiles add ${Math.round((many.bytes - few.bytes) / 2 ** 20)} MiB`);
  return (many.bytes - few.bytes) / added;
}

async function snapshots(say: (line: string) => void): Promise<Row[]> {
  const options = scorerOptions(PROFILES);
  const scorer = openFullScorer(PROFILES);
  const states = statesOf(scorer);
  const plain = {
    subjects: states.map(({ subject }) => subject),
    numbers: states.map(numbersOf),
    profiles: states.flatMap(({ profile }) =>
      profile === undefined ? [] : [profile.words.flatMap((words) => [...words])],
    ),
  };
  let snapshot = scorer.snapshot();
  let text = "";
  const [write = 0, stringify = 1, read = 0, parse = 1] = await interleave(
    ROUNDS,
    () => tookMs(() => (snapshot = scorer.snapshot())),
    () => tookMs(() => (text = JSON.stringify(plain))),
    () => tookMs(() => restoreScorer(snapshot, options)),
    () => tookMs(() => JSON.parse(text)),
  );
  const restored = restoreScorer(snapshot, options)?.counts();
  if (restored?.subjects !== states.length || restored.profiles !== plain.profiles.length) {
    throw new Error("the snapshot was not restored to what it was made of");
  }
  const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  say(`snapshot ${megabytes(snapshot.length)} MiB, as JSON ${megabytes(text.length)} MiB`);
  const shared = { direction: "at-most", unit: `ms, ${SUBJECTS / 1_000},000 subjects` } as const;
  return [
    newRow({
      ...{ ...shared, name: "scorer snapshot", ours: write, floor: stringify },
      ...{ goal: GOAL_SNAPSHOT, beside: "JSON.stringify of the same numbers" },
    }),
    newRow({
      ...{ ...shared, name: "scorer restore", ours: read, floor: parse },
      ...{ goal: GOAL_SNAPSHOT, beside: "JSON.parse of the same numbers" },
    }),
  ];
}

function tookMs(work: () => unknown): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}
