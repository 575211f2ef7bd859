// The crypto and signer ports on sodium-native, with node:crypto where nothing native loads. Owns
// the second half of the strict Ed25519 rule (DESIGN.md 3): the equation, cofactorless. Must never
// verify what `hasStrictShape` has not seen first, never throw from `verify`, never show a secret.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  hash as hashOnce,
  sign as nodeSign,
  verify as nodeVerify,
} from "node:crypto";
import { createRequire } from "node:module";
import { Point } from "@noble/ed25519";
import {
  type Bytes,
  type Crypto,
  concat,
  findEd25519Fault,
  hasStrictShape,
  isStrictPoint,
  OstrakaError,
  type Signer,
  unhex,
} from "@ostraka/proto";
import { VerifiedBefore } from "./verified-before.ts";

/** What is used of sodium-native; it takes any Uint8Array. */
interface Sodium {
  sodium_malloc(size: number): Uint8Array;
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  crypto_sign_verify_detached(s: Uint8Array, message: Uint8Array, key: Uint8Array): boolean;
  crypto_core_ed25519_is_valid_point(key: Uint8Array): boolean;
}

type Equation = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

export interface CryptoOptions {
  /** `node` leaves sodium alone; by default it is tried first. */
  readonly library?: "sodium" | "node";
  /** Told ONCE, with the reason, when sodium cannot load and node:crypto verifies instead. */
  readonly onFallback?: (why: string) => void;
}

/** RFC 8410: DER of an Ed25519 public key without its 32 bytes. */
const SPKI_PREFIX = unhex("302a300506032b6570032100") as Bytes;
/** RFC 8410: PKCS#8 DER of an Ed25519 seed without its 32 bytes. */
const PKCS8_PREFIX = unhex("302e020100300506032b657004220420") as Bytes;
/** Hashed inputs up to this many bytes are joined and hashed in one call: a third faster. */
const JOINED_BYTES_MAX = 4_096;

/**
 * Opens the crypto port and runs the self-test of the strict rule.
 * @throws OstrakaError OSTRAKA_CRYPTO_SELF_TEST when the library answers an edge case wrongly.
 */
export function openCrypto(options: CryptoOptions = {}): Crypto {
  const sodium = options.library === "node" ? undefined : loadSodium(options.onFallback);
  const equation = sodium === undefined ? nodeEquation : sodiumEquation(sodium);
  const before = new VerifiedBefore();
  const crypto: Crypto = {
    sha256,
    verify: (key, message, signature) => {
      if (!hasStrictShape(key, signature)) return false;
      if (before.has(key, message, signature)) return true;
      try {
        const isValid = equation(key, message, signature);
        if (isValid) before.add(key, message, signature);
        return isValid;
      } catch {
        // A library that throws has not accepted: hostile bytes are data here.
        return false;
      }
    },
    isTorsionFree: (key) =>
      isStrictPoint(key) && (sodium?.crypto_core_ed25519_is_valid_point(key) ?? isTorsionFree(key)),
  };
  const fault = findEd25519Fault(crypto);
  if (fault !== undefined) {
    const library = sodium === undefined ? "node:crypto" : "sodium-native";
    throw new OstrakaError(
      "OSTRAKA_CRYPTO_SELF_TEST",
      `${library} on this machine breaks the strict Ed25519 rule at "${fault}": it would split ` +
        "the mesh. Install the pinned dependencies again (npm ci) before starting.",
    );
  }
  return crypto;
}

/**
 * Opens a signer of one key. The seed is copied; the caller may wipe its own.
 * @param seed 32 bytes, the secret half of RFC 8032 section 5.1.5.
 * @throws OstrakaError OSTRAKA_KEY_INVALID for another length.
 */
export function openSigner(seed: Uint8Array, options: CryptoOptions = {}): Signer {
  if (seed.length !== 32) {
    throw new OstrakaError(
      "OSTRAKA_KEY_INVALID",
      `an Ed25519 seed has 32 bytes, this one ${seed.length}: generate the key again`,
    );
  }
  const sodium = options.library === "node" ? undefined : loadSodium(options.onFallback);
  return sodium === undefined ? nodeSigner(seed) : sodiumSigner(sodium, seed);
}

function sodiumSigner(sodium: Sodium, seed: Uint8Array): Signer {
  const publicKey = new Uint8Array(32);
  // Guarded memory: never swapped out, never in a core dump.
  const secretKey = sodium.sodium_malloc(64);
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed);
  return {
    publicKey,
    sign: (message) => {
      const signature = new Uint8Array(64);
      sodium.crypto_sign_detached(signature, message, secretKey);
      return signature;
    },
  };
}

function nodeSigner(seed: Uint8Array): Signer {
  const key = createPrivateKey({
    key: Buffer.from(concat(PKCS8_PREFIX, seed)),
    format: "der",
    type: "pkcs8",
  });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: new Uint8Array(spki.subarray(SPKI_PREFIX.length)),
    sign: (message) => new Uint8Array(nodeSign(null, message, key)),
  };
}

function sodiumEquation(sodium: Sodium): Equation {
  return (key, message, signature) => sodium.crypto_sign_verify_detached(signature, message, key);
}

const nodeEquation: Equation = (key, message, signature) => {
  const spki = Buffer.from(concat(SPKI_PREFIX, key));
  return nodeVerify(
    null,
    message,
    createPublicKey({ key: spki, format: "der", type: "spki" }),
    signature,
  );
};

/** Cached for the process: loading is tried ONCE. */
let sodiumOrWhy: Sodium | string | undefined;

function loadSodium(onFallback: ((why: string) => void) | undefined): Sodium | undefined {
  if (sodiumOrWhy === undefined) {
    try {
      sodiumOrWhy = createRequire(import.meta.url)("sodium-native") as Sodium;
    } catch (error) {
      sodiumOrWhy = error instanceof Error ? error.message : String(error);
      onFallback?.(`sodium-native does not load, node:crypto verifies instead: ${sodiumOrWhy}`);
    }
  }
  return typeof sodiumOrWhy === "string" ? undefined : sodiumOrWhy;
}

const joined = new Uint8Array(JOINED_BYTES_MAX);

// Results are plain Uint8Arrays: a Buffer's `slice` shares memory, which pure code does not expect.
function sha256(...parts: readonly Uint8Array[]): Bytes {
  const first = parts[0];
  if (first !== undefined && parts.length === 1) return digestOf(first);
  let length = 0;
  for (const part of parts) length += part.length;
  if (length > JOINED_BYTES_MAX) {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return bytesOfDigest(hash.digest("binary"));
  }
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return digestOf(joined.subarray(0, length));
}

function digestOf(bytes: Uint8Array): Bytes {
  return bytesOfDigest(hashOnce("sha256", bytes, "binary"));
}

/** A Buffer for each digest costs twice what the hash does: characters are read instead. */
function bytesOfDigest(text: string): Bytes {
  const digest = new Uint8Array(32);
  for (let i = 0; i < 32; i++) digest[i] = text.charCodeAt(i);
  return digest;
}

/** With noble it takes 25 times what sodium needs; a host that starts asks for each member. */
function isTorsionFree(key: Uint8Array): boolean {
  try {
    return Point.fromBytes(Uint8Array.from(key)).isTorsionFree();
  } catch {
    // Not a point of the curve.
    return false;
  }
}
