// Puts a machine where a snapshot was made: entries, roster and policies from the stored records,
// everything else from the snapshot. Never trusts either: the head that was signed there must fit
// both (I3).

import {
  type Crypto,
  decode,
  EntryRecordSchema,
  EntrySchema,
  encode,
  equalBytes,
  type Head,
  HeadSchema,
  LIMITS,
} from "@ostraka/proto";
import { BinaryReader } from "../../kernel/index.ts";
import type { Mesh } from "../mesh.ts";
import type { JournalMachine } from "./journal-machine.ts";

export interface RestoreParts {
  readonly crypto: Crypto;
  /** The head at the snapshot's position. */
  readonly head: Head;
  readonly snapshot: Uint8Array;
  /** Encoded EntryRecords of the machine's own ledger from index 1 on, in order. */
  readonly records: Iterable<Uint8Array>;
  /** Those of the control ledger; the same for its own machine. */
  readonly controlRecords: Iterable<Uint8Array>;
}

/**
 * Restores a fresh machine.
 * @returns what does not fit, in words: the machine is then of no use.
 */
export function restore(
  machine: JournalMachine & { readonly mesh: Mesh },
  { crypto, head, snapshot, records, controlRecords }: RestoreParts,
): string | undefined {
  if (!equalBytes(crypto.sha256(snapshot), head.stateDigest)) {
    return "the snapshot is not the one that its head names";
  }
  const last = Number(head.index);
  for (const bytes of records) {
    if (machine.book.index === last) break;
    const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    if (record === undefined) return `record ${machine.book.index + 1} cannot be read`;
    machine.book.recall(record.entry);
  }
  if (machine.book.index !== last || !equalBytes(machine.book.root(), head.root)) {
    return `the records up to ${last} do not make the root of the head`;
  }
  const lastControl = Number(head.controlIndex);
  for (const bytes of controlRecords) {
    if (machine.mesh.controlIndex === lastControl) break;
    const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    const entry = record && decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
    if (entry === undefined || Number(entry.index) !== machine.mesh.controlIndex + 1) {
      return `control record ${machine.mesh.controlIndex + 1} cannot be read`;
    }
    machine.mesh.apply(entry);
  }
  if (machine.mesh.controlIndex !== lastControl) return `control records end before ${lastControl}`;
  machine.load(new BinaryReader(snapshot));
  machine.resumeAt(encode(HeadSchema, head));
  return equalBytes(machine.book.active.digest(), head.activeSetDigest) &&
    machine.point.position === Number(head.position)
    ? undefined
    : "the snapshot holds another active set than its head names";
}
