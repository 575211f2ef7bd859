// Snapshots of versions 1 and 2, which were JSON: taken up once, by a host that is brought up to
// date. Owns their shape. Must never take half of one.

import { parseSubject } from "@ostraka/proto";
import type { ScorerCounts } from "./scorer-shape.ts";
import type { ScorerParts } from "./snapshot.ts";
import { memoryOf, openSubjectState, type SubjectState, VOUCHED_MAX } from "./subject-state.ts";

/** Names that a detector remembered. */
const NAMES_MAX = 32;

/** Detectors that those versions had: the first of those of today, in the same order. */
const SOURCE_DETECTORS_BEFORE = 5;
const ACTOR_DETECTORS_BEFORE = 1;

const MEMORY = {
  ...{ open: 0, staked: 0, today: 0, starts: 0, wins: 0, fromMs: 0, toMs: 0, chain: 0, mark: 0 },
  names: [] as number[],
};

const STATE = {
  subject: "",
  detectors: [MEMORY],
  habit: {
    ...{ logins: 0, novel: 0, names: [] as number[], week: [] as number[] },
    ...{ noveltyMdb: 0, weekMdb: 0, noveltyAtMs: 0, weekAtMs: 0 },
  },
  vouched: [] as number[],
  ...{ day: 0, lastMs: 0, lastRefusedMs: 0, probedName: 0, leaseUntilMs: 0, heldUntilMs: 0 },
  ...{ heldEpoch: 0, pardonedBeforeMs: 0 },
};

type StateBefore = typeof STATE;

const COUNTS: ScorerCounts = { events: 0, duplicates: 0, stale: 0, invalid: 0, pardoned: 0 };

interface SnapshotBefore {
  readonly version: number;
  readonly counts: ScorerCounts;
  readonly evictions: number;
  readonly young: readonly StateBefore[];
  readonly earned: readonly StateBefore[];
  readonly recentNewer: readonly number[];
  readonly recentOlder: readonly number[];
}

/** @returns whether it was a snapshot of versions 1 or 2; then the parts hold it. */
export function takeSnapshotBefore(snapshot: unknown, parts: ScorerParts): boolean {
  const from = upgraded(snapshot as SnapshotBefore | null);
  if (typeof from !== "object" || from === null || from.version !== 2) return false;
  const { young, earned, recentNewer, recentOlder, counts, evictions } = from;
  if (!Array.isArray(young) || !Array.isArray(earned)) return false;
  const states: StateBefore[] = [...young, ...earned];
  if (!states.every(isState)) return false;
  if (new Set(states.map((state) => state.subject)).size !== states.length) return false;
  if (!isNumberList(recentNewer) || !isNumberList(recentOlder)) return false;
  if (!isLike(counts, COUNTS) || !Number.isSafeInteger(evictions)) return false;
  Object.assign(parts.counts, counts);
  const open = (state: StateBefore) => stateOf(state, parts);
  parts.table.fill({ young: young.map(open), earned: earned.map(open), known: [] }, evictions);
  parts.recent.fill(recentNewer, recentOlder);
  return true;
}

/** Version 1 had not counted who logs in from an address. */
function upgraded(from: SnapshotBefore | null): SnapshotBefore | null {
  if (typeof from !== "object" || from?.version !== 1) return from;
  if (!Array.isArray(from.young) || !Array.isArray(from.earned)) return null;
  const more = (state: StateBefore) => ({ ...state, vouched: [] });
  return { ...from, version: 2, young: from.young.map(more), earned: from.earned.map(more) };
}

function stateOf(from: StateBefore, { ensemble }: ScorerParts): SubjectState {
  const { subject, detectors, habit, vouched, ...header } = from;
  const state = openSubjectState(parseSubject(subject) as SubjectState["subject"], ensemble);
  Object.assign(state, header, { logins: habit.logins, vouched: [...vouched] });
  detectors.forEach(({ names, ...memory }, i) => {
    const held = memoryOf(state, i);
    Object.assign(held, memory);
    if (names.length > 0) held.names = [...names];
  });
  return state;
}

function isState(value: unknown): value is StateBefore {
  const subject = (value as StateBefore | null)?.subject;
  if (typeof subject !== "string" || parseSubject(subject) !== subject) return false;
  if (!isLike(value, STATE)) return false;
  const { detectors, habit, vouched } = value as StateBefore;
  const isSource = subject.startsWith("address:");
  const expected = isSource ? SOURCE_DETECTORS_BEFORE : ACTOR_DETECTORS_BEFORE;
  if (detectors.length !== expected || vouched.length > VOUCHED_MAX) return false;
  const lists = [habit.names, habit.week, ...detectors.map((memory) => memory.names)];
  return lists.every((list) => list.length <= NAMES_MAX);
}

/** Same keys, same kinds of value; every number finite. An empty model list takes numbers. */
function isLike(value: unknown, model: unknown): boolean {
  if (typeof model === "number") return Number.isFinite(value);
  if (typeof model === "string") return typeof value === "string";
  if (Array.isArray(model)) {
    if (!Array.isArray(value)) return false;
    return model.length === 0 ? isNumberList(value) : value.every((one) => isLike(one, model[0]));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(model as object);
  if (Object.keys(value).length !== keys.length) return false;
  const fields = value as Record<string, unknown>;
  return keys.every((key) => isLike(fields[key], (model as Record<string, unknown>)[key]));
}

function isNumberList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isFinite(one));
}
