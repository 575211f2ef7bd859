// Which detectors speak about which kind of subject, and with what share of its bankroll: the one
// list of them. Owns shares and the layout of a subject's numbers, both fixed BEFORE any data.
// Must never depend on an event: what nothing was configured for takes no share.

import type { SubjectText } from "@ostraka/proto";
import { accountSpread } from "./detectors/account-spread.ts";
import { afterBurst } from "./detectors/after-burst.ts";
import type { Detector } from "./detectors/detector.ts";
import { failurePaceBurst, failurePaceFast, failurePaceQuick } from "./detectors/failure-pace.ts";
import { failureRun } from "./detectors/failure-run.ts";
import { suspiciousName } from "./detectors/suspicious-name.ts";
import type { Follows, LearnedDetector, ProfileDetector } from "./learned/learned-detector.ts";
import { HISTORY_HALVES } from "./learned/rank-history.ts";
import { ACCOUNT_CELLS, MEMORY_CELLS, STAKED_CELL } from "./memory-cursor.ts";
import { RowPool } from "./row-pool.ts";

/** Detectors that speak about a source. The shares add to 1: one bankroll a subject-day. */
export const SOURCE_DETECTORS: readonly Detector[] = [
  failureRun,
  failurePaceFast,
  failurePaceQuick,
  suspiciousName,
  accountSpread,
  failurePaceBurst,
];

/** Detectors that speak about an account or a session. */
const ACTOR_DETECTORS: readonly Detector[] = [afterBurst];

/** What a configuration adds to the detectors of logins. */
export interface Additions {
  /** Their shares are of the whole bankroll. */
  readonly source?: readonly Detector[];
  readonly actor?: readonly Detector[];
  readonly session?: readonly Detector[];
  /** Speaks about every subject, and only of hits of rules. */
  readonly rules?: Detector | undefined;
  readonly learned?: readonly LearnedDetector[];
  readonly profiles?: readonly ProfileDetector[];
  /** Names of detectors whose bets count as 1, their stakes laid as ever: what if without them? */
  readonly silenced?: ReadonlySet<string> | undefined;
}

/** Cells of a subject's row before the memories of its detectors. */
export const HEADER_CELLS = 14;
/** Cells of a learned row before those of its detectors. */
export const LEARNED_HEADER_CELLS = 4;
/** One step of what a detector without a grain says. */
const STEP = 0.25;
/** Two bits a detector say how far feedback has lowered it, in one number. */
const DETECTORS_MAX = 16;
/** At least this much of a bankroll is left to the detectors of logins. */
const LOGINS_SHARE_MIN = 0.1;

/** The detectors of one class of subject, and where each has its numbers. */
export interface Lineup {
  readonly declared: readonly Detector[];
  readonly declaredShares: readonly number[];
  /** Cell of a memory, 0 or 1, that counts: the money, or of a silenced one what it staked. */
  readonly declaredCounts: readonly number[];
  readonly learnedCounts: readonly number[];
  /** The first so many hear of logins alone; the rest, up to `acts`, of all that it does. */
  readonly logins: number;
  readonly acts: number;
  /** Learned detectors, then those with profiles. */
  readonly learned: readonly LearnedDetector[];
  readonly profiles: readonly ProfileDetector[];
  readonly learnedShares: readonly number[];
  /** Steps of strangeness: a detector's grain, else a quarter. */
  readonly steps: readonly number[];
  /** First cell of each learned detector in a learned row. */
  readonly learnedAt: readonly number[];
  /** First cell of their accounts, and of their histories, in a learned row. */
  readonly accountsAt: number;
  readonly historiesAt: number;
  readonly rows: RowPool;
  readonly learnedRows: RowPool;
  /** Accounts of those with profiles, then their histories: of who has ever had a profile. */
  readonly rankedRows: RowPool;
}

export interface Ensemble {
  readonly source: Lineup;
  readonly actor: Lineup;
  /** Sessions are too short to have a past: no learned detector follows them. */
  readonly session: Lineup;
  of(subject: SubjectText): Lineup;
}

