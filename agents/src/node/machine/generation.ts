// Whether a message opens the next generation of a journal right here: the same answer for the
// machine that applies it and for the node that asks beforehand. Pure: knows no store.

import {
  type Bytes,
  type Crypto,
  equalBytes,
  isReject,
  type JournalMessage,
  type LedgerId,
  type Reject,
  reject,
} from "@ostraka/proto";
import type { MeshView } from "../../kernel/index.ts";
import type { JournalPoint } from "../../ledger/index.ts";
import { type CheckedOpening, readOpening } from "../../repair/index.ts";

/** Where the machine stands that would apply it. */
export interface OpeningPlace {
  readonly ledger: LedgerId;
  /** Last message applied. */
  readonly point: JournalPoint;
  /** The own last head. */
  readonly lastHead: Bytes | undefined;
}

/** The opening that may be applied at a place as the next message, or why none may. */
export function openingAt(
  crypto: Crypto,
  view: MeshView,
  { envelope, signals, privates }: JournalMessage,
  { ledger, point, lastHead }: OpeningPlace,
): CheckedOpening | Reject {
  if (signals.length > 0 || privates.length > 0) return reject("malformed");
  const checked = readOpening(crypto, view, envelope, point.machineTimeMs);
  if (isReject(checked)) return checked;
  if (checked.ledger !== ledger) return reject("malformed");
  if (checked.generation <= point.generation) return reject("generation-not-next");
  // I3: it goes on from the very head that is ours, at the very position that we have applied.
  const { head, bytes } = checked.kept;
  const isOurs = lastHead !== undefined && equalBytes(bytes, lastHead);
  const isHere = isOurs && head.position === BigInt(point.position);
  return isHere ? checked : reject("promises-contradict");
}
