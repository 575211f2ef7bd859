// The scorer: from events to evidence to signals and local leases, on one host (DESIGN.md 5, 6.1).
// Owns the order of things within an event: duplicate, subject, day, bets, lines. Pure: event time
// is the only clock, outputs go to the caller. Must never let a failed login speak about the
// account it names, nor let learned evidence draw a line.

import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import type { Detector, DetectorMemory } from "./detectors/detector.ts";
import { observeHabit } from "./detectors/login-habit.ts";
import { hashText, type Observation, openObservation, readEvent } from "./observation.ts";
import { RecentIds } from "./recent-ids.ts";
import type { Reason, ScorerOutput, ScorerPolicy } from "./signal.ts";
import { readSnapshot, type ScorerSnapshot, writeSnapshot } from "./snapshot.ts";
import {
  dayAccountOf,
  detectorsOf,
  enterDay,
  evidenceFromMs,
  forgetEvidence,
  forgetRun,
  levelOf,
  longestRunOf,
  NO_NAME,
  reasonsOf,
  resetLevel,
  SOURCE_DETECTORS,
  type SubjectState,
  toMdb,
  vouchFor,
} from "./subject-state.ts";
import { SubjectTable } from "./subject-table.ts";

const DAY_MS = 86_400_000;
/** Refusals in a row that count as going on; of honest runs 15 in 1,000 are so long (0.35^4). */
const RENEWING_RUN_MIN = 5;
/** Last millisecond of the year 9998: every time said outward still has an ISO 8601 form. */
const TIME_MS_MAX = 253_370_764_799_999;
/** After a week of silence an address may be somebody else's: what it had won is dropped. */
const IDLE_MS_MAX = 7 * DAY_MS;
/** A folded line counts at most this often: by then every line is drawn. */
const COUNT_MAX = 64;
const SUBJECTS_DEFAULT = 20_000;

export type ScorerInput =
  | { readonly type: "event"; readonly event: Event }
  | { readonly type: "policy"; readonly policy: ScorerPolicy }
  | { readonly type: "pardon"; readonly subject: SubjectText; readonly beforeMs: number };

export interface ScorerOptions {
  readonly policy: ScorerPolicy;
  /** Subjects whose evidence is shown and never enforced. */
  readonly isExempt?: (subject: SubjectText) => boolean;
  /** Bound on remembered subjects, about 2 kB each. Default 20,000. */
  readonly maxSubjects?: number;
}

/** Counted, never thrown: what was taken and what was refused. */
export interface ScorerCounts {
  events: number;
  /** Known id of an event that would have bet: it bet nothing. */
  duplicates: number;
  /** More than a day older than the subject's latest event: bet nothing. */
  stale: number;
  /** Its time is no whole millisecond from 1970 to 9998: bet nothing. */
  invalid: number;
  /** Older than a pardon: bet nothing. */
  pardoned: number;
}

/** What is held on one subject, for an inquiry or an explanation. */
export interface Standing {
  readonly levelMdb: number;
  readonly evidenceMdb: number;
  readonly day: number;
  readonly leaseUntilMs: number;
  readonly reasons: readonly Reason[];
  /** Past logins: whoever has some is known here. */
  readonly logins: number;
  /** Distinct accounts that have logged in from this address. */
  readonly sharedSubjects: number;
  /** No event before this can have moved the day account. */
  readonly evidenceFromMs: number;
  /** A signal was sent that may hold some of the day account. */
  readonly hasSignalled: boolean;
}

export interface Scorer {
  step(input: ScorerInput, out: ScorerOutput): void;
  /** What is held on a subject now, or `undefined` when nothing is remembered. */
  standing(subject: SubjectText): Standing | undefined;
  counts(): Readonly<ScorerCounts> & { readonly subjects: number; readonly evictions: number };
  /** Plain data for JSON; a scorer restored from it gives the same outputs ever after. */
  snapshot(): ScorerSnapshot;
}

/** Opens an empty scorer. Throws on a policy whose lines contradict each other. */
export function openScorer(options: ScorerOptions): Scorer {
  return new EventScorer(options, undefined);
}

/**
 * Opens a scorer from a snapshot, under the policy given here.
 * @returns `undefined` when the snapshot is of another version or not one that a scorer wrote.
 */
export function restoreScorer(snapshot: unknown, options: ScorerOptions): Scorer | undefined {
  const read = readSnapshot(snapshot);
  return read === undefined ? undefined : new EventScorer(options, read);
}

class EventScorer implements Scorer {
  #policy: ScorerPolicy;
  #leaseLine = 0;
  readonly #isExempt: (subject: SubjectText) => boolean;
  readonly #table: SubjectTable;
  readonly #recent = new RecentIds();
  readonly #seen = openObservation();
  readonly #counts: ScorerCounts;

