// The newest of a coordinator's own heads that a majority is known to have sealed, out of its
// store: where it goes back to when it must leave its history. Owns that rule; reads rows only and
// never believes a head that is not byte for byte its own.

import { equalBytes } from "@ostraka/proto";
import { decodeHead } from "../../kernel/index.ts";
import type { LaneRows } from "./lane-rows.ts";

/** Indices looked at, from the newest: a history that is left is a few messages long. */
const LOOKS_MAX = 1_000;

/** Position of that head; 0 when the copy is whole and none is known; else `undefined`. */
export function agreedPosition(
  rows: LaneRows,
  latestIndex: number,
  snapshotPosition: number | undefined,
): number | undefined {
  const least = Math.max(0, latestIndex - LOOKS_MAX);
  for (let index = latestIndex; index >= least; index--) {
    const sealed = rows.sealedAt(index);
    const head = sealed && decodeHead(sealed.head);
    if (sealed === undefined || head === undefined) continue;
    const position = Number(head.position);
    const own = rows.get("head", position);
    if (own !== undefined && equalBytes(own, sealed.head)) return position;
  }
  if (snapshotPosition !== undefined) return snapshotPosition;
  return (rows.first("journal") ?? 1) === 1 ? 0 : undefined;
}
