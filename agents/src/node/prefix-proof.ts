// Whether a run of entries is a prefix of what a sealed head commits (RFC 9162 section 2.1.4): it
// either ends at the head or comes with the consistency proof from its end to the head.

import {
  type Crypto,
  equalBytes,
  type Frontier,
  type Head,
  verifyConsistency,
} from "@ostraka/proto";

/** A tree of 2^53 entries needs fewer. */
export const CONSISTENCY_HASHES_MAX = 64;

export function isPrefix(
  crypto: Pick<Crypto, "sha256">,
  frontier: Frontier,
  head: Head,
  consistency: readonly Uint8Array[],
): boolean {
  const last = Number(head.index);
  if (frontier.size === last) return equalBytes(frontier.root(), head.root);
  if (frontier.size > last || consistency.length > CONSISTENCY_HASHES_MAX) return false;
  return verifyConsistency(crypto, frontier.size, last, consistency, frontier.root(), head.root);
}
