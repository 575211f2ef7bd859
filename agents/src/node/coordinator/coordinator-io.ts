// What a coordinator takes in, and what its runtime is told to do besides storing, signing and
// sending.

import type { Bytes, Envelope, LedgerId, PrivatePart, RejectCode } from "@ostraka/proto";

export type CoordinatorInput =
  | {
      readonly type: "message";
      readonly ledger: LedgerId;
      /** Of the stream that it was read from; absent where there is only one. */
      readonly generation?: number;
      readonly position: number;
      readonly bytes: Bytes;
    }
  | { readonly type: "head"; readonly bytes: Bytes }
  | { readonly type: "receipt"; readonly bytes: Bytes }
  | {
      readonly type: "resync";
      readonly bytes: Bytes;
      readonly to: number;
      /** Channel id of who asks, as the broker's permissions bind it. */
      readonly asker?: string;
    }
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
      /** First position that the stream still holds; absent means 1. */
      readonly firstPosition?: number;
      readonly bytesAtOurs?: Bytes;
    }
  /** Messages of the stream as they are there now, to be compared with ours. */
  | {
      readonly type: "scrub";
      readonly ledger: LedgerId;
      readonly generation: number;
      readonly messages: readonly {
        readonly position: number;
        readonly bytes: Bytes | undefined;
      }[];
    }
  /** The stream of the awaited generation is there: its first message, or that it has none yet. */
  | {
      readonly type: "stream";
      readonly ledger: LedgerId;
      readonly generation: number;
      readonly first?: Bytes;
    }
  /** Our generation's stream is bound to nobody's channels any more. */
  | { readonly type: "retired"; readonly ledger: LedgerId; readonly generation: number }
  /** Another coordinator's order or promise of a repair. */
  | { readonly type: "repair"; readonly bytes: Bytes }
  /** An order of repair that a caller hands over. */
  | { readonly type: "order"; readonly envelope: Envelope; readonly to: number }
  /** Another coordinator's answer to a question of ours (a ResyncRequest). */
  | { readonly type: "answer"; readonly request: Bytes; readonly bytes: Bytes };

/** The value of a reply to an order of repair: refused with a code, or followed. */
export interface OrderAnswer {
  readonly code?: RejectCode;
}

/** What the API hears of. */
export type CoordinatorEffect =
  /**
   * The stream is to forget messages up to a position, and may forget them up to `most`: a sealed
   * snapshot holds what they made.
   */
  | {
      readonly type: "trim";
      readonly ledger: LedgerId;
      readonly upTo: number;
      readonly most: number;
      /** Position up to which an erasure let everything be forgotten; 0 = none yet. */
      readonly erasedUpTo: number;
    }
  | { readonly type: "receipt"; readonly envelope: Envelope }
  | { readonly type: "sealed"; readonly ledger: LedgerId; readonly index: number }
  /** A journal is to be read from another stream, or another one is to be looked for. */
  | { readonly type: "journal"; readonly ledger: LedgerId }
  /** The store was brought back to an earlier position: the node is to be made anew from it. */
  | { readonly type: "reopen" };
