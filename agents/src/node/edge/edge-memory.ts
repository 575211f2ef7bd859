// What a sidecar remembers to judge verdicts by more than their own warrant: pardons, lifts, and
// signals that a revocation has spent (DESIGN.md 6.6). A sole coordinator must not be able to make
// a second revocation of what was lifted, nor a heavier one because of it.

import {
  type Bytes,
  hex,
  type RejectCode,
  type Revocation,
  type SubjectText,
} from "@ostraka/proto";
import { evidenceOf, openEarlier, readSignal } from "../../kernel/index.ts";

interface Pardon {
  readonly beforeMs: number;
  /** Control index of the lift: verdicts judged before it could not know. */
  readonly index: number;
}

interface Spent {
  readonly revocation: string;
  readonly untilMs: number;
  /**
   * Control index of the verdict of people that spent it: verdicts judged before it could not know.
   * 0 for a verdict of machines, which stands in the same ledger as those that must not repeat it.
   */
  readonly index: number;
}

interface Lifted {
  readonly index: number;
  readonly untilMs: number;
}

export class EdgeMemory {
  readonly #pardons = new Map<SubjectText, Pardon>();
  /** By commitment: a signal that is signed again under another number keeps its own. */
  readonly #spent = new Map<string, Spent>();
  /** Revocations that were lifted, by hex id: no second offence is counted from them. */
  readonly #lifted = new Map<string, Lifted>();

  pardon(subject: SubjectText, beforeMs: number, index: number): void {
    const known = this.#pardons.get(subject);
    if (known === undefined || beforeMs > known.beforeMs) {
      this.#pardons.set(subject, { beforeMs, index });
    }
  }

  /** A lift, at its control index, of revocations that end by it until a time. */
  lift(ids: readonly Bytes[], untilMs: number, index: number): void {
    for (const id of ids) {
      if (!this.#lifted.has(hex(id))) this.#lifted.set(hex(id), { index, untilMs });
    }
  }

  /** Why a verified revocation may not stand beside what is known. */
  faultOf(revocation: Revocation, subject: SubjectText): RejectCode | undefined {
    const known = Number(revocation.controlIndex);
    const pardon = this.#pardons.get(subject);
    const isPardonKnown = pardon !== undefined && pardon.index <= known;
    for (const bytes of signalsIn(revocation)) {
      const signal = readSignal(bytes);
      if (signal === undefined) return "malformed";
      if (isPardonKnown && Number(signal.evidenceFromMs) < pardon.beforeMs) return "pardoned";
      const spent = this.#spent.get(hex(signal.commitment));
      if (spent !== undefined && isHeldAgainst(spent, revocation)) return "spent";
    }
    for (const verdict of revocation.warrant?.earlier ?? []) {
      const id = openEarlier(verdict)?.revocation.id;
      const lifted = id && this.#lifted.get(hex(id));
      if (lifted !== undefined && lifted.index <= known) return "earlier-not-proven";
    }
    return undefined;
  }

  /**
   * Notes the signals of a revocation as spent for as long as it could be in force.
   * @param index control index of a verdict of people; 0 for one of machines.
   */
  spend(revocation: Revocation, index: number): void {
    const untilMs = Number(revocation.expiresMs);
    const spent = { revocation: hex(revocation.id), untilMs, index };
    for (const bytes of signalsIn(revocation)) {
      const signal = readSignal(bytes);
      if (signal !== undefined) this.#spent.set(hex(signal.commitment), spent);
    }
  }

  expire(machineMs: number): void {
    for (const [id, { untilMs }] of this.#spent) if (untilMs <= machineMs) this.#spent.delete(id);
    for (const [id, { untilMs }] of this.#lifted) if (untilMs <= machineMs) this.#lifted.delete(id);
  }
}

/** People never wait for a signal: what machines have spent, their verdicts may use once more. */
function isHeldAgainst(spent: Spent, { id, controlIndex, warrant }: Revocation): boolean {
  const isByPeople = warrant?.proposal !== undefined;
  const couldKnow = isByPeople ? spent.index > 0 : spent.index <= Number(controlIndex);
  return spent.revocation !== hex(id) && couldKnow;
}

/** Signals of a warrant of machines, or those that people took along. */
function signalsIn({ warrant }: Revocation): Bytes[] {
  return [...(warrant?.signals ?? []), ...evidenceOf(warrant)].map(({ signal }) => signal);
}
