// Reads an export file in pieces and has every line verified; memory does not grow with the file's
// size but by what the verifier keeps.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { OpenedGenesis } from "@ostraka/agents/node";
import { type Crypto, OstrakaError } from "@ostraka/proto";
import {
  EXPORT_LINE_BYTES_MAX,
  type ExportFault,
  ExportVerifier,
  type VerifiedExport,
} from "./verify-export.ts";

const PIECE_BYTES = 65_536;
const LINE_FEED = 0x0a;

/**
 * Verifies a file. @throws OstrakaError OSTRAKA_NOT_FOUND when it cannot be read.
 */
export function verifyExportFile(
  crypto: Crypto,
  genesis: OpenedGenesis,
  path: string,
): VerifiedExport | ExportFault {
  const file = openFile(path);
  try {
    return verifyPieces(new ExportVerifier(crypto, genesis), piecesOf(file));
  } finally {
    closeSync(file);
  }
}

/** Verifies bytes that come in pieces of any size. */
export function verifyPieces(
  verifier: ExportVerifier,
  pieces: Iterable<Uint8Array>,
): VerifiedExport | ExportFault {
  let rest: Uint8Array = new Uint8Array(0);
  for (const piece of pieces) {
    let from = 0;
    for (let at = piece.indexOf(LINE_FEED); at >= 0; at = piece.indexOf(LINE_FEED, from)) {
      const fault = verifier.take(joined(rest, piece.subarray(from, at)));
      if (fault !== undefined) return fault;
      rest = new Uint8Array(0);
      from = at + 1;
    }
    rest = joined(rest, piece.subarray(from));
    // A line this long is none of ours: it is judged as it is instead of being gathered for ever.
    if (rest.length > EXPORT_LINE_BYTES_MAX) return verifier.take(rest) ?? verifier.end(false);
  }
  return verifier.end(rest.length === 0);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.length === 0 ? Uint8Array.from(b) : new Uint8Array(Buffer.concat([a, b]));
}

function openFile(path: string): number {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw unreadable(`${path} cannot be read`, error);
  }
  if (!fstatSync(file).isDirectory()) return file;
  closeSync(file);
  throw unreadable(`${path} is a folder`);
}

function unreadable(what: string, cause?: unknown): OstrakaError {
  const why = `${what}: name the file that \`ostraka ledger export\` wrote`;
  return new OstrakaError("OSTRAKA_NOT_FOUND", why, { cause });
}

function* piecesOf(file: number): Iterable<Uint8Array> {
  const buffer = new Uint8Array(PIECE_BYTES);
  for (;;) {
    const count = readSync(file, buffer);
    if (count === 0) return;
    yield buffer.subarray(0, count);
  }
}
