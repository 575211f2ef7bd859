// The file genesis.json: the one document that a process is told to trust. Owns its shape on disk;
// what a genesis must hold is the roster agent's to say. Never trusts the id that the file claims.

import { readFileSync, statSync } from "node:fs";
import { type OpenedGenesis, openGenesis } from "@ostraka/agents/edge";
import {
  type Crypto,
  decode,
  type Envelope,
  EnvelopeSchema,
  type ErrorCode,
  encode,
  isReject,
  LIMITS,
  OstrakaError,
} from "@ostraka/proto";

const FILE_BYTES_MAX = 2 * LIMITS.messageBytesMax;

/**
 * Opens a genesis file and checks that its document is the one whose id the file names.
 * @throws OstrakaError OSTRAKA_NOT_FOUND when it cannot be read, OSTRAKA_DATA_INVALID when it is no
 * genesis file, OSTRAKA_NOT_VERIFIED when what it holds is refused or makes another mesh.
 */
export function readGenesisFile(crypto: Crypto, path: string): OpenedGenesis {
  const { mesh, envelope } = readFields(path);
  const text = typeof envelope === "string" ? envelope : undefined;
  const bytes = text && new Uint8Array(Buffer.from(text, "base64"));
  const decoded = bytes && decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
  if (!decoded) throw invalid(path, "holds no genesis (malformed)");
  const opened = openGenesis(crypto, decoded);
  if (isReject(opened)) {
    throw failure("OSTRAKA_NOT_VERIFIED", path, `holds no genesis (${opened.reject})`);
  }
  if (opened.mesh === mesh) return opened;
  throw failure("OSTRAKA_NOT_VERIFIED", path, "names another mesh than its document makes");
}

/** Text of a genesis file. */
export function genesisFileText(mesh: string, name: string, envelope: Envelope): string {
  const base64 = Buffer.from(encode(EnvelopeSchema, envelope)).toString("base64");
  return `${JSON.stringify({ mesh, name, envelope: base64 }, undefined, 2)}\n`;
}

function readText(path: string): string {
  try {
    if (statSync(path).size <= FILE_BYTES_MAX) return readFileSync(path, "utf8");
  } catch (error) {
    throw new OstrakaError(
      "OSTRAKA_NOT_FOUND",
      `the genesis ${path} cannot be read: name the right file or directory`,
      { cause: error },
    );
  }
  throw invalid(path, "is too large for a genesis");
}

function readFields(path: string): { mesh?: unknown; envelope?: unknown } {
  const text = readText(path);
  try {
    return Object(JSON.parse(text));
  } catch (error) {
    throw invalid(path, "cannot be read as JSON", error);
  }
}

function invalid(path: string, why: string, cause?: unknown): OstrakaError {
  return failure("OSTRAKA_DATA_INVALID", path, why, cause);
}

function failure(code: ErrorCode, path: string, why: string, cause?: unknown): OstrakaError {
  const message = `${path} ${why}: copy it again from another member of the mesh, or restore it`;
  return new OstrakaError(code, message, { cause });
}
