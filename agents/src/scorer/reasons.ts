// Why a level stands where it does: what each detector saw, against what, and what its bets made.
// Owns the counterfactual. Must never say anything that is not in an account, nor a text of a log.

import { accountOf, accountsOf, learnedLevelOf, learnedShareOf } from "./learned/learned-watch.ts";
import type { EvidenceKindName, Reason } from "./signal.ts";
import { levelOf, memoryOf, type SubjectState, shareOf, toMdb, weightOf } from "./subject-state.ts";

/** Detectors of a kind in the mask of what fired begin at this bit. */
const FIRED_BIT: Readonly<Record<EvidenceKindName, number>> = { declared: 0, learned: 16 };

/**
 * Reasons of a kind's level, strongest first: those that moved it, then those of the other kind,
 * which stand beside it.
 */
export function reasonsOf(state: SubjectState, kind: EvidenceKindName): Reason[] {
  const declared = declaredReasons(state, kind);
  const learned = learnedReasons(state, kind);
  return kind === "declared" ? [...declared, ...learned] : [...learned, ...declared];
}

/** Which detectors moved the level of a kind, a bit each. */
export function firedOf(state: SubjectState, kind: EvidenceKindName): number {
  const { lineup } = state;
  let fired = 0;
  if (kind === "declared") {
    for (let i = 0; i < lineup.declared.length; i++) {
      const isSilenced = lineup.declaredCounts[i] !== 0;
      if (!isSilenced && memoryOf(state, i).wins > 0) fired |= 1 << i;
    }
    return fired;
  }
  for (let i = accountsOf(state) - 1; i >= 0; i--) {
    const { open, staked } = accountOf(state, i);
    if (open > staked && lineup.learnedCounts[i] === 0) fired |= 1 << (i + FIRED_BIT.learned);
  }
  return fired;
}

function declaredReasons(state: SubjectState, of: EvidenceKindName): Reason[] {
  const level = of === "declared" ? levelOf(state) : learnedLevelOf(state);
  const reasons: Reason[] = [];
  state.lineup.declared.forEach((detector, i) => {
    const memory = memoryOf(state, i);
    if (memory.wins === 0 || state.lineup.declaredCounts[i] !== 0) return;
    const part = of === "declared" ? shareOf(state, i) * (memory.open - memory.staked) : 0;
    reasons.push({
      detector: detector.name,
      kind: "declared",
      betsMdb: toMdb(memory.open / memory.staked),
      levelWithoutMdb: toMdb(level - part),
      seen: `${detector.describe(memory)}${loweredWords(state, state.lowered, i)}`,
      against: detector.against,
      fromMs: memory.fromMs,
      toMs: memory.toMs,
      count: memory.wins,
    });
  });
  return reasons.sort(byStrength);
}

function learnedReasons(state: SubjectState, of: EvidenceKindName): Reason[] {
  const { lineup, said } = state;
  const count = accountsOf(state);
  const level = of === "learned" ? learnedLevelOf(state) : levelOf(state);
  const reasons: Reason[] = [];
  [...lineup.learned, ...lineup.profiles].slice(0, count).forEach((detector, i) => {
    const { open, staked, wins, fromMs, toMs } = accountOf(state, i);
    if (!(open > staked) || lineup.learnedCounts[i] !== 0) return;
    const part = of === "learned" ? learnedShareOf(state, i) * (open - staked) : 0;
    const words = said?.[i] ?? "";
    reasons.push({
      detector: detector.name,
      kind: "learned",
      betsMdb: toMdb(open / staked),
      levelWithoutMdb: toMdb(level - part),
      seen: `${words}${loweredWords(state, state.learnedLowered, i)}`.trim(),
      against: detector.against,
      fromMs,
      toMs,
      count: wins,
    });
  });
  return reasons.sort(byStrength);
}

function byStrength(a: Reason, b: Reason): number {
  return b.betsMdb - a.betsMdb || (a.detector < b.detector ? -1 : 1);
}

function loweredWords(state: SubjectState, lowered: number, i: number): string {
  const weight = weightOf(lowered, i);
  return weight === 1 ? "" : ` countsOneIn=${1 / weight} sinceLift=c:${state.liftIndex}`;
}
