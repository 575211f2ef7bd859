// The verdicts of both ledgers as walked: by ledger and by id, what ended which, pardons, and what
// is in force at a head. Holds what the walk has checked; checks nothing.

import { ActiveSet } from "@ostraka/agents/kernel";
import type { CheckedVerdict } from "@ostraka/agents/node";
import {
  type Bytes,
  type Crypto,
  type Head,
  hex,
  LEDGERS,
  Ledger,
  type LedgerId,
  type SubjectText,
} from "@ostraka/proto";
import type { WalkedEntry } from "./ledger-walk.ts";
import { isErasedSubject } from "./sealed-only.ts";

interface Pardon {
  readonly index: number;
  readonly beforeMs: number;
}

export class VerdictBook {
  readonly #crypto: Crypto;
  readonly #byLedger = new Map<LedgerId, WalkedEntry[]>();
  readonly #byId = new Map<string, WalkedEntry>();
  /** The verdict that ended a revocation early, by the hex id of that. */
  readonly #endings = new Map<string, WalkedEntry>();
  readonly #pardons = new Map<string, Pardon[]>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
    for (const ledger of LEDGERS) this.#byLedger.set(ledger, []);
  }

  add(walked: WalkedEntry): void {
    const { verdict, ledger, index } = walked;
    if (verdict === undefined) return;
    this.#byLedger.get(ledger)?.push(walked);
    this.#byId.set(hex(idOf(verdict)), walked);
    for (const id of endedBy(verdict)) {
      const key = hex(id);
      if (!this.#endings.has(key)) this.#endings.set(key, walked);
    }
    if (verdict.kind !== "lift" || verdict.lift.pardonBeforeMs === 0n) return;
    const pardons = this.#pardons.get(verdict.subject) ?? [];
    pardons.push({ index, beforeMs: Number(verdict.lift.pardonBeforeMs) });
    this.#pardons.set(verdict.subject, pardons);
  }

  /** Revocations and lifts of a ledger, in order. */
  of(ledger: LedgerId): readonly WalkedEntry[] {
    return this.#byLedger.get(ledger) ?? [];
  }

  /** A verdict by its id in hex, in either ledger. */
  byId(id: string): WalkedEntry | undefined {
    return this.#byId.get(id);
  }

  /** The lift, or the revocation that replaced it, that ended a revocation early. */
  endingOf(id: Uint8Array): WalkedEntry | undefined {
    return this.#endings.get(hex(id));
  }

  /** The latest time before which evidence about a subject is pardoned, as of a control index. */
  pardonOf(subject: string, controlIndex: number): number {
    const pardons = (this.#pardons.get(subject) ?? []).filter((p) => p.index <= controlIndex);
    return Math.max(0, ...pardons.map((p) => p.beforeMs));
  }

  /** The revocations of a ledger in force at a head. */
  activeAt(ledger: LedgerId, head: Head): ActiveSet {
    const active = new ActiveSet(this.#crypto);
    const enders = this.of(Ledger.CONTROL).filter((v) => BigInt(v.index) <= head.controlIndex);
    for (const { verdict } of enders) {
      if (verdict === undefined) continue;
      // An end is final, also for an id that enters later, so ends may all go first.
      for (const id of endedBy(verdict)) {
        active.end(id, Number.POSITIVE_INFINITY, this.#subjectEnded(id, verdict.subject));
      }
    }
    for (const { verdict, entry } of this.of(ledger)) {
      if (verdict?.kind !== "revocation") continue;
      const { id, expiresMs } = verdict.revocation;
      active.add(id, Number(expiresMs), Number(entry.machineTimeMs), verdict.subject);
    }
    active.expire(Number(head.machineTimeMs));
    return active;
  }

  /** An end counts only for its own subject; where either cannot be read any more, seals say so. */
  #subjectEnded(id: Uint8Array, named: SubjectText): SubjectText {
    const ended = this.#byId.get(hex(id))?.verdict;
    const subject = ended?.kind === "revocation" ? ended.subject : named;
    return isErasedSubject(subject) || isErasedSubject(named) ? subject : named;
  }
}

/** Id of a verdict. */
export function idOf(verdict: CheckedVerdict): Bytes {
  return verdict.kind === "lift" ? verdict.lift.id : verdict.revocation.id;
}

/** Ids of the revocations that a verdict ends early. */
function endedBy(verdict: CheckedVerdict): readonly Bytes[] {
  return verdict.kind === "lift" ? verdict.lift.revocationIds : verdict.revocation.supersedes;
}
