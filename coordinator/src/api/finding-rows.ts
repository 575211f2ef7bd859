// Brings a store of an earlier release up to date: its entries get the rows by which they are
// found. Runs ONCE a store; a store that this release began has them from the start.

import type { Write } from "@ostraka/agents/kernel";
import { findingRows, ROWS_WHOLE_KEY } from "@ostraka/agents/node";
import type { SqliteStore } from "@ostraka/host";
import {
  type Crypto,
  decode,
  EntryRecordSchema,
  EntrySchema,
  LEDGERS,
  LIMITS,
  ledgerLetter,
  utf8,
} from "@ostraka/proto";

/** Rows of one transaction. */
const ROWS_AT_ONCE = 1_000;
const LAYOUT = utf8("1");

/** Makes what is missing. @throws OstrakaError OSTRAKA_STORE. */
export function completeFindingRows(
  store: Pick<SqliteStore, "get" | "scan" | "write">,
  crypto: Pick<Crypto, "sha256">,
): void {
  if (store.get(ROWS_WHOLE_KEY) !== undefined) return;
  let waiting: Write[] = [];
  for (const ledger of LEDGERS) {
    const prefix = `record/${ledgerLetter(ledger)}/`;
    for (const [key, bytes] of store.scan(prefix)) {
      const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
      const entry = record && decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
      // What cannot be read is found by nobody; who reads it by its index is told.
      if (entry === undefined) continue;
      waiting.push(...findingRows(crypto, ledger, Number(key.slice(prefix.length)), entry));
      if (waiting.length < ROWS_AT_ONCE) continue;
      store.write(waiting);
      waiting = [];
    }
  }
  // LAST: a crash before it begins again, and the same rows are the same.
  store.write([...waiting, { key: ROWS_WHOLE_KEY, value: LAYOUT }]);
}
