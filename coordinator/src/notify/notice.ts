// What people are told without asking: something waits for them, or something has gone wrong. A
// notice names verdicts, proposals and members by id and name, never the subject: it leaves the
// mesh (I9). The same event is the same id at every coordinator, so that receivers can drop
// repeats.

import {
  decode,
  type Entry,
  hex,
  Ledger,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  ProposalSchema,
  RolloutStep,
} from "@ostraka/proto";

export type NoticeKind =
  | "proposal-waits"
  | "suggestion-waits"
  | "widening-halted"
  | "policy-rolled-back"
  | "coverage-incomplete"
  | "member-equivocated"
  | "journal-repaired"
  | "message-refused-as-poison"
  | "journal-damaged"
  | "machine-stalled"
  | "histories-contradict"
  | "cannot-fire";

export interface Notice {
  /** Stable over coordinators and restarts. */
  readonly id: string;
  readonly kind: NoticeKind;
  readonly mesh: string;
  /** Where it stands, as `c:12`; absent for a condition. */
  readonly at?: string;
  /** Milliseconds of machine time, or of this coordinator's clock for a condition. */
  readonly timeMs: number;
  /** One sentence, and what to do. */
  readonly text: string;
}

interface Said {
  readonly kind: NoticeKind;
  readonly text: string;
}

/** What an entry gives people to do or to know, if anything. */
export function noticeOf(
  mesh: string,
  ledger: LedgerId,
  entry: Entry,
  sha256: (bytes: Uint8Array) => Uint8Array,
): Notice | undefined {
  const said = saidOf(ledger, entry, sha256);
  if (said === undefined) return undefined;
  const at = `${ledgerLetter(ledger)}:${entry.index}`;
  return {
    id: `${mesh.slice(0, 16)}/${at}`,
    mesh,
    at,
    timeMs: Number(entry.machineTimeMs),
    ...said,
  };
}

function saidOf(
  ledger: LedgerId,
  { effect, index }: Entry,
  sha256: (bytes: Uint8Array) => Uint8Array,
): Said | undefined {
  switch (effect.case) {
    case "proposal": {
      const id = hex(sha256(effect.value.body));
      const proposal = decode(ProposalSchema, effect.value.body, LIMITS.commandBytesMax);
      const wish = proposal?.wish.case === "lift" ? "A lift" : "A kill switch";
      return { kind: "proposal-waits", text: `${wish} waits for approval: ostraka approve ${id}` };
    }
    case "suggestion": {
      const { why, hostCount } = effect.value;
      const letter = ledgerLetter(ledger);
      const text =
        `Machines on ${hostCount} host(s) leave a cut-off to people (${why}): ` +
        `ostraka suggestions, then ostraka propose --from ${letter}:${index}`;
      return { kind: "suggestion-waits", text };
    }
    case "halt": {
      const { verdictId, permille, why } = effect.value;
      const text =
        `The widening of ${hex(verdictId)} has halted at ${permille / 10} % of the hosts ` +
        `(${why.slice(0, 200)}): ostraka explain ${hex(verdictId)}`;
      return { kind: "widening-halted", text };
    }
    case "rolloutChange": {
      const { step, epoch, why } = effect.value;
      if (step !== RolloutStep.ROLLED_BACK) return undefined;
      const because = why.slice(0, 200);
      const text = `Policy epoch ${epoch} was rolled back (${because}): ostraka policy status`;
      return { kind: "policy-rolled-back", text };
    }
    case "coverage": {
      const { verdictId, missingHostKeys } = effect.value;
      if (missingHostKeys.length === 0) return undefined;
      const text =
        `${missingHostKeys.length} host(s) have not proven that they enforce ` +
        `${hex(verdictId)}: ostraka explain ${hex(verdictId)} names them`;
      return { kind: "coverage-incomplete", text };
    }
    default:
      return repairSaid(ledger, effect);
  }
}

function repairSaid(ledger: LedgerId, effect: Entry["effect"]): Said | undefined {
  const name = ledger === Ledger.CONTROL ? "control" : "signals";
  switch (effect.case) {
    case "equivocation": {
      const key = hex(effect.value.key).slice(0, 16);
      const text =
        `Member ${key} has signed two contradicting statements and counts no more: ` +
        "ostraka status";
      return { kind: "member-equivocated", text };
    }
    case "opening": {
      const { generation } = effect.value;
      const text = `The ${name} journal is in generation ${generation} now: ostraka journal status`;
      return { kind: "journal-repaired", text };
    }
    case "poison": {
      const text =
        `Message ${effect.value.position} of the ${name} journal made coordinators fail and was ` +
        "refused: ostraka journal status";
      return { kind: "message-refused-as-poison", text };
    }
    default:
      return undefined;
  }
}
