// The scorer: from events to evidence to signals and local leases, on one host (DESIGN.md 5, 6.1).
// Owns the order of things within an event: duplicate, rules, subject, day, bets, lines, teaching.
// Pure: event time is the only clock, outputs go to the caller. Must never let a failed login speak
// about the account it names, nor add learned to declared evidence.

import { EVENT_TIME_MS_MAX, type Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { additionsOf } from "./configuration.ts";
import type { Detector } from "./detectors/detector.ts";
import { type Ensemble, openEnsemble } from "./ensemble.ts";
import { lowerWhatFired } from "./feedback.ts";
import type { IntelBook } from "./intel/intel-book.ts";
import {
  beginLearnedDay,
  forgetLearnedEvidence,
  forgetProfileRanks,
  LearnedWatch,
  learnedEvidenceFromMs,
  learnedLevelOf,
  resetLearned,
  teachHost,
} from "./learned/learned-watch.ts";
import { Peers } from "./learned/peers.ts";
import { ProfilePool } from "./learned/profile-pool.ts";
import { HostSketch } from "./learned/statistical.ts";
import { LineDrawer } from "./line-drawer.ts";
import { type Observation, openObservation, readEvent } from "./observation.ts";
import { reasonsOf } from "./reasons.ts";
import { RecentIds } from "./recent-ids.ts";
import type { RuleHit, RuleSet, SpeaksOf } from "./rules/rule-set.ts";
import type {
  Scorer,
  ScorerCounts,
  ScorerInput,
  ScorerOptions,
  ScorerTotals,
  Standing,
} from "./scorer-shape.ts";
import type { ScorerOutput } from "./signal.ts";
import { readSnapshot, type ScorerParts, writeSnapshot } from "./snapshot.ts";
import {
  dayAccountOf,
  enterDay,
  evidenceFromMs,
  forgetEvidence,
  forgetRun,
  IDLE_MS_MAX,
  letGo,
  levelOf,
  memoryOf,
  NO_NAME,
  openSubjectState,
  type SubjectState,
  toMdb,
  vouchFor,
} from "./subject-state.ts";
import { SubjectTable } from "./subject-table.ts";

const DAY_MS = 86_400_000;
/** A folded line counts at most this often: by then every line is drawn. */
const COUNT_MAX = 64;
/**
 * Lines of two logs come out of order by seconds. What comes later still was held back: its place
 * among the attempts is unknown, and failures that come after the successes they were mixed with
 * look like a run.
 */
const OUT_OF_ORDER_MS_MAX = 10_000;
const SUBJECTS_DEFAULT = 20_000;
/** At 8 kB each, beside 2 kB a subject. */
const PROFILES_DEFAULT = 1_024;
/** A subject whose declared level has come to 10 dB teaches nothing until it is calm again. */
const QUIET_LEVEL = 10;

/** Opens an empty scorer. Throws on a policy whose lines contradict each other. */
export function openScorer(options: ScorerOptions): Scorer {
  return openScorerOf(openEnsemble(additionsOf(options)), options);
}

/** Opens an empty scorer of these detectors and no others: for tests of what one of them does. */
export function openScorerOf(ensemble: Ensemble, options: ScorerOptions): Scorer {
  return new EventScorer(ensemble, options);
}

/**
 * Opens a scorer from a snapshot, under the policy given here. Detectors that are configured now
 * and were not then begin with nothing.
 * @returns `undefined` when the snapshot is not whole, or not one that a scorer wrote.
 */
export function restoreScorer(snapshot: unknown, options: ScorerOptions): Scorer | undefined {
  const scorer = new EventScorer(openEnsemble(additionsOf(options)), options);
  return readSnapshot(snapshot, scorer.parts) ? scorer : undefined;
}

class EventScorer implements Scorer {
  readonly parts: ScorerParts;
  readonly #lines: LineDrawer;
  readonly #ensemble: Ensemble;
  readonly #table: SubjectTable;
  readonly #recent = new RecentIds();
  readonly #seen = openObservation();
  readonly #counts: ScorerCounts = {
    events: 0,
    duplicates: 0,
    stale: 0,
    invalid: 0,
    pardoned: 0,
  };
  readonly #pool: ProfilePool;
  readonly #sketch = new HostSketch();
  readonly #watch: LearnedWatch;
  readonly #rules: RuleSet | undefined;
  readonly #intel: IntelBook | undefined;
  readonly #hits: RuleHit[] = [];
  readonly #hitsOf: Record<SpeaksOf, RuleHit[]> = { account: [], address: [], session: [] };
  #didTeach = false;

  constructor(ensemble: Ensemble, options: ScorerOptions) {
    this.#ensemble = ensemble;
    this.#rules = options.rules;
    this.#intel = options.intel;
    const { profiles } = ensemble.actor;
    const max = options.maxProfiles ?? PROFILES_DEFAULT;
    this.#pool = new ProfilePool(profiles, max, forgetProfileRanks);
    const peers = new Peers(profiles);
    this.#watch = new LearnedWatch(this.#pool, peers);
    this.#table = new SubjectTable({
      max: options.maxSubjects ?? SUBJECTS_DEFAULT,
      open: (subject) => openSubjectState(subject, ensemble),
      onEvicted: (state) => this.#pool.drop(state),
    });
    this.#lines = new LineDrawer(options.policy, this.#table, options.isExempt);
    this.parts = {
      ensemble,
      peers,
      counts: this.#counts,
      table: this.#table,
      recent: this.#recent,
      pool: this.#pool,
      sketch: this.#sketch,
      rules: options.rules,
    };
  }

  step(input: ScorerInput, out: ScorerOutput): void {
    this.#take(input, out);
    letGo();
  }

  #take(input: ScorerInput, out: ScorerOutput): void {
    switch (input.type) {
      case "event":
        this.#onEvent(input.event, out);
        return;
      case "policy":
        this.#lines.use(input.policy);
        return;
      case "pardon":
        this.#onPardon(input.subject, input.beforeMs);
        return;
      case "lift": {
        const state = this.#table.peek(input.subject);
        if (state !== undefined) lowerWhatFired(state, input.index, input.atMs);
        return;
      }
    }
  }

  standing(subject: SubjectText): Standing | undefined {
    const state = this.#table.peek(subject);
    if (state === undefined) return undefined;
    const standing = standingOf(state);
    letGo();
    return standing;
  }

  counts(): ScorerTotals {
    const { size: subjects, evictions } = this.#table;
    const { size: profiles, evictions: profileEvictions } = this.#pool;
    const { source, actor, session } = this.#ensemble;
    let bytes = profiles * this.#pool.words * 4;
    for (const { rows, learnedRows, rankedRows } of [source, actor, session]) {
      bytes += rows.bytes + learnedRows.bytes + rankedRows.bytes;
    }
    return { ...this.#counts, subjects, evictions, profiles, profileEvictions, bytes };
  }

  snapshot(): Uint8Array {
    return writeSnapshot(this.parts);
  }

  #onPardon(subject: SubjectText, beforeMs: number): void {
    const state = this.#table.touch(subject);
    state.pardonedBeforeMs = Math.max(state.pardonedBeforeMs, beforeMs);
    this.#table.settle(state);
    // A day account mixes what came before and after, so the whole day goes: lowering is always
    // sound.
    const atMs = learnedEvidenceFromMs(state, evidenceFromMs(state, state.lastMs));
    if (Math.min(atMs, state.day * DAY_MS) >= beforeMs) return;
    forgetEvidence(state);
    forgetLearnedEvidence(state);
  }

  #onEvent(event: Event, out: ScorerOutput): void {
    this.#counts.events++;
    if (!Number.isInteger(event.timeMs) || event.timeMs < 0 || event.timeMs > EVENT_TIME_MS_MAX) {
      this.#counts.invalid++;
      return;
    }
    const seen = this.#seen;
    // A login without a source says nothing, and neither does a mere connection.
    const isRead = readEvent(event, seen);
    const isSpoken = isRead && (seen.outcome === "acted" || event.address !== undefined);
    if (!isSpoken && this.#rules === undefined) return;
    if (!this.#recent.add(event.id)) {
      this.#counts.duplicates++;
      return;
    }
    if (isSpoken) {
      this.#sketch.look(seen);
      seen.intelMask = this.#intel?.maskOf(event) ?? 0;
      if (seen.outcome === "acted") this.#onAct(event, out);
      else this.#onLogin(event, event.address as SubjectText, out);
    }
    if (this.#rules !== undefined) this.#onRules(this.#rules, event, out);
  }

  #onLogin(event: Event, address: SubjectText, out: ScorerOutput): void {
    const seen = this.#seen;
    const source = this.#table.touch(address);
    seen.isSourceLeased = source.leaseUntilMs > event.timeMs;
    this.#observe(source, event, out);
    if (seen.outcome !== "succeeded") return;
    if (!seen.isSourceLeased) vouchFor(source, seen.nameHash);
    this.#observeActors(event, out);
  }

  /** What an account does that is no login speaks of it alone: its source has a past of logins. */
  #onAct(event: Event, out: ScorerOutput): void {
    const { address, timeMs } = event;
    // Most of the time nobody is leased, and the source need not be looked up.
    const mayBeLeased = address !== undefined && this.#table.leasedUntilMs > timeMs;
    const source = mayBeLeased ? this.#table.peek(address) : undefined;
    this.#seen.isSourceLeased = source !== undefined && source.leaseUntilMs > timeMs;
    this.#observeActors(event, out);
  }

  #observeActors(event: Event, out: ScorerOutput): void {
    this.#didTeach = false;
    if (event.account !== undefined) {
      const state = this.#table.touch(event.account);
      this.#observe(state, event, out);
      if (this.#didTeach) teachHost(this.#sketch, state, this.#seen);
    }
    if (event.session !== undefined) this.#observe(this.#table.touch(event.session), event, out);
  }

  #observe(state: SubjectState, event: Event, out: ScorerOutput): void {
    if (!this.#takeTime(state, event.timeMs)) return;
    const seen = this.#seen;
    const isAct = seen.outcome === "acted";
    const { logins, acts } = state.lineup;
    if (isAct) {
      if (acts > logins) this.#hear(state, logins, 1, out);
    } else {
      const times = Math.min(COUNT_MAX, Math.max(1, Math.trunc(event.count) || 1));
      const from = seen.isHeldBack && seen.isRefused ? logins : 0;
      this.#hear(state, from, isSecondLine(state, seen) ? times - 1 : times, out, times);
    }
    if (seen.outcome === "succeeded") state.logins++;
    if (isAct || seen.outcome === "succeeded") this.#learn(state, out);
    if (seen.isRefused && !seen.isLate) state.lastRefusedMs = seen.timeMs;
    this.#table.settle(state);
  }

  /** Lets the declared detectors from one on hear of it, as often as it was folded into a line. */
  #hear(state: SubjectState, from: number, times: number, out: ScorerOutput, of = times): void {
    const seen = this.#seen;
    const { declared, acts } = state.lineup;
    // A source moves by failing, an account or a session by what it does; only that draws a line.
    const didSucceed = seen.outcome === "succeeded" || seen.outcome === "acted";
    const isMoved = (state.lineup === this.#ensemble.source) !== didSucceed;
    for (let n = of - times; n < of; n++) {
      seen.isRepeat = n > 0;
      for (let i = from; i < acts; i++) {
        (declared[i] as Detector).observe(memoryOf(state, i), seen);
      }
      if (isMoved) this.#lines.draw(state, "declared", levelOf(state), out);
    }
    seen.isRepeat = false;
  }

  #learn(state: SubjectState, out: ScorerOutput): void {
    const { lineup, lastMs } = state;
    if (lineup.learnedShares.length === 0) return;
    const seen = this.#seen;
    const isCalm = state.leaseUntilMs <= lastMs && levelOf(state) < QUIET_LEVEL;
    const mayTeach = isCalm && !seen.isSourceLeased && !seen.isRefused && !seen.isLate;
    this.#watch.observe(state, seen, mayTeach);
    if (mayTeach) this.#didTeach = true;
    if (!this.#lines.hasLearned) return;
    this.#lines.draw(state, "learned", learnedLevelOf(state), out);
  }

  /** Hits speak of the account, else its session, else its address; a failed login's of that. */
  #onRules(rules: RuleSet, event: Event, out: ScorerOutput): void {
    // Emptying an array is a call; most events leave it empty.
    if (this.#hits.length > 0) this.#hits.length = 0;
    rules.observe(event, this.#hits);
    if (this.#hits.length === 0) return;
    const { account, session, address } = event;
    const chosen = this.#hitsOf;
    chosen.account.length = chosen.session.length = chosen.address.length = 0;
    for (const hit of this.#hits) chosen[hit.speaksOf].push(hit);
    const actor = account ?? session ?? address;
    this.#onHits(actor, chosen.account, event, out);
    this.#onHits(session ?? actor, chosen.session, event, out);
    // What is the address's doing is nobody else's: anybody may fail in an account's name.
    this.#onHits(address, chosen.address, event, out);
  }

  #onHits(
    subject: SubjectText | undefined,
    hits: readonly RuleHit[],
    event: Event,
    out: ScorerOutput,
  ): void {
    if (subject === undefined || hits.length === 0) return;
    const state = this.#table.touch(subject);
    if (!this.#takeTime(state, event.timeMs)) return;
    this.#hearRules(state, hits);
    this.#lines.draw(state, "declared", levelOf(state), out);
    this.#table.settle(state);
  }

  #hearRules(state: SubjectState, hits: readonly RuleHit[]): void {
    const { declared, acts } = state.lineup;
    if (acts === declared.length) return;
    const seen = this.#seen;
    seen.isRepeat = false;
    seen.ruleHits = hits;
    (declared[acts] as Detector).observe(memoryOf(state, acts), seen);
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
    if (timeMs > state.lastMs + IDLE_MS_MAX) {
      forgetRun(state);
      resetLearned(state);
    }
    const seen = this.#seen;
    seen.isLate = timeMs < state.lastMs;
    seen.isHeldBack = timeMs < state.lastMs - OUT_OF_ORDER_MS_MAX;
    seen.timeMs = seen.isLate ? state.lastMs : timeMs;
    state.lastMs = seen.timeMs;
    const day = Math.floor(seen.timeMs / DAY_MS);
    if (day > state.day) {
      enterDay(state, day);
      beginLearnedDay(state);
      // The rules' stakes of a day are laid BEFORE anything of it is known.
      this.#hearRules(state, []);
    }
    seen.gapMs =
      state.lastRefusedMs < 0 ? Number.POSITIVE_INFINITY : seen.timeMs - state.lastRefusedMs;
    return true;
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

function standingOf(state: SubjectState): Standing {
  return {
    levelMdb: toMdb(levelOf(state)),
    evidenceMdb: toMdb(dayAccountOf(state)),
    learnedLevelMdb: toMdb(learnedLevelOf(state)),
    learnedReasons: reasonsOf(state, "learned"),
    day: state.day,
    leaseUntilMs: state.leaseUntilMs,
    reasons: reasonsOf(state, "declared"),
    logins: state.logins,
    sharedSubjects: state.vouched.length,
    evidenceFromMs: Math.max(state.day * DAY_MS, state.pardonedBeforeMs, 0),
    hasSignalled: state.heldUntilMs > 0 && state.heldUntilMs >= state.day * DAY_MS,
  };
}
