// What a scorer takes, what it is configured with, and what can be asked of it. Owns the shapes of
// its door and decides nothing.

import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import type { IntelBook } from "./intel/intel-book.ts";
import type { RuleSet } from "./rules/rule-set.ts";
import type { Reason, ScorerOutput, ScorerPolicy } from "./signal.ts";

export type ScorerInput =
  | { readonly type: "event"; readonly event: Event }
  | { readonly type: "policy"; readonly policy: ScorerPolicy }
  | { readonly type: "pardon"; readonly subject: SubjectText; readonly beforeMs: number }
  /** A lift about a subject, at its control index and its entry's machine time. */
  | {
      readonly type: "lift";
      readonly subject: SubjectText;
      readonly index: number;
      readonly atMs: number;
    };

/** What a host's configuration adds; without it the detectors of logins are alone. */
export interface ScorerAdditions {
  /** Compiled rules; the scorer feeds them and saves their state. */
  readonly rules?: RuleSet;
  /**
   * Whether a source of this host says where an account is, on which device, with which rights. The
   * detectors of that take part of an account's bankroll.
   */
  readonly hasContext?: boolean;
  /** Lists of threat intelligence; the host puts new editions in force between two steps. */
  readonly intel?: IntelBook;
  /** Bound on the larger profiles of vouched subjects, 8 kB each. Default 1,024; 0 for none. */
  readonly maxProfiles?: number;
  /** Names of detectors whose bets count as 1: what would be without them. */
  readonly silenced?: ReadonlySet<string>;
}

export interface ScorerOptions extends ScorerAdditions {
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
  /** The level of the learned accounts, which stand beside, and what moved it. */
  readonly learnedLevelMdb: number;
  readonly learnedReasons: readonly Reason[];
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

export interface ScorerTotals extends Readonly<ScorerCounts> {
  readonly subjects: number;
  readonly evictions: number;
  readonly profiles: number;
  readonly profileEvictions: number;
  /** Memory of subjects' numbers in bytes, room for the next ones included. */
  readonly bytes: number;
}

export interface Scorer {
  step(input: ScorerInput, out: ScorerOutput): void;
  /** What is held on a subject now, or `undefined` when nothing is remembered. */
  standing(subject: SubjectText): Standing | undefined;
  counts(): ScorerTotals;
  /** All of it in bytes; a scorer restored from it gives the same outputs ever after. */
  snapshot(): Uint8Array;
}
