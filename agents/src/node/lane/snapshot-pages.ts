// Pieces of a coordinator's newest sealed snapshot, for another coordinator that has lost its own.
// Owns the question and the answer; whoever asks trusts neither before the seals on the head and
// the digest in it fit.

import {
  type Bytes,
  encodeNew,
  type LedgerId,
  LIMITS,
  ResyncRequestSchema,
  ResyncResponseSchema,
} from "@ostraka/proto";
import type { LaneRows } from "./lane-rows.ts";
import type { SnapshotShelf } from "./snapshot-shelf.ts";

/** Asks for the snapshot from a byte on. @param position of the one begun with; 0 = the newest. */
export function snapshotRequest(
  ledger: LedgerId,
  ownKey: Bytes,
  from: number,
  position: number,
): Bytes {
  const want = { case: "snapshotFrom", value: BigInt(from) } as const;
  const headPosition = BigInt(position);
  return encodeNew(ResyncRequestSchema, { format: 1, ledger, want, hostKey: ownKey, headPosition });
}

/** The piece asked for; `undefined` when there is no such snapshot. */
export function snapshotPage(
  rows: LaneRows,
  shelf: SnapshotShelf,
  from: number,
  position: number,
): Bytes | undefined {
  const at = position === 0 ? shelf.newestSealed() : position;
  if (at === undefined || !shelf.has(at)) return undefined;
  const head = rows.sealedSnapshot(at);
  const bytes = rows.get("snapshot", at);
  if (head === undefined || bytes === undefined || from > bytes.length) return undefined;
  return encodeNew(ResyncResponseSchema, {
    format: 1,
    head,
    snapshot: bytes.subarray(from, from + LIMITS.pageBytesMax),
    snapshotBytes: BigInt(bytes.length),
  });
}
