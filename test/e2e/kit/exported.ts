// Looks into an export of the ledgers: which entries it holds, in order. Trusts the file; whether
// it verifies is for `ledger verify` to say.

import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { type Entry, EntrySchema, hex } from "@ostraka/proto";

interface ExportedLine {
  readonly kind: string;
  readonly entry?: string;
}

/** The effects of all entries, control ledger first: `genesis`, `policy`, `approval` and so on. */
export function effectsOf(file: string): string[] {
  return entriesOf(file).map(({ effect }) => effect.case ?? "none");
}

/** Ids of all revocations and lifts, in hex. */
export function verdictIdsOf(file: string): string[] {
  return entriesOf(file).flatMap(({ effect }) =>
    effect.case === "revocation" || effect.case === "lift" ? [hex(effect.value.id)] : [],
  );
}

/** The kind of one entry. */
export function effectOf(entry: Uint8Array): string {
  return fromBinary(EntrySchema, entry).effect.case ?? "none";
}

function entriesOf(file: string): Entry[] {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return lines
    .map((text) => JSON.parse(text) as ExportedLine)
    .flatMap(({ kind, entry }) => {
      if (kind !== "entry" || entry === undefined) return [];
      return [fromBinary(EntrySchema, new Uint8Array(Buffer.from(entry, "base64")))];
    });
}