  constructor(options: ScorerOptions, from: ScorerSnapshot | undefined) {
    this.#policy = options.policy;
    this.#isExempt = options.isExempt ?? (() => false);
    this.#table = new SubjectTable(options.maxSubjects ?? SUBJECTS_DEFAULT);
    this.#counts = from?.counts ?? { events: 0, duplicates: 0, stale: 0, invalid: 0, pardoned: 0 };
    this.#onPolicy(options.policy);
    if (from === undefined) return;
    this.#table.fill(from.young, from.earned, from.evictions);
    this.#recent.fill(from.recentNewer, from.recentOlder);
  }

  step(input: ScorerInput, out: ScorerOutput): void {
    switch (input.type) {
      case "event":
        this.#onEvent(input.event, out);
        return;
      case "policy":
        this.#onPolicy(input.policy);
        return;
      case "pardon":
        this.#onPardon(input.subject, input.beforeMs);
        return;
    }
  }

  standing(subject: SubjectText): Standing | undefined {
    const state = this.#table.peek(subject);
    if (state === undefined) return undefined;
    return {
      levelMdb: toMdb(levelOf(state)),
      evidenceMdb: toMdb(dayAccountOf(state)),
      day: state.day,
      leaseUntilMs: state.leaseUntilMs,
      reasons: reasonsOf(state),
      logins: state.habit.logins,
      sharedSubjects: state.vouched.length,
      evidenceFromMs: Math.max(state.day * DAY_MS, state.pardonedBeforeMs, 0),
      hasSignalled: state.heldUntilMs > 0 && state.heldUntilMs >= state.day * DAY_MS,
    };
  }

  counts(): ScorerCounts & { subjects: number; evictions: number } {
    const { size: subjects, evictions } = this.#table;
    return { ...this.#counts, subjects, evictions };
  }

  snapshot(): ScorerSnapshot {
    return writeSnapshot(this.#counts, this.#table, this.#recent);
  }

  #onPolicy(policy: ScorerPolicy): void {
    if (!(policy.leaseLineMdb <= policy.signalLineMdb && policy.leaseMs > 0)) {
      throw new RangeError("a scorer policy needs leaseLineMdb <= signalLineMdb and leaseMs > 0");
    }
    this.#policy = policy;
    // A shade below, so that rounding never hides a level; the integers decide.
    this.#leaseLine = 10 ** (policy.leaseLineMdb / 10_000) * 0.999;
  }

  #onPardon(subject: SubjectText, beforeMs: number): void {
    const state = this.#table.touch(subject);
    state.pardonedBeforeMs = Math.max(state.pardonedBeforeMs, beforeMs);
    this.#table.settle(state);
    // A day account mixes what came before and after, so the whole day goes: lowering is always
    // sound.
    const fromMs = Math.min(evidenceFromMs(state, state.lastMs), state.day * DAY_MS);
    if (fromMs < beforeMs) forgetEvidence(state);
  }

