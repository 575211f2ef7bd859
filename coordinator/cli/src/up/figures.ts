// The figures of a run, each measured: from what the children traced, from entries verified here,
// from receipts verified here. Nothing in the JSON line is typed in.

import { stageName } from "@ostraka/agents/node";
import {
  type Bytes,
  decode,
  hex,
  LEDGERS,
  LIMITS,
  ledgerLetter,
  SignalSchema,
} from "@ostraka/proto";
import { Coverage } from "../coverage.ts";
import { idOf, type WalkedEntry } from "../ledger/ledger-walk.ts";
import type { TraceLine } from "./child-process.ts";
import type { EmbeddedMesh } from "./embedded-mesh.ts";
import type { TraceBook } from "./trace-book.ts";

export interface VerdictFigures {
  readonly id: string;
  readonly kind: "revocation" | "lift";
  readonly subject: string;
  readonly stage: string;
  /** Hosts in the warrant. */
  readonly hosts: number;
  readonly evidenceMdb: number | null;
  readonly latencyMs: { readonly evidenceToSealed: number; readonly sealedToEnforced: number };
}

/** The one line of `--once --json`. */
export interface RunFigures {
  readonly seed: number;
  readonly events: number;
  readonly signals: number;
  readonly verdicts: readonly VerdictFigures[];
  readonly coverage: { readonly expected: number; readonly got: number };
  readonly honestDenied: number;
  readonly killSwitch: { readonly approvals: number; readonly latencyMs: number };
  readonly ledger: { readonly entries: number; readonly verified: boolean };
}

/**
 * What `up` itself saw happen, for what no trace tells: a process killed in between took it along.
 */
export interface SeenTimes {
  /** The approval that completed the verdict was sent. */
  readonly sentMs?: number;
  /** The entry was first read under a sealed head. */
  readonly sealedMs: number;
  /** The last receipt was read. */
  readonly coveredMs: number;
}

export class Figures {
  readonly #mesh: EmbeddedMesh;
  readonly #book: TraceBook;

  constructor(mesh: EmbeddedMesh, book: TraceBook) {
    this.#mesh = mesh;
    this.#book = book;
  }

  verdict(entry: WalkedEntry, seen: SeenTimes): VerdictFigures {
    const { verdict } = entry;
    if (verdict === undefined) throw new TypeError("an entry without a verdict has no figures");
    const sealedMs = this.#sealedMs(entry) ?? seen.sealedMs;
    const evidenceMs = seen.sentMs ?? this.#evidenceMs(entry) ?? sealedMs;
    const enforcedMs = this.#enforcedMs(entry) ?? seen.coveredMs;
    const revocation = verdict.kind === "revocation" ? verdict.revocation : undefined;
    return {
      id: hex(idOf(verdict)),
      kind: verdict.kind,
      subject: verdict.subject,
      stage: this.#stageOf(entry),
      hosts: revocation?.hostCount ?? 0,
      evidenceMdb: revocation?.evidenceMdb ?? null,
      latencyMs: {
        evidenceToSealed: Math.max(0, sealedMs - evidenceMs),
        sealedToEnforced: Math.max(0, enforcedMs - sealedMs),
      },
    };
  }

  /** From sending the last approval until the last host enforced. */
  killSwitchMs(entry: WalkedEntry, { sentMs, coveredMs }: SeenTimes): number {
    return Math.max(0, (this.#enforcedMs(entry) ?? coveredMs) - (sentMs ?? coveredMs));
  }

  /** A lift has the stage of what it ends. */
  #stageOf({ verdict }: WalkedEntry): string {
    if (verdict?.kind === "revocation") return stageName(verdict.revocation.stage);
    const lifted = verdict?.lift.revocationIds.map(hex) ?? [];
    const { walk } = this.#mesh.verified;
    for (const { verdict: other } of LEDGERS.flatMap((ledger) => walk.verdictsOf(ledger))) {
      if (other?.kind !== "revocation" || !lifted.includes(hex(other.revocation.id))) continue;
      return stageName(other.revocation.stage);
    }
    return "unknown";
  }

  /**
   * When a majority had signed the head: a coordinator writes `entered` right after it signs, so
   * this is the time of the line that made the majority.
   */
  #sealedMs({ ledger, index }: WalkedEntry): number | undefined {
    const place = `${ledgerLetter(ledger)}:${index}`;
    const lines = this.#book.all((l) => l.what === "entered" && l.index === place);
    const majority = Math.floor(this.#mesh.file.coordinators.length / 2) + 1;
    return firstByChild(lines).sort((a, b) => a - b)[majority - 1];
  }

  /** When the last witness of the warrant made its statement. */
  #evidenceMs({ verdict }: WalkedEntry): number | undefined {
    if (verdict?.kind !== "revocation") return undefined;
    const times = (verdict.revocation.warrant?.signals ?? []).flatMap((proof) => {
      const signal = decode(SignalSchema, proof.signal as Bytes, LIMITS.signalBytesMax);
      const host = signal && this.#mesh.verified.walk.mesh.view.hostOf(signal.hostKey)?.name;
      const line = this.#book.all(
        (l) =>
          l.what === "signalled" &&
          l.child === host &&
          l.fields["evidenceMdb"] === signal?.evidenceMdb &&
          l.fields["levelMdb"] === signal?.levelMdb,
      )[0];
      // The signed time is coarser, but a process that was killed has taken its line along.
      return signal === undefined ? [] : [line?.at ?? Number(signal.timeMs)];
    });
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** When the last host within scope enforced or lifted; `undefined` unless all have said so. */
  #enforcedMs(entry: WalkedEntry): number | undefined {
    const { verdict } = entry;
    const expected = new Coverage(this.#mesh.crypto, this.#mesh.verified.walk, entry).expected;
    const what = verdict?.kind === "lift" ? "lifted" : "enforced";
    const ids =
      verdict?.kind === "lift"
        ? verdict.lift.revocationIds.map(hex)
        : verdict === undefined
          ? []
          : [hex(verdict.revocation.id)];
    const lines = this.#book.all((l) => l.what === what && ids.includes(String(l.fields["id"])));
    const times = firstByChild(lines);
    return times.length < expected || times.length === 0 ? undefined : Math.max(...times);
  }
}

function firstByChild(lines: readonly TraceLine[]): number[] {
  const first = new Map<string, number>();
  for (const { child, at } of lines) if (!first.has(child)) first.set(child, at);
  return [...first.values()];
}
