// What a sealed head claims, read without believing it: how far to read. Whoever takes the records
// checks seals, root and digest.

import { decode, HeadSchema, LIMITS, type SealedHead } from "@ostraka/proto";

export interface HeadClaims {
  /** Last index of its ledger. */
  readonly index: number;
  /** Journal position: of two heads of one ledger the later has the higher. */
  readonly position: number;
  readonly generation: number;
  readonly root: Uint8Array;
  /** Last control index that it builds on. */
  readonly controlIndex: number;
}

/** `undefined` for bytes that are no head. */
export function claimsOf(sealed: SealedHead): HeadClaims | undefined {
  const head = decode(HeadSchema, sealed.head, LIMITS.envelopeBodyBytesMax);
  if (head === undefined) return undefined;
  const { index, position, controlIndex, generation, root } = head;
  return {
    generation,
    root,
    index: Number(index),
    position: Number(position),
    controlIndex: Number(controlIndex),
  };
}
