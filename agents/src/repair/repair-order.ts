// The operators' order to open the next generation of a damaged journal. Owns who may give it: one
// operator where the promises agree, two holders where one of several histories is to be kept.

import {
  type Bytes,
  type Crypto,
  type Envelope,
  isReject,
  LEDGERS,
  type LedgerId,
  LIMITS,
  type Reject,
  RepairOrderSchema,
  reject,
} from "@ostraka/proto";
import { type MeshView, openCommand } from "../kernel/index.ts";

/** Choosing between two histories may give up what one of them has sealed: never one key's. */
const CHOOSERS = 2;
const HASH_BYTES = 32;
/** The first generation needs no order. */
const GENERATION_MIN = 2;

export interface OpenedOrder {
  /** SHA-256 of the order's bytes, as promises name it. */
  readonly id: Bytes;
  readonly ledger: LedgerId;
  readonly generation: number;
  readonly notAfterMs: number;
  /** SHA-256 of the head to keep, where people have chosen. */
  readonly keepHeadHash: Bytes | undefined;
  readonly envelope: Envelope;
}

/** Opens an order. @param nowMs a clock that it must not have expired by. */
export function openOrder(
  crypto: Crypto,
  view: MeshView,
  envelope: Envelope | undefined,
  nowMs: number,
): OpenedOrder | Reject {
  const opened = openCommand(crypto, view, "repair", RepairOrderSchema, envelope);
  if (isReject(opened)) return opened;
  const { command: order } = opened;
  const ledger = LEDGERS.find((known) => known === order.ledger);
  const hasChosen = order.keepHeadHash.length > 0;
  if (ledger === undefined || (hasChosen && order.keepHeadHash.length !== HASH_BYTES)) {
    return reject("malformed");
  }
  if (order.generation < GENERATION_MIN) return reject("generation-not-next");
  const lastsMs = order.notAfterMs - order.createdMs;
  if (lastsMs < 0n || lastsMs > BigInt(LIMITS.notAfterMsMax)) return reject("not-after-too-far");
  if (order.notAfterMs <= BigInt(nowMs)) return reject("expired");
  if (hasChosen && opened.holders.length < CHOOSERS) return reject("threshold-short");
  return {
    id: crypto.sha256(opened.body),
    ledger,
    generation: order.generation,
    notAfterMs: Number(order.notAfterMs),
    keepHeadHash: hasChosen ? order.keepHeadHash : undefined,
    envelope: envelope as Envelope,
  };
}
