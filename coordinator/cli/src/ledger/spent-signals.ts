// Signals that a revocation has used: a signal is spent by the first that uses it (DESIGN.md 6.3),
// and evidence that reaches back before a pardon counts no more.

import { signalId } from "@ostraka/agents/kernel";
import {
  type Crypto,
  decode,
  hex,
  LIMITS,
  type MeshId,
  type Reject,
  reject,
  type SignalProof,
  SignalSchema,
} from "@ostraka/proto";

export class SpentSignals {
  readonly #crypto: Crypto;
  readonly #mesh: MeshId;
  readonly #spent = new Set<string>();

  constructor(crypto: Crypto, mesh: MeshId) {
    this.#crypto = crypto;
    this.#mesh = mesh;
  }

  /** Spends the signals of a warrant, all or none. */
  spend(proofs: readonly SignalProof[], pardonedMs: number): Reject | undefined {
    const ids: string[] = [];
    for (const { signal: bytes } of proofs) {
      const signal = decode(SignalSchema, bytes, LIMITS.signalBytesMax);
      if (signal === undefined) return reject("malformed");
      if (Number(signal.evidenceFromMs) < pardonedMs) return reject("pardoned");
      const id = hex(signalId(this.#crypto, this.#mesh, bytes));
      if (this.#spent.has(id)) return reject("spent");
      ids.push(id);
    }
    for (const id of ids) this.#spent.add(id);
    return undefined;
  }
}
