// Until when the private parts beside an entry are needed: as long as anybody who reads the ledger
// must be able to open them to know what is in force. After that they may be missing.

import { decode, type Entry, LIMITS, ProposalSchema } from "@ostraka/proto";
import { endedUntilMs } from "../kernel/index.ts";
import { commitmentsOf } from "./privates-fit.ts";

/** Machine time from which on nobody needs the private parts of an entry. */
export function privatesNeededUntilMs({ effect }: Entry): number {
  switch (effect.case) {
    case "proposal": {
      const proposal = decode(ProposalSchema, effect.value.body, LIMITS.commandBytesMax);
      return Number(proposal?.notAfterMs ?? 0n);
    }
    case "suggestion":
      return Number(effect.value.expiresMs);
    case "inquiry":
      return Number(effect.value.untilMs);
    case "revocation": {
      const { fromMs, expiresMs, supersedes } = effect.value;
      // What it ended stays ended only for who can still read whom it was about.
      const untilMs = supersedes.length > 0 ? endedUntilMs(Number(fromMs)) : 0;
      return Math.max(Number(expiresMs), untilMs);
    }
    case "lift": {
      const { expiresMs, pardonBeforeMs } = effect.value;
      const pardonedMs = pardonBeforeMs > 0n ? endedUntilMs(Number(pardonBeforeMs)) : 0;
      return Math.max(Number(expiresMs), Math.min(pardonedMs, Number.MAX_SAFE_INTEGER));
    }
    default:
      return 0;
  }
}

/**
 * Whether an entry stands without the private parts that it had: all of them are gone, and nobody
 * needs them at this machine time.
 */
export function isStripped(entry: Entry, privates: number, machineTimeMs: number): boolean {
  if (privates > 0 || privatesNeededUntilMs(entry) > machineTimeMs) return false;
  return (commitmentsOf(entry)?.length ?? 0) > 0;
}
