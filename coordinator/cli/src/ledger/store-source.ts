// Reads the ledgers of a stopped mesh from its coordinators' stores, without writing a byte there.
// Takes of each ledger the copy that is furthest: sealed ledgers are prefixes of one another (I3).

import { existsSync } from "node:fs";
import { join } from "node:path";
import { orderedKey, type Store } from "@ostraka/agents/kernel";
import { openSqliteStoreReadOnly } from "@ostraka/host";
import {
  decode,
  type EntryRecord,
  EntryRecordSchema,
  LEDGERS,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  OstrakaError,
  SealedHeadSchema,
} from "@ostraka/proto";
import { pathsOf, readMeshFile } from "../mesh-dir.ts";
import type { LedgerSource, SealedLedger } from "./export-source.ts";
import { claimsOf } from "./head-claims.ts";

/**
 * The stores of a data directory as a source.
 * @throws OstrakaError OSTRAKA_NOT_FOUND when none holds a ledger under a sealed head.
 */
export function openStoreSource(dir: string): LedgerSource {
  const paths = readMeshFile(dir).coordinators.map(({ name }) =>
    join(pathsOf(dir).coordinator(name), "state.sqlite"),
  );
  const furthest = new Map<LedgerId, SealedLedger & { readonly path: string }>();
  for (const path of paths.filter((stored) => existsSync(stored))) {
    for (const [ledger, stored] of readStore(path)) {
      const known = furthest.get(ledger);
      if (known === undefined || positionOf(stored) > positionOf(known))
        furthest.set(ledger, { ...stored, path });
    }
  }
  if (furthest.size < LEDGERS.length) {
    throw new OstrakaError(
      "OSTRAKA_NOT_FOUND",
      `no coordinator of ${dir} has stored both ledgers sealed yet: start the mesh first`,
    );
  }
  const name = [...new Set([...furthest.values()].map(({ path }) => path))].join(" and ");
  return { name, read: async (ledger) => furthest.get(ledger) as SealedLedger };
}

function positionOf({ sealed }: SealedLedger): number {
  return claimsOf(sealed)?.position ?? 0;
}

/** One snapshot of a store: both ledgers as of the same moment. */
export function readStore(path: string): Map<LedgerId, SealedLedger> {
  const store = openSqliteStoreReadOnly(path);
  try {
    const ledgers = new Map<LedgerId, SealedLedger>();
    for (const ledger of LEDGERS) {
      const stored = readLedger(store, ledger);
      if (stored !== undefined) ledgers.set(ledger, stored);
    }
    return ledgers;
  } finally {
    store.close();
  }
}

function readLedger(store: Store, ledger: LedgerId): SealedLedger | undefined {
  const letter = ledgerLetter(ledger);
  const bytes = store.get(`sealed-latest/${letter}`);
  const sealed = bytes && decode(SealedHeadSchema, bytes, LIMITS.messageBytesMax);
  const claims = sealed && claimsOf(sealed);
  if (sealed === undefined || claims === undefined) return undefined;
  const records: EntryRecord[] = [];
  for (const [key, value] of store.scan(`record/${letter}/`)) {
    if (key > `record/${letter}/${orderedKey(claims.index)}`) break;
    const record = decode(EntryRecordSchema, value, LIMITS.messageBytesMax);
    if (record === undefined) return undefined;
    records.push(record);
  }
  return { sealed, records };
}
