// Reads ledgers over the admin API, page by page, each up to one sealed head; from each coordinator
// in turn while what came does not fit together. Believes nothing of it: the walk that takes the
// records checks them.

import type { AdminServices } from "@ostraka/coordinator";
import {
  type Crypto,
  type EntryRecord,
  equalBytes,
  Frontier,
  type LedgerId,
  LIMITS,
  leafHash,
  ledgerLetter,
  OstrakaError,
  type SealedHead,
} from "@ostraka/proto";
import type { LedgerSource } from "./export-source.ts";
import { claimsOf } from "./head-claims.ts";
import { inTurn, type LedgerClient, type Patience } from "./in-turn.ts";

/** Records above an index, up to one sealed head. */
export interface SealedPiece {
  readonly sealed: SealedHead;
  readonly records: readonly EntryRecord[];
}

/** Who is asked, and how patiently. */
export interface LedgerReader {
  readonly client: LedgerClient;
  readonly crypto: Pick<Crypto, "sha256">;
  readonly patience?: Patience;
}

type Pages = Pick<AdminServices["ledger"], "listEntries">;

/**
 * What lies above what is known, up to the head that is the latest now. A coordinator that goes
 * back, catches up or changes while its pages are read shows records that do not lead to its head:
 * they are then read anew, from one coordinator after the other.
 * @param known the tree of what is known.
 * @returns `undefined` while nothing above it is sealed there: that coordinator may lag. Records
 * that never led to their head's root are given as they came: whoever takes them names the entry.
 * @throws OstrakaError OSTRAKA_UNREACHABLE, OSTRAKA_BEHIND, OSTRAKA_NOT_VERIFIED when nobody's
 * pages reach a head.
 */
export async function readAbove(
  { client, crypto, patience }: LedgerReader,
  ledger: LedgerId,
  known: Frontier,
): Promise<SealedPiece | undefined> {
  let misfit: SealedPiece | undefined;
  let said: OstrakaError | undefined;
  for await (const asked of inTurn(client, patience)) {
    const read = await readOnce(asked.ledger, ledger, known.size).catch(errorOf);
    if (read instanceof OstrakaError) {
      // Who is away says nothing of what another one shows.
      if (asked === client && !isOfReading(read)) throw read;
      if (said === undefined || isOfReading(read)) said = read;
    } else if (read === undefined) {
      if (said === undefined && misfit === undefined) return undefined;
    } else {
      if (read.records.length === 0 || leadsToItsHead(crypto, known, read)) return read;
      misfit = read;
    }
  }
  if (misfit !== undefined) return misfit;
  throw said;
}

/** One reading, of pages that may have changed in between. */
async function readOnce(
  pages: Pages,
  ledger: LedgerId,
  above: number,
): Promise<SealedPiece | undefined> {
  const records: EntryRecord[] = [];
  let sealed: SealedHead | undefined;
  for (;;) {
    const fromIndex = BigInt(above + records.length + 1);
    const page = await pages.listEntries({ ledger, fromIndex, pageSize: LIMITS.pageRecordsMax });
    sealed ??= page.head;
    if (sealed === undefined) return undefined;
    const last = claimsOf(sealed)?.index;
    if (last === undefined) throw unreached(ledger);
    if (last < above) return undefined;
    // Entries newer than the first head belong to a later one.
    records.push(...page.records.slice(0, last - above - records.length));
    if (above + records.length >= last) return { sealed, records };
    if (page.records.length === 0) throw unreached(ledger);
  }
}

/** Whether the records make the root that their head claims; who sealed it is not asked here. */
function leadsToItsHead(
  crypto: LedgerReader["crypto"],
  known: Frontier,
  { records, sealed }: SealedPiece,
): boolean {
  const tree = known.copy();
  for (const { entry } of records) tree.append(leafHash(crypto, entry));
  const root = claimsOf(sealed)?.root;
  return root !== undefined && equalBytes(tree.root(), root);
}

/** A running mesh as the source of an export. */
export function openApiSource(reader: LedgerReader): LedgerSource {
  return {
    name: "the coordinators",
    read: async (ledger) => {
      const piece = await readAbove(reader, ledger, new Frontier(reader.crypto));
      if (piece !== undefined) return piece;
      const letter = ledgerLetter(ledger);
      throw new OstrakaError(
        "OSTRAKA_NOT_FOUND",
        `nothing of ledger ${letter} is sealed yet: ask \`ostraka status\` what is missing`,
      );
    },
  };
}

function errorOf(error: unknown): OstrakaError {
  if (error instanceof OstrakaError) return error;
  throw error;
}

/** Of the pages, not of the way to them: it may pass by itself, or at another coordinator. */
function isOfReading({ code }: OstrakaError): boolean {
  return code === "OSTRAKA_NOT_VERIFIED" || code === "OSTRAKA_BEHIND";
}

function unreached(ledger: LedgerId): OstrakaError {
  return new OstrakaError(
    "OSTRAKA_NOT_VERIFIED",
    `the pages of ledger ${ledgerLetter(ledger)} that the coordinators show do not reach the ` +
      "head that they show: see which of them catches up with `ostraka journal status`, and try " +
      "again; one that goes on so must be looked at",
  );
}
