// The scorer's state as plain data and back. Owns the version and the check of what is read: a
// snapshot that no scorer could have written is refused whole, never half-applied. Floats survive
// JSON exactly (shortest round-trip form), so a restored scorer continues to the same outputs.

import { parseSubject } from "@ostraka/proto";
import { NAMES_MAX } from "./detectors/account-spread.ts";
import type { RecentIds } from "./recent-ids.ts";
import type { ScorerCounts } from "./scorer.ts";
import { detectorsOf, openSubjectState, type SubjectState, VOUCHED_MAX } from "./subject-state.ts";
import type { SubjectTable } from "./subject-table.ts";

const VERSION = 2;
/** Had not counted who logs in from an address. */
const VERSION_BEFORE = 1;

export interface ScorerSnapshot {
  readonly version: number;
  readonly counts: ScorerCounts;
  readonly evictions: number;
  readonly young: readonly SubjectState[];
  readonly earned: readonly SubjectState[];
  readonly recentNewer: readonly number[];
  readonly recentOlder: readonly number[];
}

export function writeSnapshot(
  counts: ScorerCounts,
  table: SubjectTable,
  recent: RecentIds,
): ScorerSnapshot {
  const ids = recent.snapshot();
  return copy({
    version: VERSION,
    counts,
    ...table.rows(),
    recentNewer: ids.newer,
    recentOlder: ids.older,
  });
}

/** @returns an own copy of the snapshot, or `undefined` when it is not one of this version. */
export function readSnapshot(snapshot: unknown): ScorerSnapshot | undefined {
  const from = upgraded(snapshot as ScorerSnapshot | null);
  if (typeof from !== "object" || from === null || from.version !== VERSION) return undefined;
  const { young, earned, recentNewer, recentOlder } = from;
  if (!Array.isArray(young) || !Array.isArray(earned)) return undefined;
  const states = [...young, ...earned];
  if (!states.every(isSubjectState)) return undefined;
  if (new Set(states.map((state) => state.subject)).size !== states.length) return undefined;
  if (!isNumberList(recentNewer) || !isNumberList(recentOlder)) return undefined;
  const model: ScorerCounts = { events: 0, duplicates: 0, stale: 0, invalid: 0, pardoned: 0 };
  if (!isLike(from.counts, model) || !Number.isSafeInteger(from.evictions)) return undefined;
  return copy(from);
}

/** A snapshot of the version before, as this one has it. */
function upgraded(from: ScorerSnapshot | null): ScorerSnapshot | null {
  if (typeof from !== "object" || from?.version !== VERSION_BEFORE) return from;
  if (!Array.isArray(from.young) || !Array.isArray(from.earned)) return null;
  const more = (state: SubjectState) => ({ ...state, vouched: [] });
  const [young, earned] = [from.young.map(more), from.earned.map(more)];
  return { ...from, version: VERSION, young, earned };
}

function isSubjectState(value: unknown): value is SubjectState {
  const subject = (value as SubjectState | null)?.subject;
  if (typeof subject !== "string" || parseSubject(subject) !== subject) return false;
  if (!isLike(value, openSubjectState(subject))) return false;
  const { detectors, habit, vouched } = value as SubjectState;
  if (vouched.length > VOUCHED_MAX) return false;
  if (detectors.length !== detectorsOf(subject).length) return false;
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

function copy(snapshot: ScorerSnapshot): ScorerSnapshot {
  return JSON.parse(JSON.stringify(snapshot)) as ScorerSnapshot;
}
