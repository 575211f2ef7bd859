// What a sidecar remembers to judge verdicts of machines by more than their own warrant: pardons,
// and signals that a revocation has spent (DESIGN.md 6.6). A sole coordinator must not be able to
// make a second revocation of what was lifted.

import {
  type Bytes,
  type Crypto,
  decode,
  hex,
  LIMITS,
  type MeshId,
  type RejectCode,
  type Revocation,
  SignalSchema,
  type SubjectText,
} from "@ostraka/proto";
import { signalId } from "../kernel/index.ts";

interface Pardon {
  readonly beforeMs: number;
  /** Control index of the lift: verdicts judged before it could not know. */
  readonly index: number;
}

interface Spent {
  readonly revocation: string;
  readonly untilMs: number;
}

export class EdgeMemory {
  readonly #crypto: Crypto;
  readonly #mesh: MeshId;
  readonly #pardons = new Map<SubjectText, Pardon>();
  readonly #spent = new Map<string, Spent>();

  constructor(crypto: Crypto, mesh: MeshId) {
    this.#crypto = crypto;
    this.#mesh = mesh;
  }

  pardon(subject: SubjectText, beforeMs: number, index: number): void {
    const known = this.#pardons.get(subject);
    if (known === undefined || beforeMs > known.beforeMs) {
      this.#pardons.set(subject, { beforeMs, index });
    }
  }

  /** Why a verified revocation of signals may not stand beside what is known. */
  faultOf(revocation: Revocation, subject: SubjectText): RejectCode | undefined {
    const pardon = this.#pardons.get(subject);
    const isPardonKnown = pardon !== undefined && pardon.index <= Number(revocation.controlIndex);
    for (const { signal: bytes } of revocation.warrant?.signals ?? []) {
      const signal = decode(SignalSchema, bytes, LIMITS.signalBytesMax);
      if (isPardonKnown && Number(signal?.evidenceFromMs) < pardon.beforeMs) return "pardoned";
      const spent = this.#spent.get(this.#idOf(bytes));
      if (spent !== undefined && spent.revocation !== hex(revocation.id)) return "spent";
    }
    return undefined;
  }

  /** Notes the signals of a revocation as spent for as long as it could be in force. */
  spend(revocation: Revocation): void {
    const spent = { revocation: hex(revocation.id), untilMs: Number(revocation.expiresMs) };
    for (const { signal } of revocation.warrant?.signals ?? []) {
      this.#spent.set(this.#idOf(signal), spent);
    }
  }

  expire(machineMs: number): void {
    for (const [id, { untilMs }] of this.#spent) if (untilMs <= machineMs) this.#spent.delete(id);
  }

  #idOf(signal: Bytes): string {
    return hex(signalId(this.#crypto, this.#mesh, signal));
  }
}
