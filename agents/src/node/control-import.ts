// Makes a control import: sealed control entries above an index, ending exactly at a sealed head.

import { create } from "@bufbuild/protobuf";
import {
  type Bytes,
  ControlImportSchema,
  decode,
  type EntryRecord,
  EntryRecordSchema,
  encode,
  LIMITS,
  type SealedHead,
  SealedHeadSchema,
} from "@ostraka/proto";
import { orderedKey, type Store } from "../kernel/index.ts";
import type { Sealed } from "../sealer/index.ts";

/**
 * The import that follows control index `from`, as large as one message may be.
 * @param latest the newest sealed head, which may not be in the store yet.
 */
export function makeImport(
  store: Store,
  coordinatorKey: Bytes,
  from: number,
  latest: Sealed | undefined,
): { readonly body: Bytes; readonly index: number } | undefined {
  const pending: EntryRecord[] = [];
  let complete: { records: EntryRecord[]; head: SealedHead; index: number } | undefined;
  let size = 0;
  const start = `record/c/${orderedKey(from + 1)}`;
  for (const [key, bytes] of store.scan("record/c/", start, LIMITS.importRecordsMax)) {
    const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    size += bytes.length;
    if (record === undefined || size > LIMITS.importBytesMax) break;
    pending.push(record);
    const index = Number(key.slice(-16));
    const head = index === Number(latest?.head.index) ? latest?.sealed : headAt(store, index);
    if (head !== undefined) complete = { records: [...pending], head, index };
  }
  if (complete === undefined) return undefined;
  const { records, head, index } = complete;
  const message = create(ControlImportSchema, { format: 1, coordinatorKey, records, head });
  return { body: encode(ControlImportSchema, message), index };
}

function headAt(store: Store, index: number): SealedHead | undefined {
  const bytes = store.get(`sealed/c/${orderedKey(index)}`);
  return bytes && decode(SealedHeadSchema, bytes, LIMITS.messageBytesMax);
}
