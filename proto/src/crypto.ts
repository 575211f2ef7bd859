// The crypto port: hashing and verifying are arguments, so that the pure packages name no library
// and the whole mesh verifies by one rule (DESIGN.md 3). Signing is a port of its own.

import type { Bytes } from "./bytes.ts";

export interface Crypto {
  /** SHA-256 over the parts, one after the other. */
  sha256(...parts: readonly Uint8Array[]): Bytes;
  /** The strict Ed25519 rule; false for anything else, never throws. */
  verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** True for a key in the prime-order subgroup. Slow: asked once, when a key enters. */
  isTorsionFree(key: Uint8Array): boolean;
}

/** Signs with one key. */
export interface Signer {
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Bytes;
  /** Ed25519 signature, 64 bytes (RFC 8032 section 5.1.6: deterministic). */
  sign(message: Uint8Array): Bytes;
}
