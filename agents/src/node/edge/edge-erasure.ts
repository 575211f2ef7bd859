// Carries out an erasure at a sidecar: the private parts beside its stored control records go. A
// verdict in force keeps its own until it is over, and then its record goes whole.

import {
  decode,
  type EntryRecord,
  EntryRecordSchema,
  EntrySchema,
  encode,
  hex,
  LIMITS,
} from "@ostraka/proto";
import type { Store, Write } from "../../kernel/index.ts";
import { commitmentsOf } from "../privates-fit.ts";

/**
 * The writes that take private parts away.
 * @param pending writes of the same transaction, which are not in the store yet.
 */
export function erasedRows(
  store: Store,
  pending: readonly Write[],
  commitments: readonly Uint8Array[],
): Write[] {
  const erased = new Set(commitments.map(hex));
  const writes: Write[] = [];
  const look = (key: string, bytes: Uint8Array) => {
    const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    if (record === undefined || record.privates.length === 0 || !names(record, erased)) return;
    writes.push({ key, value: encode(EntryRecordSchema, { ...record, privates: [] }) });
  };
  for (const [key, bytes] of store.scan("control/")) look(key, bytes);
  for (const { key, value } of pending) {
    if (key.startsWith("control/") && value !== undefined) look(key, value);
  }
  return writes;
}

function names(record: EntryRecord, erased: ReadonlySet<string>): boolean {
  const entry = decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
  return entry !== undefined && (commitmentsOf(entry) ?? []).some((c) => erased.has(hex(c)));
}
