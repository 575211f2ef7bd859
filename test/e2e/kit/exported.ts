// Looks into an export of the ledgers: which entries it holds, in order. Trusts the file; whether
// it verifies is for `ledger verify` to say.

import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { EntrySchema } from "@ostraka/proto";

interface ExportedLine {
  readonly kind: string;
  readonly entry?: string;
}

/** The effects of all entries, control ledger first: `genesis`, `policy`, `approval` and so on. */
export function effectsOf(file: string): string[] {
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((text) => JSON.parse(text) as ExportedLine)
    .flatMap(({ kind, entry }) => {
      if (kind !== "entry" || entry === undefined) return [];
      const bytes = new Uint8Array(Buffer.from(entry, "base64"));
      return [fromBinary(EntrySchema, bytes).effect.case ?? "none"];
    });
}
