// The file genesis.json: the one document that a host trusts by its hash. Owns its shape on disk;
// what a genesis must hold is the roster agent's to say. Never trusts the id that the file claims.

import { readFileSync, statSync } from "node:fs";
import { type OpenedGenesis, openGenesis } from "@ostraka/agents/node";
import {
  type Crypto,
  decode,
  type Envelope,
  EnvelopeSchema,
  encode,
  isReject,
  LIMITS,
  OstrakaError,
} from "@ostraka/proto";

const FILE_BYTES_MAX = 2 * LIMITS.messageBytesMax;

/**
 * Opens a genesis file and checks that its document is the one whose id the file names.
 * @throws OstrakaError OSTRAKA_DATA_INVALID.
 */
export function readGenesisFile(crypto: Crypto, path: string): OpenedGenesis {
  let file: { mesh?: unknown; envelope?: unknown };
  try {
    if (statSync(path).size > FILE_BYTES_MAX) throw new Error("it is too large");
    file = JSON.parse(readFileSync(path, "utf8")) as typeof file;
  } catch (error) {
    throw damaged(path, "cannot be read as JSON", error);
  }
  const { mesh, envelope } = file ?? {};
  const bytes = typeof envelope === "string" ? Buffer.from(envelope, "base64") : Buffer.alloc(0);
  const decoded = decode(EnvelopeSchema, new Uint8Array(bytes), LIMITS.messageBytesMax);
  const opened = decoded && openGenesis(crypto, decoded);
  if (opened === undefined || isReject(opened)) {
    throw damaged(path, `holds no genesis (${isReject(opened) ? opened.reject : "malformed"})`);
  }
  if (opened.mesh !== mesh) throw damaged(path, "names another mesh than its document makes");
  return opened;
}

/** Text of a genesis file. */
export function genesisFileText(mesh: string, name: string, envelope: Envelope): string {
  const base64 = Buffer.from(encode(EnvelopeSchema, envelope)).toString("base64");
  return `${JSON.stringify({ mesh, name, envelope: base64 }, undefined, 2)}\n`;
}

function damaged(path: string, why: string, cause?: unknown): OstrakaError {
  const message = `${path} ${why}: copy it again from a host of the mesh, or join again`;
  return new OstrakaError("OSTRAKA_DATA_INVALID", message, { cause });
}