/** @throws RangeError when there are more detectors than a subject has room for. */
export function openEnsemble(more: Additions = {}): Ensemble {
  const { learned = [], profiles = [] } = more;
  const following = (one: Follows) => learned.filter(({ follows }) => follows.includes(one));
  const rules = more.rules === undefined ? [] : [more.rules];
  const bySource = [...(more.source ?? []), ...rules];
  const byActor = [...(more.actor ?? []), ...rules];
  const { silenced = new Set() } = more;
  const both = { rules, silenced };
  const bySession = [...(more.session ?? []), ...rules];
  const actors = { ...both, logins: ACTOR_DETECTORS, additions: byActor };
  const source = openLineup({
    ...both,
    logins: SOURCE_DETECTORS,
    additions: bySource,
    learned: following("source"),
    profiles: [],
  });
  const actor = openLineup({ ...actors, learned: following("actor"), profiles });
  const session = openLineup({ ...actors, additions: bySession, learned: [], profiles: [] });
  const of = (subject: SubjectText): Lineup => {
    if (subject.startsWith("address:")) return source;
    return subject.startsWith("session:") ? session : actor;
  };
  return { source, actor, session, of };
}

interface LineupParts {
  readonly logins: readonly Detector[];
  readonly additions: readonly Detector[];
  readonly rules: readonly Detector[];
  readonly learned: readonly LearnedDetector[];
  readonly profiles: readonly ProfileDetector[];
  readonly silenced: ReadonlySet<string>;
}

function openLineup(parts: LineupParts): Lineup {
  const { logins, additions, rules, learned, profiles, silenced } = parts;
  const count = learned.length + profiles.length;
  if (logins.length + additions.length > DETECTORS_MAX || count > DETECTORS_MAX) {
    throw new RangeError(`a subject has at most ${DETECTORS_MAX} detectors of a kind`);
  }
  const declared = [...logins, ...additions];
  const learnedAt: number[] = [];
  let at = LEARNED_HEADER_CELLS;
  for (const { width } of learned) {
    learnedAt.push(at);
    at += width;
  }
  const accountsAt = at;
  const historiesAt = accountsAt + learned.length * ACCOUNT_CELLS;
  const total = [...learned, ...profiles].reduce((sum, { share }) => sum + share, 0);
  return {
    declared,
    declaredShares: declaredSharesOf(logins, additions, rules),
    declaredCounts: declared.map(({ name }) => (silenced.has(name) ? STAKED_CELL : 0)),
    learnedCounts: [...learned, ...profiles].map(({ name }) =>
      silenced.has(name) ? STAKED_CELL : 0,
    ),
    logins: logins.length,
    acts: declared.length - rules.length,
    learned,
    profiles,
    learnedShares: [...learned, ...profiles].map(({ share }) => share / total),
    steps: [...learned.map(() => STEP), ...profiles.map(({ grain = STEP }) => grain)],
    learnedAt,
    accountsAt,
    historiesAt,
    rows: new RowPool(HEADER_CELLS + declared.length * MEMORY_CELLS),
    learnedRows: new RowPool(historiesAt + historyCells(learned.length)),
    rankedRows: new RowPool(
      Math.max(1, profiles.length * ACCOUNT_CELLS + historyCells(profiles.length)),
    ),
  };
}

function historyCells(detectors: number): number {
  return Math.ceil((detectors * HISTORY_HALVES) / 2);
}

/**
 * Rules have the share that they name, the other additions theirs, or less where a tenth would not
 * be left to the detectors of logins, who divide the rest. All of them add to 1.
 */
function declaredSharesOf(
  logins: readonly Detector[],
  additions: readonly Detector[],
  rules: readonly Detector[],
): readonly number[] {
  const sum = (detectors: readonly Detector[]) =>
    detectors.reduce((total, { share }) => total + share, 0);
  const ofRules = sum(rules);
  const wanted = sum(additions) - ofRules;
  const granted = Math.min(wanted, 1 - ofRules - LOGINS_SHARE_MIN);
  const scale = wanted > granted ? granted / wanted : 1;
  const left = 1 - ofRules - granted;
  return [
    ...logins.map(({ share }) => share * left),
    ...additions.map((one) => (rules.includes(one) ? one.share : one.share * scale)),
  ];
}
