// The genesis file of a mesh: the one document that a process is told to trust. Owns its reading:
// the mesh id written in it must be the hash of what it holds.

import { readFileSync } from "node:fs";
import { type OpenedGenesis, openGenesis } from "@ostraka/agents/node";
import {
  type Crypto,
  decode,
  EnvelopeSchema,
  isReject,
  LIMITS,
  OstrakaError,
} from "@ostraka/proto";

/**
 * Reads `{"mesh", "name", "envelope"}` and opens the genesis in it.
 * @throws OstrakaError OSTRAKA_DATA_INVALID naming the file and what is wrong.
 */
export function loadGenesis(crypto: Crypto, path: string): OpenedGenesis {
  let saved: { readonly mesh?: unknown; readonly envelope?: unknown };
  try {
    saved = JSON.parse(readFileSync(path, "utf8")) ?? {};
  } catch (error) {
    throw invalid(path, "cannot be read as JSON: copy it again from where init wrote it", error);
  }
  const { mesh, envelope: text } = saved;
  const bytes = typeof text === "string" ? new Uint8Array(Buffer.from(text, "base64")) : undefined;
  const envelope = bytes && decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
  if (envelope === undefined) throw invalid(path, "holds no envelope: copy it again");
  const opened = openGenesis(crypto, envelope);
  if (isReject(opened)) throw invalid(path, `is refused (${opened.reject}): copy it again`);
  if (opened.mesh !== mesh) throw invalid(path, "names another mesh than it holds: copy it again");
  return opened;
}

function invalid(path: string, why: string, cause?: unknown): OstrakaError {
  return new OstrakaError("OSTRAKA_DATA_INVALID", `genesis ${path} ${why}`, { cause });
}
