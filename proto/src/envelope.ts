// The one envelope (DSSE): what is signed, under which type, by whom. Owns the table of kinds and
// the roles that may sign each; opens an envelope down a ladder of checks, signatures last. Must
// never look at a body before its signatures hold, nor re-serialise one.

import { create } from "@bufbuild/protobuf";
import { type Bytes, concat, hex, utf8 } from "./bytes.ts";
import type { Crypto, Signer } from "./crypto.ts";
import { LIMITS } from "./limits.ts";
import { type Envelope, EnvelopeSchema, Role } from "./messages.ts";
import { type Reject, reject } from "./reject.ts";

/** Hex of the SHA-256 of the genesis bytes. */
export type MeshId = string & { readonly __brand: "MeshId" };

/**
 * Every kind of signed body and the roles that may sign it. `self` = keys named in the body itself.
 */
export const ENVELOPE_ROLES = {
  genesis: [Role.ROOT],
  roster: [Role.ROOT],
  grant: [Role.OPERATOR],
  join: [],
  membership: [Role.COORDINATOR],
  policy: [Role.AUTHOR],
  activation: [Role.AUTHOR],
  proposal: [Role.OPERATOR, Role.APPROVER],
  approval: [Role.APPROVER],
  batch: [Role.HOST],
  receipt: [Role.HOST],
  tick: [Role.COORDINATOR],
  head: [Role.COORDINATOR],
  import: [Role.COORDINATOR],
  ack: [Role.COORDINATOR],
  // From machine version 2 on:
  rollout: [Role.AUTHOR],
  repair: [Role.OPERATOR],
  promise: [Role.COORDINATOR],
  opening: [Role.COORDINATOR],
  poison: [Role.COORDINATOR],
  erasure: [Role.OPERATOR],
  coverage: [Role.COORDINATOR],
  equivocation: [Role.COORDINATOR],
  probe: [Role.COORDINATOR],
  report: [Role.COORDINATOR],
} as const satisfies Record<string, readonly Role[]>;

export type EnvelopeKind = keyof typeof ENVELOPE_ROLES;

/** Types of leaves that are hashed under a type but not signed on their own. */
export type TypedKind = EnvelopeKind | "signal";

/** Types of the mesh asked about last: a process speaks of one, a simulator of one at a time. */
let known: { readonly mesh: MeshId; readonly types: Map<TypedKind, string> } | undefined;

/** The DSSE payload type of a kind in a mesh. */
export function envelopeType(mesh: MeshId, kind: TypedKind): string {
  if (known?.mesh !== mesh) known = { mesh, types: new Map() };
  let type = known.types.get(kind);
  if (type === undefined) {
    type = `application/vnd.ostraka.${kind}.v1;mesh=${mesh}`;
    known.types.set(kind, type);
  }
  return type;
}

/** Kind named by a type of this mesh, or `undefined`. */
export function kindOfType(mesh: MeshId, type: string): EnvelopeKind | undefined {
  const match = /^application\/vnd\.ostraka\.([a-z]+)\.v1;mesh=([0-9a-f]{64})$/.exec(type);
  const kind = match?.[1] ?? "";
  return match?.[2] === mesh && Object.hasOwn(ENVELOPE_ROLES, kind)
    ? (kind as EnvelopeKind)
    : undefined;
}

/** First parts of `pae` by type: a batch asks for the same one for each of its signals. */
const openings = new Map<string, Bytes>();
const OPENINGS_MAX = 64;
const SPACE = 0x20;

function openingOf(type: string): Bytes {
  const found = openings.get(type);
  if (found !== undefined) return found;
  const typeBytes = utf8(type);
  const opening = concat(utf8(`DSSEv1 ${typeBytes.length} `), typeBytes, Uint8Array.of(SPACE));
  if (openings.size >= OPENINGS_MAX) openings.clear();
  openings.set(type, opening);
  return opening;
}

/**
 * DSSE pre-authentication encoding (DSSE protocol 1.0.2): "DSSEv1" SP LEN(type) SP type SP
 * LEN(body) SP body.
 */
export function pae(type: string, body: Uint8Array): Bytes {
  const opening = openingOf(type);
  const length = String(body.length);
  const message = new Uint8Array(opening.length + length.length + 1 + body.length);
  message.set(opening);
  let at = opening.length;
  for (let i = 0; i < length.length; i++) message[at++] = length.charCodeAt(i);
  message[at++] = SPACE;
  message.set(body, at);
  return message;
}

/** Signs a body of a kind with each signer in turn. */
export function signEnvelope(
  mesh: MeshId,
  kind: EnvelopeKind,
  body: Uint8Array,
  ...signers: readonly Signer[]
): Envelope {
  const type = envelopeType(mesh, kind);
  const message = pae(type, body);
  const signatures = signers.map((s) => ({ key: s.publicKey, signature: s.sign(message) }));
  return create(EnvelopeSchema, { type, body: Uint8Array.from(body), signatures });
}

/** Adds one signature to an envelope's exact bytes. */
export function cosignEnvelope(envelope: Envelope, signer: Signer): Envelope {
  const signature = signer.sign(pae(envelope.type, envelope.body));
  return create(EnvelopeSchema, {
    type: envelope.type,
    body: envelope.body,
    signatures: [...envelope.signatures, { key: signer.publicKey, signature }],
  });
}

/** Finds who is behind a key, in the roles given; `undefined` for nobody. */
export type FindHolder = (key: Uint8Array, roles: readonly Role[]) => string | undefined;

export interface Opened {
  readonly body: Uint8Array;
  /** Distinct holders whose signatures hold, in order of signature. */
  readonly holders: readonly string[];
}

/**
 * Checks an envelope: type and mesh, size, number of signatures, who, then the signatures. Every
 * signature must hold: one bad or unknown one refuses the whole.
 */
export function openEnvelope(
  crypto: Crypto,
  mesh: MeshId,
  kind: EnvelopeKind,
  envelope: Envelope | undefined,
  findHolder: FindHolder,
): Opened | Reject {
  if (envelope === undefined) return reject("malformed");
  if (envelope.body.length > LIMITS.envelopeBodyBytesMax) return reject("too-large");
  if (envelope.type !== envelopeType(mesh, kind)) {
    return reject(envelope.type.endsWith(`;mesh=${mesh}`) ? "wrong-type" : "wrong-mesh");
  }
  if (envelope.signatures.length === 0) return reject("no-signature");
  if (envelope.signatures.length > LIMITS.signaturesMax) return reject("too-many-signatures");
  const message = pae(envelope.type, envelope.body);
  const holders: string[] = [];
  const keys = new Set<string>();
  for (const { key, signature } of envelope.signatures) {
    const holder = findHolder(key, ENVELOPE_ROLES[kind]);
    if (holder === undefined) return reject("unknown-key");
    if (keys.has(hex(key))) return reject("duplicate");
    keys.add(hex(key));
    if (!crypto.verify(key, message, signature)) return reject("bad-signature");
    if (!holders.includes(holder)) holders.push(holder);
  }
  return { body: envelope.body, holders };
}
