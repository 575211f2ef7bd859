// Signals that a revocation has used: a signal is spent by the first that uses it (DESIGN.md 6.3),
// and evidence that reaches back before a pardon counts no more. Machines know what people have
// spent as of the control index they judge by; people never wait for what machines have spent.

import {
  decode,
  hex,
  LIMITS,
  type Reject,
  reject,
  type Signal,
  type SignalProof,
  SignalSchema,
} from "@ostraka/proto";

export class SpentSignals {
  /** Hex commitments. */
  readonly #byMachines = new Set<string>();
  /** By hex commitment: the control index of the verdict that spent it. */
  readonly #byPeople = new Map<string, number>();

  /**
   * Spends the signals of a warrant of machines, all or none. @param judgedAt its control index.
   */
  spend(proofs: readonly SignalProof[], pardonedMs: number, judgedAt: number): Reject | undefined {
    const signals = signalsOf(proofs);
    if (signals === undefined) return reject("malformed");
    if (signals.some((s) => Number(s.evidenceFromMs) < pardonedMs)) return reject("pardoned");
    const ids = signals.map(({ commitment }) => hex(commitment));
    const isSpent = (id: string) =>
      this.#byMachines.has(id) || (this.#byPeople.get(id) ?? judgedAt + 1) <= judgedAt;
    if (ids.some(isSpent) || new Set(ids).size < ids.length) return reject("spent");
    for (const id of ids) this.#byMachines.add(id);
    return undefined;
  }

  /** Spends what a verdict of people took along, all or none. @param index of its entry. */
  spendByPeople(proofs: readonly SignalProof[], index: number): Reject | undefined {
    const signals = signalsOf(proofs);
    if (signals === undefined) return reject("malformed");
    const ids = signals.map(({ commitment }) => hex(commitment));
    const isSpent = ids.some((id) => this.#byPeople.has(id));
    if (isSpent || new Set(ids).size < ids.length) return reject("spent");
    for (const id of ids) this.#byPeople.set(id, index);
    return undefined;
  }
}

function signalsOf(proofs: readonly SignalProof[]): readonly Signal[] | undefined {
  const signals = proofs.map(({ signal }) => decode(SignalSchema, signal, LIMITS.signalBytesMax));
  return signals.every((signal) => signal !== undefined) ? signals : undefined;
}
