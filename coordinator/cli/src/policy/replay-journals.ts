// The two machines over a coordinator's own copy of the journals, once as it was and once under a
// candidate: which verdicts would be new, which would be gone. Everything is recomputed here; what
// a coordinator sends is messages, never outcomes.

import { openPrivate, type Policy } from "@ostraka/agents/kernel";
import {
  ControlMachine,
  Mesh,
  type OpenedGenesis,
  PolicyBook,
  SignalsMachine,
  stageName,
} from "@ostraka/agents/node";
import {
  type Bytes,
  type Crypto,
  decode,
  EntryRecordSchema,
  Ledger,
  type LedgerId,
  LIMITS,
  ledgerLetter,
} from "@ostraka/proto";

/** A revocation as a run has made it. */
export interface ReplayedVerdict {
  readonly subject: string;
  readonly rule: string;
  readonly stage: string;
  readonly ttlMs: number;
  readonly isDryRun: boolean;
  /** Where its journal stood: `s:17`. */
  readonly at: string;
  readonly atMs: number;
}

export interface ReplayedChange {
  readonly subject: string;
  readonly before?: ReplayedVerdict;
  readonly after?: ReplayedVerdict;
}

export interface Journals {
  readonly control: readonly Bytes[];
  readonly signals: readonly Bytes[];
}

/** Judges every epoch by one content: what a candidate would have made of the past. */
class CandidateBook extends PolicyBook {
  readonly #candidate: Policy;
  readonly #byEpoch = new Map<number, Policy>();

  constructor(crypto: Crypto, genesis: OpenedGenesis, candidate: Policy) {
    super(crypto, genesis.mesh, genesis.roster);
    this.#candidate = candidate;
  }

  override policyAt(epoch: number, index: number): Policy | undefined {
    return super.policyAt(epoch, index) && this.#as(epoch);
  }

  override canaryOf(epoch: number): Policy {
    return this.#as(epoch);
  }

  #as(epoch: number): Policy {
    const known = this.#byEpoch.get(epoch) ?? { ...this.#candidate, epoch };
    this.#byEpoch.set(epoch, known);
    return known;
  }
}

/** Runs both journals under the policies of their time, or under a candidate instead. */
export function replayJournals(
  crypto: Crypto,
  genesis: OpenedGenesis,
  journals: Journals,
  candidate?: Policy,
): readonly ReplayedVerdict[] {
  const mesh = () =>
    candidate === undefined
      ? new Mesh(crypto, genesis)
      : new Mesh(crypto, genesis, new CandidateBook(crypto, genesis, candidate));
  const control = new ControlMachine(crypto, genesis, mesh());
  const signals = new SignalsMachine(crypto, genesis, mesh());
  return [
    ...run(crypto, control, Ledger.CONTROL, journals.control),
    ...run(crypto, signals, Ledger.SIGNALS, journals.signals),
  ];
}

function run(
  crypto: Crypto,
  machine: ControlMachine | SignalsMachine,
  ledger: LedgerId,
  messages: readonly Bytes[],
): ReplayedVerdict[] {
  return messages.flatMap((message, i) =>
    machine.step(i + 1, message).records.flatMap(({ entry, bytes }) => {
      const { effect } = entry;
      if (effect.case !== "revocation") return [];
      const { rule, stage, isDryRun, fromMs, expiresMs } = effect.value;
      return [
        {
          subject: subjectIn(crypto, bytes),
          rule,
          stage: stageName(stage),
          ttlMs: Number(expiresMs - fromMs),
          isDryRun,
          at: `${ledgerLetter(ledger)}:${i + 1}`,
          atMs: Number(entry.machineTimeMs),
        },
      ];
    }),
  );
}

/** The subject beside an entry; a mark where its private part was erased. */
function subjectIn(crypto: Crypto, bytes: Bytes): string {
  const [part] = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax)?.privates ?? [];
  if (part === undefined) return "erased";
  return openPrivate(crypto, crypto.sha256(part.salt, part.content), part)?.subject ?? "erased";
}

/** Verdicts of a subject are paired in order; what is left over is new, or gone. */
export function compareRuns(
  before: readonly ReplayedVerdict[],
  after: readonly ReplayedVerdict[],
): { readonly same: number; readonly changes: readonly ReplayedChange[] } {
  const keyOf = (verdict: ReplayedVerdict) => `${verdict.at[0]} ${verdict.subject}`;
  const keys = new Set([...before, ...after].map(keyOf));
  const changes: ReplayedChange[] = [];
  let same = 0;
  for (const key of keys) {
    const was = before.filter((verdict) => keyOf(verdict) === key);
    const is = after.filter((verdict) => keyOf(verdict) === key);
    for (let i = 0; i < Math.max(was.length, is.length); i++) {
      const [old, next] = [was[i], is[i]];
      if (old !== undefined && next !== undefined && isAlike(old, next)) same++;
      else {
        const { subject } = (old ?? next) as ReplayedVerdict;
        changes.push({ subject, ...(old && { before: old }), ...(next && { after: next }) });
      }
    }
  }
  return { same, changes };
}

function isAlike(a: ReplayedVerdict, b: ReplayedVerdict): boolean {
  return (
    a.rule === b.rule && a.stage === b.stage && a.ttlMs === b.ttlMs && a.isDryRun === b.isDryRun
  );
}
