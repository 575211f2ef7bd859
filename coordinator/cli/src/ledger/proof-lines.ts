// The lines of a proof file, JSON Lines with one spelling: what one entry needs to be checked by
// somebody who has nothing but the file. Reading writes each line again and wants the same bytes.

import {
  type Bytes,
  decode,
  type EntryRecord,
  EntryRecordSchema,
  type Envelope,
  EnvelopeSchema,
  encode,
  LEDGERS,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  type MeshId,
  type SealedHead,
  SealedHeadSchema,
} from "@ostraka/proto";

const FORMAT = 1;

/** Why an entry is in the proof: what is proven, its certificate, or what either builds on. */
export type ProofPart = "basis" | "proven" | "coverage";

export type ProofLine =
  | { readonly kind: "proof"; readonly mesh: MeshId }
  | {
      readonly kind: ProofPart;
      readonly ledger: LedgerId;
      readonly record: EntryRecord;
      /** RFC 9162 inclusion path under the ledger's head. */
      readonly path: readonly Bytes[];
    }
  | { readonly kind: "head"; readonly ledger: LedgerId; readonly sealed: SealedHead }
  | { readonly kind: "receipt"; readonly receipt: Envelope };

type Json = Readonly<Record<string, unknown>>;

/** The one spelling of a line, without its line feed. ASCII. */
export function writeProofLine(line: ProofLine): string {
  return JSON.stringify(jsonOf(line));
}

/** @returns `undefined` when it is not the one spelling of a line. */
export function readProofLine(text: string): ProofLine | undefined {
  let line: ProofLine | undefined;
  try {
    line = lineOf(JSON.parse(text) as Json);
  } catch {
    // Not JSON, or of another shape: the answer is the same.
    return undefined;
  }
  return line !== undefined && writeProofLine(line) === text ? line : undefined;
}

function jsonOf(line: ProofLine): object {
  switch (line.kind) {
    case "proof":
      return { kind: "proof", format: FORMAT, mesh: line.mesh };
    case "head": {
      const { ledger, sealed } = line;
      const head = base64(encode(SealedHeadSchema, sealed));
      return { kind: "head", ledger: ledgerLetter(ledger), head };
    }
    case "receipt":
      return { kind: "receipt", receipt: base64(encode(EnvelopeSchema, line.receipt)) };
    default: {
      const { kind, ledger, record, path } = line;
      const bytes = base64(encode(EntryRecordSchema, record));
      return { kind, ledger: ledgerLetter(ledger), record: bytes, path: path.map(base64) };
    }
  }
}

function lineOf(json: Json): ProofLine | undefined {
  const { kind } = json;
  if (kind === "proof") {
    const mesh = String(json["mesh"]);
    return /^[0-9a-f]{64}$/.test(mesh) ? { kind, mesh: mesh as MeshId } : undefined;
  }
  if (kind === "receipt") {
    const receipt = decode(EnvelopeSchema, bytesOf(json["receipt"]), LIMITS.messageBytesMax);
    return receipt && { kind, receipt };
  }
  const ledger = LEDGERS.find((l) => ledgerLetter(l) === json["ledger"]);
  if (ledger === undefined) return undefined;
  if (kind === "head") {
    const sealed = decode(SealedHeadSchema, bytesOf(json["head"]), LIMITS.messageBytesMax);
    return sealed && { kind, ledger, sealed };
  }
  if (kind !== "basis" && kind !== "proven" && kind !== "coverage") return undefined;
  const record = decode(EntryRecordSchema, bytesOf(json["record"]), LIMITS.messageBytesMax);
  const path = Array.isArray(json["path"]) ? json["path"].map(bytesOf) : undefined;
  return record && path && { kind, ledger, record, path };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function bytesOf(value: unknown): Bytes {
  if (typeof value !== "string") throw new TypeError("a text was expected");
  return new Uint8Array(Buffer.from(value, "base64"));
}
