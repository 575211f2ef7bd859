// What a sealed head claims, read without believing it: how far to read. Whoever takes the records
// checks seals, root and digest.

import { decode, HeadSchema, LIMITS, type SealedHead } from "@ostraka/proto";

export interface HeadClaims {
  /** Last index of its ledger. */
  readonly index: number;
  /** Last control index that it builds on. */
  readonly controlIndex: number;
}

/** `undefined` for bytes that are no head. */
export function claimsOf(sealed: SealedHead): HeadClaims | undefined {
  const head = decode(HeadSchema, sealed.head, LIMITS.envelopeBodyBytesMax);
  return head && { index: Number(head.index), controlIndex: Number(head.controlIndex) };
}
