// What a host holds against subjects: revocations and leases, in the words in which enforcers and
// people are told of them. Shapes only; how many are kept small is held-rows.ts.

import type { LedgerId, Stage, SubjectText } from "@ostraka/proto";
import type { WideningStep } from "../kernel/index.ts";

/** A revocation that this host holds. */
export interface Held {
  /** Hex. */
  readonly id: string;
  readonly subject: SubjectText;
  readonly stage: Stage;
  readonly expiresMs: number;
  readonly rule: string;
  readonly hostCount: number;
  readonly ledger: LedgerId;
  readonly index: number;
  readonly isDryRun: boolean;
  /** Steps of a staged widening, and how it concerns this host; absent where it does not widen. */
  readonly widening?: HeldWidening;
  readonly resources: readonly string[];
  readonly actions: readonly string[];
}

/** A revocation that widens by steps, as one host sees it. */
export interface HeldWidening {
  /** This host's share, of a thousand. */
  readonly share: number;
  /** Machine time of its entry, which the steps count from. */
  readonly enteredMs: number;
  readonly steps: readonly WideningStep[];
  /** Machine time of a head from which on this host enforces it; infinity for never. */
  readonly fromMs: number;
}

/** A short denial on this host on its own evidence. */
export interface HeldLease {
  readonly id: string;
  readonly subject: SubjectText;
  readonly stage: Stage;
  readonly untilMs: number;
}
