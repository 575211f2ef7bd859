// The lines of a policy as each kind of evidence has them. Owns the division of the budget between
// declared and learned evidence (DESIGN.md 5). Must never leave the two together more than c.

import type { EvidenceKindName, ScorerPolicy } from "./signal.ts";

/** Levels in millidecibans; infinite where the kind has no share. */
export interface Lines {
  readonly leaseMdb: number;
  readonly signalMdb: number;
  /** The lease line as money, a shade below: rounding never hides a level, integers decide. */
  readonly leaseMoney: number;
}

/** @throws RangeError when the policy contradicts itself. */
export function linesOf(policy: ScorerPolicy): Readonly<Record<EvidenceKindName, Lines>> {
  const { signalLineMdb, leaseLineMdb, leaseMs, learnedShare = 0 } = policy;
  if (!(leaseLineMdb <= signalLineMdb && leaseMs > 0)) {
    throw new RangeError("a scorer policy needs leaseLineMdb <= signalLineMdb and leaseMs > 0");
  }
  if (!(learnedShare >= 0 && learnedShare < 1)) {
    throw new RangeError(`learnedShare must lie from 0 to below 1, not at ${learnedShare}`);
  }
  const lines = (share: number): Lines => {
    const further = share > 0 ? Math.ceil(-10_000 * Math.log10(share)) : Number.POSITIVE_INFINITY;
    const leaseMdb = leaseLineMdb + Math.max(0, further);
    const signalMdb = signalLineMdb + Math.max(0, further);
    return { leaseMdb, signalMdb, leaseMoney: 10 ** (leaseMdb / 10_000) * 0.999 };
  };
  return { declared: lines(1 - learnedShare), learned: lines(learnedShare) };
}