  #onEvent(event: Event, out: ScorerOutput): void {
    this.#counts.events++;
    if (!Number.isInteger(event.timeMs) || event.timeMs < 0 || event.timeMs > TIME_MS_MAX) {
      this.#counts.invalid++;
      return;
    }
    // A failure without a source says nothing, and neither does a mere connection.
    const seen = this.#seen;
    if (event.address === undefined || !readEvent(event, seen)) return;
    if (!this.#recent.add(event.id)) {
      this.#counts.duplicates++;
      return;
    }
    const source = this.#table.touch(event.address);
    seen.isSourceLeased = source.leaseUntilMs > event.timeMs;
    const methodHash = event.method === undefined ? 0 : hashText(event.method);
    this.#observe(source, event, methodHash, out);
    if (seen.outcome !== "succeeded") return;
    if (!seen.isSourceLeased) vouchFor(source, seen.nameHash);
    if (event.account !== undefined) this.#observe(this.#table.touch(event.account), event, 0, out);
    if (event.session !== undefined) this.#observe(this.#table.touch(event.session), event, 0, out);
  }

  #observe(state: SubjectState, event: Event, methodHash: number, out: ScorerOutput): void {
    if (!this.#takeTime(state, event.timeMs)) return;
    const seen = this.#seen;
    const detectors = detectorsOf(state.subject);
    const times = Math.min(COUNT_MAX, Math.max(1, Math.trunc(event.count) || 1));
    // A source moves by failing, an account or a session by logging in; only that draws a line.
    const isSource = detectors === SOURCE_DETECTORS;
    observeHabit(state.habit, seen, methodHash);
    for (let n = isSecondLine(state, seen) ? 1 : 0; n < times; n++) {
      seen.isRepeat = n > 0;
      for (let i = 0; i < detectors.length; i++) {
        (detectors[i] as Detector).observe(state.detectors[i] as DetectorMemory, seen);
      }
      if (isSource !== (seen.outcome === "succeeded")) this.#drawLines(state, out);
    }
    if (seen.isRefused && !seen.isLate) state.lastRefusedMs = seen.timeMs;
    this.#table.settle(state);
  }

  /** Puts the observation on the subject's time line. @returns false when it must bet nothing. */
  #takeTime(state: SubjectState, timeMs: number): boolean {
    if (timeMs < state.lastMs - DAY_MS) {
      this.#counts.stale++;
      return false;
    }
    if (timeMs < state.pardonedBeforeMs) {
      this.#counts.pardoned++;
      return false;
    }
    if (timeMs > state.lastMs + IDLE_MS_MAX) forgetRun(state);
    const seen = this.#seen;
    seen.isLate = timeMs < state.lastMs;
    seen.timeMs = seen.isLate ? state.lastMs : timeMs;
    state.lastMs = seen.timeMs;
    enterDay(state, Math.floor(seen.timeMs / DAY_MS));
    seen.gapMs =
      state.lastRefusedMs < 0 ? Number.POSITIVE_INFINITY : seen.timeMs - state.lastRefusedMs;
    return true;
  }

  #drawLines(state: SubjectState, out: ScorerOutput): void {
    const level = levelOf(state);
    const isLeased = state.leaseUntilMs > state.lastMs;
    if (level < this.#leaseLine && !isLeased) return;
    const levelMdb = toMdb(level);
    this.#drawLease(state, levelMdb, isLeased, out);
    if (levelMdb >= this.#policy.signalLineMdb) this.#drawSignal(state, levelMdb, out);
  }

  /**
   * A lease falls at the line. While it holds, a source that goes on being refused keeps it alive
   * without earning it again; it then ends `leaseMs` after the last refusal, give or take a
   * quarter, which spares outputs. A single slip in a busy office renews nothing.
   */
  #drawLease(state: SubjectState, levelMdb: number, isRenewal: boolean, out: ScorerOutput): void {
    const { leaseMs, leaseLineMdb, leaseStage: stage } = this.#policy;
    if (!isRenewal && levelMdb < leaseLineMdb) return;
    const fromMs = state.lastMs;
    const untilMs = fromMs + leaseMs;
    if (isRenewal && untilMs - state.leaseUntilMs < leaseMs / 4) return;
    if (isRenewal && longestRunOf(state) < RENEWING_RUN_MIN) return;
    if (this.#isExempt(state.subject)) return;
    state.leaseUntilMs = untilMs;
    const { subject } = state;
    out.lease({ subject, fromMs, untilMs, stage, levelMdb, isRenewal, reasons: reasonsOf(state) });
  }

  #drawSignal(state: SubjectState, levelMdb: number, out: ScorerOutput): void {
    const { epoch, leaseMs } = this.#policy;
    const timeMs = state.lastMs;
    const isHeld = state.heldEpoch === epoch && timeMs < state.heldUntilMs;
    if (!isHeld) {
      state.heldEpoch = epoch;
      state.heldUntilMs = timeMs + leaseMs;
      this.#sendSignal(state, levelMdb, out);
    }
    // The reset is what bounds false signals; held back or not, the level starts again from
    // nothing.
    resetLevel(state);
  }

  #sendSignal(state: SubjectState, levelMdb: number, out: ScorerOutput): void {
    const timeMs = state.lastMs;
    out.signal({
      subject: state.subject,
      timeMs,
      day: state.day,
      evidenceMdb: toMdb(dayAccountOf(state)),
      levelMdb,
      evidenceKind: "declared",
      evidenceFromMs: evidenceFromMs(state, timeMs),
      reasons: reasonsOf(state),
      sharedSubjects: state.vouched.length,
      recommendedStage: this.#isExempt(state.subject) ? "observe" : "suspend",
      epoch: this.#policy.epoch,
    });
  }
}

/**
 * sshd tells of an unknown account twice: a probe that names it, then its failure. Two lines, one
 * attempt; the second bets nothing.
 */
function isSecondLine(state: SubjectState, seen: Observation): boolean {
  const isSecond = seen.outcome === "failed" && state.probedName === seen.nameHash;
  state.probedName = seen.outcome === "probed" ? seen.nameHash : NO_NAME;
  return isSecond;
}
