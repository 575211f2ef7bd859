// The token that lets one host join: what to trust (mesh, CA), where to ask, and the join secret
// that no coordinator sees. Owns its text; strict, so that a damaged token is refused with a
// reason.

import { type Bytes, type MeshId, OstrakaError, unhex } from "@ostraka/proto";

export interface JoinToken {
  readonly mesh: MeshId;
  /** SHA-256 of the DER certificate of the mesh CA. */
  readonly caFingerprint: Bytes;
  /** `host:port` of coordinators' join listeners. */
  readonly addresses: readonly string[];
  /** Ed25519 seed of the join key, 32 bytes: a secret. */
  readonly secret: Bytes;
}

const PREFIX = "ostraka-join-1.";
const KEYS = ["addresses", "ca", "mesh", "secret"];
const TOKEN_CHARS_MAX = 8_192;
const ADDRESSES_MAX = 16;
const HASH = /^[0-9a-f]{64}$/;
/** 32 bytes in base64url without padding. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;
const ADDRESS = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253}):[1-9]\d{0,4}$/;

/** The one line of a token file. A secret: `writeSecretFile`. */
export function joinTokenText(token: JoinToken): string {
  const { mesh, caFingerprint, addresses, secret } = token;
  const ca = Buffer.from(caFingerprint).toString("hex");
  const body = { mesh, ca, addresses, secret: Buffer.from(secret).toString("base64url") };
  return PREFIX + Buffer.from(JSON.stringify(body)).toString("base64url");
}

/**
 * Reads a token.
 * @throws OstrakaError OSTRAKA_DATA_INVALID without quoting it: it holds a secret.
 */
export function parseJoinToken(text: string): JoinToken {
  const line = text.trim();
  if (!line.startsWith(PREFIX)) throw bad("it does not start with ostraka-join-1");
  const encoded = line.slice(PREFIX.length);
  if (line.length > TOKEN_CHARS_MAX || !/^[A-Za-z0-9_-]+$/.test(encoded)) {
    throw bad("it is cut or holds foreign characters");
  }
  const { mesh, ca, addresses, secret } = fieldsOf(encoded);
  if (typeof mesh !== "string" || !HASH.test(mesh)) throw bad("it names no mesh");
  if (typeof ca !== "string" || !HASH.test(ca)) throw bad("it names no certificate authority");
  if (typeof secret !== "string" || !SECRET.test(secret)) throw bad("it holds no join secret");
  if (!Array.isArray(addresses) || addresses.length === 0 || addresses.length > ADDRESSES_MAX) {
    throw bad(`it names no coordinator, or more than ${ADDRESSES_MAX}`);
  }
  if (!addresses.every((a) => typeof a === "string" && ADDRESS.test(a))) {
    throw bad("an address in it is not host:port");
  }
  return {
    mesh: mesh as MeshId,
    caFingerprint: unhex(ca) as Bytes,
    addresses: addresses as string[],
    secret: new Uint8Array(Buffer.from(secret, "base64url")),
  };
}

function fieldsOf(encoded: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(encoded, "base64url").toString("utf8"));
  } catch {
    // Without the cause: it would quote the secret.
    throw bad("it is damaged");
  }
  const keys = typeof value === "object" && value !== null ? Object.keys(value).sort() : [];
  if (keys.join() !== KEYS.join()) throw bad("it holds something else than a token does");
  return value as Record<string, unknown>;
}

function bad(why: string): OstrakaError {
  return new OstrakaError(
    "OSTRAKA_DATA_INVALID",
    `the join token cannot be read: ${why}. Copy the whole line again, or ask for a new grant`,
  );
}
