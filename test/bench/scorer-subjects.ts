// A scorer that remembers 100,000 subjects, and what each of them takes: for measurements of memory
// and of snapshots. Owns who they are: addresses, accounts and sessions in equal parts, half of the
// accounts vouched.

import type { Event } from "@ostraka/agents/kernel";
import { DEFAULT_SCORER_POLICY, openScorer, type Scorer } from "@ostraka/agents/scorer";
import type { SubjectText } from "@ostraka/proto";
import type { Block } from "../../agents/src/scorer/row-pool.ts";
import type { ScorerParts } from "../../agents/src/scorer/snapshot.ts";
import type { SubjectState } from "../../agents/src/scorer/subject-state.ts";

export const SUBJECTS = 100_000;
/** A login names three subjects. */
const LOGINS = Math.floor(SUBJECTS / 3);
const DAY_MS = 86_400_000;
const START_MS = 20_500 * DAY_MS;
const DAYS_HELD = 4;
const ACTIONS = ["GetObject", "PutObject", "ListBuckets", "DescribeInstances", "Decrypt"];
const NO_OUTPUT = { lease: () => undefined, signal: () => undefined };

export function scorerOptions(maxProfiles: number) {
  const policy = DEFAULT_SCORER_POLICY;
  return { policy, hasContext: true, maxSubjects: SUBJECTS, maxProfiles };
}

/** Everybody logs in on one day and acts on the next ones: only by these has anybody a profile. */
export function fillSubjects(scorer: Scorer): void {
  for (let n = 0; n < LOGINS; n++) {
    take(scorer, { ...whoseEvent(n, 0), kind: "login-succeeded", session: textOf("session:s", n) });
  }
  for (let day = 1; day < DAYS_HELD; day++) {
    for (let n = 0; n < LOGINS; n += 2) act(scorer, n, day);
  }
}

export function openFullScorer(maxProfiles: number): Scorer {
  const scorer = openScorer(scorerOptions(maxProfiles));
  fillSubjects(scorer);
  return scorer;
}

function act(scorer: Scorer, n: number, day: number): void {
  const action = ACTIONS[(n + day) % ACTIONS.length] as string;
  const amounts = { sizeBytes: 1 + ((n * 7_919) % 65_536), durationMs: 1 + ((n * 31) % 900) };
  take(scorer, { ...whoseEvent(n, day), kind: "activity", action, ...amounts });
}

function take(scorer: Scorer, event: Event): void {
  scorer.step({ type: "event", event }, NO_OUTPUT);
}

function whoseEvent(n: number, day: number): Omit<Event, "kind"> {
  return {
    id: `${day}/${n}`,
    timeMs: START_MS + day * DAY_MS + n * 2_000,
    service: "app",
    account: textOf("user:acme/p", n),
    address: textOf(`address:10.${n >> 16}.${(n >> 8) & 255}.`, n & 255),
    country: "DE",
    userAgent: `agent/${n % 20}`,
    device: `laptop-${n}`,
    target: `r${n % 500}`,
    count: 1,
  };
}

/** Flat and of its own, as a source's is: not a rope, not a shared constant. */
function textOf(prefix: string, n: number): SubjectText {
  return Buffer.from(`${prefix}${n}`, "latin1").toString("latin1") as SubjectText;
}

export function statesOf(scorer: Scorer): SubjectState[] {
  const { parts } = scorer as Scorer & { readonly parts: ScorerParts };
  const { young, earned, known } = parts.table.rows();
  return [...young, ...earned, ...known];
}

/** The numbers of a subject, those of its profile apart: what a plain array would hold of it. */
export function numbersOf(state: SubjectState): number[] {
  const { lineup, block, learned, ranked, vouched, lists } = state;
  const { rows, learnedRows, rankedRows } = lineup;
  const row = (of: Block | undefined, at: number, width: number) =>
    of === undefined ? [] : [...of.cells.subarray(at, at + width)];
  return [
    ...row(block, state.at, rows.width),
    ...row(learned, state.learnedAt, learnedRows.width),
    ...row(ranked, state.rankedAt, rankedRows.width),
    ...vouched,
    ...lists.flat(),
  ];
}
