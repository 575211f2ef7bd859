// Secret keys in files, one key a file, readable by their owner alone. Owns the Ed25519 signing
// keys of people and machines (PKCS#8 PEM, RFC 8410) and the rule that signing, TLS and NATS keys
// are different keys (DESIGN.md 3). Must never show, log or attach to an error what a file holds.

import { createPrivateKey, type KeyObject, randomBytes } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, writeFileSync } from "node:fs";
import {
  type Bytes,
  concat,
  equalBytes,
  hex,
  OstrakaError,
  type Signer,
  unhex,
} from "@ostraka/proto";
import { openSigner } from "./crypto-sodium.ts";

/** RFC 8410: DER of an Ed25519 public key without its 32 bytes. */
const SPKI_PREFIX = unhex("302a300506032b6570032100") as Bytes;
/** RFC 8410: PKCS#8 DER of an Ed25519 seed without its 32 bytes. */
const PKCS8_PREFIX = unhex("302e020100300506032b657004220420") as Bytes;
/** Larger files are no keys. */
const SECRET_BYTES_MAX = 65_536;

/**
 * Makes a new signing key and writes it; an existing file is never overwritten.
 * @throws OstrakaError OSTRAKA_KEY_INVALID when the file exists or cannot be written.
 */
export function generateKeyFile(path: string): Signer {
  const seed = new Uint8Array(randomBytes(32));
  writeSecretFile(path, keyPem(seed));
  const signer = openSigner(seed);
  seed.fill(0);
  return signer;
}

/** PKCS#8 PEM of a 32-byte Ed25519 seed. */
export function keyPem(seed: Uint8Array): string {
  const body = Buffer.from(concat(PKCS8_PREFIX, seed)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;
}

/**
 * Opens the signer of a key file.
 * @throws OstrakaError OSTRAKA_KEY_INVALID: missing, readable by others, or no Ed25519 key.
 */
export function loadKeyFile(path: string): Signer {
  const seed = loadKeySeed(path);
  const signer = openSigner(seed);
  seed.fill(0);
  return signer;
}

/** The 32 secret bytes of a key file; the caller wipes them. Errors as `loadKeyFile`. */
function loadKeySeed(path: string): Bytes {
  const text = readSecretFile(path);
  if (text.includes("ENCRYPTED")) {
    throw invalid(
      path,
      "is locked with a passphrase: store it without one, on a disk that is locked",
    );
  }
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, format: "pem" });
  } catch {
    // Without the cause: it might quote the file.
    throw invalid(path, "is no PKCS#8 PEM private key: generate it again or name the right file");
  }
  if (key.asymmetricKeyType !== "ed25519") {
    throw invalid(path, `holds a key of kind ${key.asymmetricKeyType}: signing keys are Ed25519`);
  }
  const der = key.export({ format: "der", type: "pkcs8" });
  return new Uint8Array(der.subarray(der.length - 32));
}

/**
 * Writes a secret text (PEM, NATS seed, credentials) with mode 0600, fsynced, never over a file.
 * @throws OstrakaError OSTRAKA_KEY_INVALID when the file exists or cannot be written.
 */
export function writeSecretFile(path: string, text: string): void {
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
  } catch (error) {
    const why = isCode(error, "EEXIST")
      ? "exists already: move it away first, nothing overwrites a secret"
      : "cannot be created: check that its folder exists and can be written";
    throw invalid(path, why, error);
  }
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Reads a secret text after checking that only its owner can.
 * @throws OstrakaError OSTRAKA_KEY_INVALID: missing, readable by others, or too large.
 */
export function readSecretFile(path: string): string {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    const why = isCode(error, "ENOENT") ? "does not exist" : "cannot be opened by this user";
    throw invalid(path, `${why}: name the right file`, error);
  }
  try {
    // The open file is asked, not its name: nobody can swap it in between.
    const stat = fstatSync(file);
    if (!stat.isFile()) throw invalid(path, "is not a file: name the right one");
    if (process.platform !== "win32" && (stat.mode & 0o077) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
      throw invalid(path, `can be read by others (mode ${mode}): run chmod 600 ${path}`);
    }
    if (stat.size > SECRET_BYTES_MAX) throw invalid(path, "is too large for a key");
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

/** What a key is for. One key, one use. */
export type KeyUse = "signing" | "tls" | "nats";

export interface UsedKey {
  readonly use: KeyUse;
  /** Raw Ed25519 public key, or the SPKI DER of a key of any kind. */
  readonly key: Uint8Array;
}

/**
 * Refuses a key that is seen in two uses: a broker chooses the nonce that a NATS key signs, so a
 * shared key could be made to sign an envelope.
 * @throws OstrakaError OSTRAKA_KEY_IN_OTHER_USE.
 */
export function assertDistinct(keys: readonly UsedKey[]): void {
  const uses = new Map<string, KeyUse>();
  for (const { use, key } of keys) {
    const id = hex(rawKey(key));
    const other = uses.get(id) ?? use;
    if (other !== use) {
      throw new OstrakaError(
        "OSTRAKA_KEY_IN_OTHER_USE",
        `key ${id.slice(0, 16)} is given for ${use} and for ${other}: generate one for each`,
      );
    }
    uses.set(id, use);
  }
}

/** The 32 bytes inside an Ed25519 SPKI, so that one key in two encodings is one key. */
function rawKey(key: Uint8Array): Uint8Array {
  const isEd25519 =
    key.length === SPKI_PREFIX.length + 32 &&
    equalBytes(key.subarray(0, SPKI_PREFIX.length), SPKI_PREFIX);
  return isEd25519 ? key.subarray(SPKI_PREFIX.length) : key;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function invalid(path: string, why: string, cause?: unknown): OstrakaError {
  return new OstrakaError("OSTRAKA_KEY_INVALID", `key file ${path} ${why}`, { cause });
}
