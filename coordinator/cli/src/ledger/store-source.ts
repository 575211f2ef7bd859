// Reads the ledgers of a stopped mesh from its coordinators' stores, without writing a byte there.
// Takes the store that is furthest: what one lost, another may have.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { orderedKey, type Store } from "@ostraka/agents/kernel";
import { openSqliteStoreReadOnly } from "@ostraka/host";
import {
  decode,
  type EntryRecord,
  EntryRecordSchema,
  HeadSchema,
  LEDGERS,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  OstrakaError,
  type SealedHead,
  SealedHeadSchema,
} from "@ostraka/proto";
import { pathsOf, readMeshFile } from "../mesh-dir.ts";
import type { LedgerSource, SealedLedger } from "./export-source.ts";

interface StoredLedgers {
  readonly path: string;
  readonly ledgers: ReadonlyMap<LedgerId, SealedLedger>;
}

/**
 * The furthest store of a data directory as a source.
 * @throws OstrakaError OSTRAKA_NOT_FOUND when no store holds both ledgers under sealed heads.
 */
export function openStoreSource(dir: string): LedgerSource {
  const paths = readMeshFile(dir).coordinators.map(({ name }) =>
    join(pathsOf(dir).coordinator(name), "state.sqlite"),
  );
  const stored = paths.filter((path) => existsSync(path)).flatMap(readStore);
  const furthest = stored.sort((a, b) => reachOf(b) - reachOf(a))[0];
  if (furthest === undefined) {
    throw new OstrakaError(
      "OSTRAKA_NOT_FOUND",
      `no coordinator of ${dir} has stored a sealed ledger yet: start the mesh first`,
    );
  }
  const { path, ledgers } = furthest;
  return { name: path, read: async (ledger) => ledgers.get(ledger) as SealedLedger };
}

function reachOf({ ledgers }: StoredLedgers): number {
  return [...ledgers.values()].reduce((sum, { records }) => sum + records.length, 0);
}

/** One snapshot of a store: both ledgers as of the same moment. */
function readStore(path: string): StoredLedgers[] {
  const store = openSqliteStoreReadOnly(path);
  try {
    const ledgers = new Map<LedgerId, SealedLedger>();
    for (const ledger of LEDGERS) {
      const stored = readLedger(store, ledger);
      if (stored === undefined) return [];
      ledgers.set(ledger, stored);
    }
    return [{ path, ledgers }];
  } finally {
    store.close();
  }
}

function readLedger(store: Store, ledger: LedgerId): SealedLedger | undefined {
  const letter = ledgerLetter(ledger);
  const bytes = store.get(`sealed-latest/${letter}`);
  const sealed = bytes && decode(SealedHeadSchema, bytes, LIMITS.messageBytesMax);
  const index = sealed && indexOf(sealed);
  if (sealed === undefined || index === undefined) return undefined;
  const records: EntryRecord[] = [];
  for (const [key, value] of store.scan(`record/${letter}/`)) {
    if (key > `record/${letter}/${orderedKey(index)}`) break;
    const record = decode(EntryRecordSchema, value, LIMITS.messageBytesMax);
    if (record === undefined) return undefined;
    records.push(record);
  }
  return { sealed, records };
}

/** Index that a sealed head names; nothing else of it is believed here. */
export function indexOf(sealed: SealedHead): number | undefined {
  const head = decode(HeadSchema, sealed.head, LIMITS.envelopeBodyBytesMax);
  return head === undefined ? undefined : Number(head.index);
}
