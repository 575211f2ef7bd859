// Makes a control import: sealed control entries above an index, as many as one message may carry,
// proven to be a prefix of what the newest sealed head commits.

import { create } from "@bufbuild/protobuf";
import {
  type Bytes,
  ControlImportSchema,
  decode,
  type EntryRecord,
  EntryRecordSchema,
  encode,
  LIMITS,
} from "@ostraka/proto";
import { orderedKey, type Store } from "../../kernel/index.ts";
import type { LedgerBook } from "../../ledger/index.ts";
import type { Sealed } from "../../sealer/index.ts";

/**
 * The import that follows control index `from`; `undefined` when nothing sealed does.
 * @param book the control ledger, for the proof.
 */
export function makeImport(
  store: Store,
  book: LedgerBook,
  coordinatorKey: Bytes,
  from: number,
  { head, sealed }: Sealed,
): { readonly body: Bytes; readonly index: number } | undefined {
  const records: EntryRecord[] = [];
  let size = 0;
  const sealedIndex = Number(head.index);
  const start = `record/c/${orderedKey(from + 1)}`;
  for (const [key, bytes] of store.scan("record/c/", start, LIMITS.importRecordsMax)) {
    const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    size += bytes.length;
    // The first one goes however large it is: what came after it would wait for ever.
    const isFull = records.length > 0 && size > LIMITS.importBytesMax;
    if (record === undefined || isFull || Number(key.slice(-16)) > sealedIndex) break;
    records.push(record);
  }
  const index = from + records.length;
  // A replica that lags behind the head cannot prove anything about it yet.
  if (records.length === 0 || book.index < sealedIndex) return undefined;
  const consistency = index === sealedIndex ? [] : book.consistencyPath(index, sealedIndex);
  const message = { format: 1, coordinatorKey, records, head: sealed, consistency };
  return { body: encode(ControlImportSchema, create(ControlImportSchema, message)), index };
}
