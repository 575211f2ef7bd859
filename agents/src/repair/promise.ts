// A coordinator's promise to sign nothing more of a ledger below a generation, with its last head
// there. Owns its shape; what a set of promises amounts to is `choose-head.ts`.

import {
  type Bytes,
  type Crypto,
  decode,
  type Envelope,
  equalBytes,
  isReject,
  LEDGERS,
  type LedgerId,
  LIMITS,
  openEnvelope,
  PromiseSchema,
  type Reject,
  reject,
} from "@ostraka/proto";
import { decodeHead, FORMAT, type MeshView } from "../kernel/index.ts";
import type { PromisedHead } from "./choose-head.ts";

export interface OpenedPromise {
  readonly coordinatorKey: Bytes;
  readonly ledger: LedgerId;
  readonly generation: number;
  readonly orderId: Bytes;
  /** Absent from who has lost its store: that one does not count. */
  readonly last: PromisedHead | undefined;
  readonly envelope: Envelope;
}

export function openPromise(
  crypto: Crypto,
  view: MeshView,
  envelope: Envelope | undefined,
): OpenedPromise | Reject {
  const opened = openEnvelope(crypto, view.mesh, "promise", envelope, view.findHolder);
  if (isReject(opened)) return opened;
  const promise = decode(PromiseSchema, opened.body, LIMITS.envelopeBodyBytesMax);
  const key = envelope?.signatures[0]?.key;
  if (promise === undefined || key === undefined || envelope?.signatures.length !== 1) {
    return reject("malformed");
  }
  if (promise.format !== FORMAT) return reject("unsupported-format");
  const ledger = LEDGERS.find((known) => known === promise.ledger);
  if (ledger === undefined || !equalBytes(promise.coordinatorKey, key)) return reject("malformed");
  const last = promise.lastHead.length === 0 ? undefined : headOf(key, promise.lastHead);
  const isOfLedger = last === undefined || last.head.ledger === ledger;
  const isBelow = last === undefined || last.head.generation < promise.generation;
  if (promise.lastHead.length > 0 && last === undefined) return reject("malformed");
  if (!isOfLedger || !isBelow) return reject("malformed");
  return {
    coordinatorKey: key,
    ledger,
    generation: promise.generation,
    orderId: promise.orderId,
    last,
    envelope,
  };
}

function headOf(key: Bytes, bytes: Bytes): PromisedHead | undefined {
  const head = decodeHead(bytes);
  return head && { coordinatorKey: key, head, bytes };
}
