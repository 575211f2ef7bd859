// The lines of an export, JSON Lines with one spelling: a header, then for `c` and `s` the entries
// in order and the sealed head. Reading writes the line again and wants the same bytes, so an
// unknown key, another order, a space or a second spelling of base64 is refused.

import { create } from "@bufbuild/protobuf";
import {
  type EntryRecord,
  EntryRecordSchema,
  LEDGERS,
  type LedgerId,
  ledgerLetter,
  type MeshId,
  type SealedHead,
  SealedHeadSchema,
} from "@ostraka/proto";

/** Format number of an export. */
const FORMAT = 1;

export type ExportLine =
  | { readonly kind: "header"; readonly mesh: MeshId }
  | {
      readonly kind: "entry";
      readonly ledger: LedgerId;
      readonly index: number;
      readonly record: EntryRecord;
    }
  | { readonly kind: "head"; readonly ledger: LedgerId; readonly sealed: SealedHead };

/** The one spelling of a line, without its line feed. ASCII. */
export function writeLine(line: ExportLine): string {
  return JSON.stringify(jsonOf(line));
}

/** Reads a line. @returns `undefined` when it is not the one spelling of one. */
export function readLine(bytes: Uint8Array): ExportLine | undefined {
  // Latin-1 keeps every byte apart, and what is written is ASCII: equal texts are equal bytes.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  let line: ExportLine | undefined;
  try {
    line = lineOf(JSON.parse(text) as Json);
  } catch {
    // Not JSON, or of another shape: the answer is the same.
    return undefined;
  }
  return line !== undefined && writeLine(line) === text ? line : undefined;
}

type Json = Readonly<Record<string, unknown>>;

function jsonOf(line: ExportLine): object {
  if (line.kind === "header") return { kind: "header", format: FORMAT, mesh: line.mesh };
  const ledger = ledgerLetter(line.ledger);
  if (line.kind === "head") {
    const { head, seals } = line.sealed;
    return {
      kind: "head",
      ledger,
      head: base64(head),
      seals: seals.map(({ key, signature }) => ({
        key: base64(key),
        signature: base64(signature),
      })),
    };
  }
  const { entry, privates } = line.record;
  return {
    kind: "entry",
    ledger,
    index: line.index,
    entry: base64(entry),
    privates: privates.map((p) => ({ salt: base64(p.salt), content: base64(p.content) })),
  };
}

function lineOf(json: Json): ExportLine | undefined {
  const { kind } = json;
  if (kind === "header") {
    const mesh = textOf(json["mesh"]);
    return /^[0-9a-f]{64}$/.test(mesh) ? { kind, mesh: mesh as MeshId } : undefined;
  }
  const ledger = LEDGERS.find((l) => ledgerLetter(l) === json["ledger"]);
  if (ledger === undefined) return undefined;
  if (kind === "head") {
    const seals = listOf(json["seals"]).map((seal) => ({
      key: bytesOf(seal["key"]),
      signature: bytesOf(seal["signature"]),
    }));
    const sealed = create(SealedHeadSchema, { head: bytesOf(json["head"]), seals });
    return { kind, ledger, sealed };
  }
  if (kind !== "entry") return undefined;
  const privates = listOf(json["privates"]).map((part) => ({
    salt: bytesOf(part["salt"]),
    content: bytesOf(part["content"]),
  }));
  const record = create(EntryRecordSchema, { entry: bytesOf(json["entry"]), privates });
  return { kind, ledger, index: json["index"] as number, record };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function bytesOf(value: unknown): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(textOf(value), "base64"));
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("a text was expected");
  return value;
}

function listOf(value: unknown): readonly Json[] {
  if (!Array.isArray(value)) throw new TypeError("a list was expected");
  return value as Json[];
}
