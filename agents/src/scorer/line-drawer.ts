// The lines of a level: a local lease at the lower one, a signal at the upper (DESIGN.md 5, 6.1).
// Owns what is said outward, how long it holds and the reset that bounds false signals. Must never
// bet, nor let learned evidence prolong what declared evidence earned.

import type { SubjectText } from "@ostraka/proto";
import { noteFired } from "./feedback.ts";
import {
  learnedDayAccountOf,
  learnedEvidenceFromMs,
  resetLearned,
} from "./learned/learned-watch.ts";
import { type Lines, linesOf } from "./lines.ts";
import { reasonsOf } from "./reasons.ts";
import type { EvidenceKindName, ScorerOutput, ScorerPolicy } from "./signal.ts";
import {
  dayAccountOf,
  evidenceFromMs,
  longestRunOf,
  resetLevel,
  type SubjectState,
  toMdb,
} from "./subject-state.ts";
import type { SubjectTable } from "./subject-table.ts";

/** Refusals in a row that count as going on; of honest runs 15 in 1,000 are so long (0.35^4). */
const RENEWING_RUN_MIN = 5;

export class LineDrawer {
  #policy: ScorerPolicy;
  #lines: Readonly<Record<EvidenceKindName, Lines>>;
  readonly #isExempt: (subject: SubjectText) => boolean;
  readonly #leases: Pick<SubjectTable, "noteLease">;

  /** @throws RangeError when the policy contradicts itself. */
  constructor(
    policy: ScorerPolicy,
    leases: Pick<SubjectTable, "noteLease">,
    isExempt: (subject: SubjectText) => boolean = () => false,
  ) {
    this.#policy = policy;
    this.#lines = linesOf(policy);
    this.#isExempt = isExempt;
    this.#leases = leases;
  }

  /** Draws by another policy from now on. @throws RangeError when it contradicts itself. */
  use(policy: ScorerPolicy): void {
    this.#lines = linesOf(policy);
    this.#policy = policy;
  }

  /** Whether learned evidence has a share of the budget: without one it has no line to come to. */
  get hasLearned(): boolean {
    return this.#lines.learned.leaseMoney !== Number.POSITIVE_INFINITY;
  }

  /** Draws what a level has come to; most of the time nothing. */
  draw(state: SubjectState, kind: EvidenceKindName, level: number, out: ScorerOutput): void {
    const isLeased = state.leaseUntilMs > state.lastMs;
    const { leaseMoney, signalMdb } = this.#lines[kind];
    if (level < leaseMoney && !(isLeased && kind === "declared")) return;
    const levelMdb = toMdb(level);
    this.#drawLease(state, kind, levelMdb, isLeased, out);
    if (levelMdb >= signalMdb) this.#drawSignal(state, kind, levelMdb, out);
  }

  /**
   * A lease falls at the line. While it holds, a source that goes on being refused keeps it alive
   * without earning it again; it then ends `leaseMs` after the last refusal, give or take a
   * quarter, which spares outputs. A single slip in a busy office renews nothing.
   */
  #drawLease(
    state: SubjectState,
    evidenceKind: EvidenceKindName,
    levelMdb: number,
    isRenewal: boolean,
    out: ScorerOutput,
  ): void {
    const { leaseMs, leaseStage: stage } = this.#policy;
    if (!isRenewal && levelMdb < this.#lines[evidenceKind].leaseMdb) return;
    const fromMs = state.lastMs;
    const untilMs = fromMs + leaseMs;
    if (isRenewal && untilMs - state.leaseUntilMs < leaseMs / 4) return;
    if (isRenewal && longestRunOf(state) < RENEWING_RUN_MIN) return;
    if (this.#isExempt(state.subject)) return;
    state.leaseUntilMs = untilMs;
    this.#leases.noteLease(untilMs);
    if (!isRenewal) noteFired(state, evidenceKind);
    const { subject } = state;
    const reasons = reasonsOf(state, evidenceKind);
    out.lease({ subject, fromMs, untilMs, stage, levelMdb, evidenceKind, isRenewal, reasons });
  }

  #drawSignal(
    state: SubjectState,
    kind: EvidenceKindName,
    levelMdb: number,
    out: ScorerOutput,
  ): void {
    const { epoch, leaseMs } = this.#policy;
    const timeMs = state.lastMs;
    const isHeld = state.heldEpoch === epoch && timeMs < state.heldUntilMs;
    if (!isHeld) {
      state.heldEpoch = epoch;
      state.heldUntilMs = timeMs + leaseMs;
      noteFired(state, kind);
      this.#sendSignal(state, kind, levelMdb, out);
    }
    // The reset is what bounds false signals; held back or not, the level starts again from
    // nothing.
    if (kind === "declared") resetLevel(state);
    else resetLearned(state);
  }

  #sendSignal(
    state: SubjectState,
    evidenceKind: EvidenceKindName,
    levelMdb: number,
    out: ScorerOutput,
  ): void {
    const timeMs = state.lastMs;
    const isDeclared = evidenceKind === "declared";
    const fromMs = isDeclared ? evidenceFromMs : learnedEvidenceFromMs;
    out.signal({
      subject: state.subject,
      timeMs,
      day: state.day,
      evidenceMdb: toMdb(isDeclared ? dayAccountOf(state) : learnedDayAccountOf(state)),
      levelMdb,
      evidenceKind,
      evidenceFromMs: fromMs(state, timeMs),
      reasons: reasonsOf(state, evidenceKind),
      sharedSubjects: state.vouched.length,
      recommendedStage: this.#isExempt(state.subject) ? "observe" : "suspend",
      epoch: this.#policy.epoch,
    });
  }
}
