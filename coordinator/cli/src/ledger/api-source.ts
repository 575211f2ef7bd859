// Reads ledgers over the admin API, page by page, each up to one sealed head. Believes nothing of
// it: the walk that takes the records checks them.

import type { AdminClient } from "@ostraka/coordinator";
import type { SealedHead } from "@ostraka/proto";
import {
  type EntryRecord,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  OstrakaError,
} from "@ostraka/proto";
import type { LedgerSource } from "./export-source.ts";
import { claimsOf } from "./head-claims.ts";

/** Records above an index, up to one sealed head. */
export interface SealedPiece {
  readonly sealed: SealedHead;
  readonly records: readonly EntryRecord[];
}

/**
 * What lies above an index, up to the head that is the latest now.
 * @returns `undefined` while nothing above it is sealed there: that coordinator may lag.
 * @throws OstrakaError OSTRAKA_UNREACHABLE, OSTRAKA_NOT_VERIFIED when what comes makes no sense.
 */
export async function readAbove(
  client: Pick<AdminClient, "ledger">,
  ledger: LedgerId,
  above: number,
): Promise<SealedPiece | undefined> {
  const records: EntryRecord[] = [];
  let sealed: SealedHead | undefined;
  for (;;) {
    const fromIndex = BigInt(above + records.length + 1);
    const page = await client.ledger.listEntries({
      ledger,
      fromIndex,
      pageSize: LIMITS.pageRecordsMax,
    });
    sealed ??= page.head;
    if (sealed === undefined) return undefined;
    const last = claimsOf(sealed)?.index;
    if (last === undefined) throw senseless(ledger);
    if (last < above) return undefined;
    // Entries newer than the first head belong to a later one.
    records.push(...page.records.slice(0, last - above - records.length));
    if (above + records.length >= last) return { sealed, records };
    if (page.records.length === 0) throw senseless(ledger);
  }
}

/** A running mesh as the source of an export. */
export function openApiSource(client: Pick<AdminClient, "ledger">): LedgerSource {
  return {
    name: "the coordinators",
    read: async (ledger) => {
      const piece = await readAbove(client, ledger, 0);
      if (piece !== undefined) return piece;
      const letter = ledgerLetter(ledger);
      throw new OstrakaError(
        "OSTRAKA_NOT_FOUND",
        `nothing of ledger ${letter} is sealed yet: ask \`ostraka status\` what is missing`,
      );
    },
  };
}

function senseless(ledger: LedgerId): OstrakaError {
  return new OstrakaError(
    "OSTRAKA_NOT_VERIFIED",
    `the coordinator's pages of ledger ${ledgerLetter(ledger)} do not reach the head it shows: ` +
      "ask another",
  );
}
