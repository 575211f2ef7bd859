// What a coordinator takes in, and what its runtime is told to do besides storing, signing and
// sending.

import type { Bytes, Envelope, LedgerId, PrivatePart } from "@ostraka/proto";

export type CoordinatorInput =
  | {
      readonly type: "message";
      readonly ledger: LedgerId;
      readonly position: number;
      readonly bytes: Bytes;
    }
  | { readonly type: "head"; readonly bytes: Bytes }
  | { readonly type: "receipt"; readonly bytes: Bytes }
  | { readonly type: "resync"; readonly bytes: Bytes; readonly to: number }
  | {
      readonly type: "submit";
      readonly envelope: Envelope;
      readonly privates: readonly PrivatePart[];
      readonly to: number;
      readonly untilMs: number;
    }
  | { readonly type: "clock"; readonly wallMs: number }
  /** The journal was read again after a (re)connect: its last position, and the message at ours. */
  | {
      readonly type: "reread";
      readonly ledger: LedgerId;
      readonly lastPosition: number;
      readonly bytesAtOurs?: Bytes;
    };

/** What the API hears of. */
export type CoordinatorEffect =
  | { readonly type: "receipt"; readonly envelope: Envelope }
  | { readonly type: "sealed"; readonly ledger: LedgerId; readonly index: number };
