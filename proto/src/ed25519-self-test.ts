// Start-up self-test of whatever verifies (DESIGN.md 3): a library that answers one edge case
// differently would split the mesh, so the process refuses to start with it.

import { unhex } from "./bytes.ts";
import type { Crypto } from "./crypto.ts";

interface Case {
  readonly what: string;
  readonly key: string;
  readonly message: string;
  readonly signature: string;
  readonly isValid: boolean;
}

const KEY = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
const R = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da";
const S = "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
/** S + L: the malleable twin (RFC 8032 section 5.1.7 refuses S >= L). */
const S_PLUS_L = "f52db7415978abc61b2c2eb6aeebfca0387b2eaeb4302aeeb00d291612bb0c10";
const IDENTITY = `01${"00".repeat(31)}`;
const ZERO_S = "00".repeat(32);

// RFC 8032 section 7.1, TEST 2, and its nearest rejects.
const CASES: readonly Case[] = [
  { what: "RFC 8032 test 2", key: KEY, message: "72", signature: R + S, isValid: true },
  { what: "another message", key: KEY, message: "73", signature: R + S, isValid: false },
  { what: "63 bytes", key: KEY, message: "72", signature: (R + S).slice(2), isValid: false },
  { what: "65 bytes", key: KEY, message: "72", signature: `${R}${S}00`, isValid: false },
  { what: "S + L", key: KEY, message: "72", signature: R + S_PLUS_L, isValid: false },
  {
    what: "small-order A",
    key: IDENTITY,
    message: "72",
    signature: IDENTITY + ZERO_S,
    isValid: false,
  },
  { what: "small-order R", key: KEY, message: "72", signature: IDENTITY + S, isValid: false },
  {
    what: "non-canonical A",
    key: `f0${"ff".repeat(30)}7f`,
    message: "72",
    signature: R + S,
    isValid: false,
  },
  { what: "short key", key: KEY.slice(2), message: "72", signature: R + S, isValid: false },
];

/**
 * The first edge case that `crypto` answers wrongly, or `undefined` when it keeps the strict rule.
 */
export function findEd25519Fault(crypto: Pick<Crypto, "verify">): string | undefined {
  for (const { what, key, message, signature, isValid } of CASES) {
    const answer = crypto.verify(bytesOf(key), bytesOf(message), bytesOf(signature));
    if (answer !== isValid) return what;
  }
  return undefined;
}

function bytesOf(text: string): Uint8Array {
  return unhex(text) ?? new Uint8Array();
}
