// A file that carries one command while people sign it, from hand to hand and without a network.
// Holds the envelope alone: what it says is read out of the signed bytes, never out of the file's
// words. Must never be taken for entered: only the mesh says so.

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import {
  type Bytes,
  cosignEnvelope,
  decode,
  type Envelope,
  type EnvelopeKind,
  EnvelopeSchema,
  encode,
  envelopeType,
  hex,
  LIMITS,
  type MeshId,
  OstrakaError,
  type Signer,
} from "@ostraka/proto";
import { refused } from "./failure.ts";

/** Writes a command beside its place, then renames it: a file cut off half way is none. */
export function writeSignedFile(path: string, kind: EnvelopeKind, envelope: Envelope): void {
  const text = Buffer.from(encode(EnvelopeSchema, envelope)).toString("base64");
  writeFileSync(`${path}.new`, `${JSON.stringify({ kind, envelope: text })}\n`);
  renameSync(`${path}.new`, path);
}

/**
 * Reads a command of a kind and mesh.
 * @throws OstrakaError OSTRAKA_NOT_FOUND when it is no such file; OSTRAKA_DATA_INVALID when it is
 * of another mesh or kind.
 */
export function readSignedFile(path: string, kind: EnvelopeKind, mesh: MeshId): Envelope {
  let envelope: Envelope | undefined;
  try {
    const file = JSON.parse(readFileSync(path, "utf8")) as { envelope?: unknown };
    const bytes: Bytes = new Uint8Array(Buffer.from(String(file.envelope), "base64"));
    envelope = decode(EnvelopeSchema, bytes, LIMITS.commandBytesMax);
  } catch (error) {
    const why = `${path} cannot be read as a signed ${kind}: name the right file`;
    throw new OstrakaError("OSTRAKA_NOT_FOUND", why, { cause: error });
  }
  if (envelope?.type === envelopeType(mesh, kind)) return envelope;
  throw new OstrakaError("OSTRAKA_DATA_INVALID", `${path} holds no ${kind} of this mesh`);
}

/** Adds a signature. @throws OstrakaError OSTRAKA_REFUSED when that key has signed it already. */
export function addSignature(envelope: Envelope, signer: Signer, name: string): Envelope {
  const isSigned = envelope.signatures.some(({ key }) => hex(key) === hex(signer.publicKey));
  if (isSigned) throw refused(`${name} has signed it already: another holder must`);
  return cosignEnvelope(envelope, signer);
}
