// The opening of a generation, checked by whoever meets it: machines before they apply it, sidecars
// before they believe it. Owns what can be told from the opening itself; whether its kept head is
// one's own is for whoever has the journal.

import {
  type Crypto,
  decode,
  type Envelope,
  equalBytes,
  hex,
  isReject,
  LEDGERS,
  type LedgerId,
  LIMITS,
  type Opening,
  OpeningSchema,
  openEnvelope,
  type Reject,
  reject,
} from "@ostraka/proto";
import { FORMAT, type MeshView } from "../kernel/index.ts";
import { chooseHead, type PromisedHead } from "./choose-head.ts";
import { openPromise } from "./promise.ts";
import { openOrder } from "./repair-order.ts";

export interface CheckedOpening {
  readonly opening: Opening;
  readonly ledger: LedgerId;
  readonly generation: number;
  /** The head that the generation goes on from. */
  readonly kept: PromisedHead;
  /** Every promised head, the kept one among them. */
  readonly promised: readonly PromisedHead[];
  /** Whether two holders chose the head: the others need not lead to it. */
  readonly isChosen: boolean;
}

/** Opens the message of an opening, signed by a coordinator, and checks it. */
export function readOpening(
  crypto: Crypto,
  view: MeshView,
  envelope: Envelope | undefined,
  nowMs: number,
): CheckedOpening | Reject {
  const opened = openEnvelope(crypto, view.mesh, "opening", envelope, view.findHolder);
  if (isReject(opened)) return opened;
  const opening = decode(OpeningSchema, opened.body, LIMITS.envelopeBodyBytesMax);
  return opening === undefined ? reject("malformed") : checkOpening(crypto, view, opening, nowMs);
}

/** Checks order, promises and majority. @param nowMs machine time where it is met. */
export function checkOpening(
  crypto: Crypto,
  view: MeshView,
  opening: Opening,
  nowMs: number,
): CheckedOpening | Reject {
  if (opening.format !== FORMAT) return reject("unsupported-format");
  const ledger = LEDGERS.find((known) => known === opening.ledger);
  if (ledger === undefined) return reject("malformed");
  const order = openOrder(crypto, view, opening.order, nowMs);
  if (isReject(order)) return order;
  if (order.ledger !== ledger || order.generation !== opening.generation) {
    return reject("malformed");
  }
  if (opening.promises.length > LIMITS.signaturesMax) return reject("too-many-signatures");
  const promised: PromisedHead[] = [];
  const seen = new Set<string>();
  for (const envelope of opening.promises) {
    const promise = openPromise(crypto, view, envelope);
    if (isReject(promise)) return promise;
    const isOfOrder = promise.ledger === ledger && promise.generation === opening.generation;
    if (!isOfOrder || !equalBytes(promise.orderId, order.id)) return reject("malformed");
    const key = hex(promise.coordinatorKey);
    if (seen.has(key)) return reject("duplicate");
    seen.add(key);
    if (promise.last !== undefined) promised.push(promise.last);
  }
  const { keepHeadHash } = order;
  const isKept =
    keepHeadHash && ((bytes: Uint8Array) => equalBytes(crypto.sha256(bytes), keepHeadHash));
  const choice = chooseHead(promised, view.coordinatorKeys().length, isKept);
  if (choice.kind === "short") return reject("promises-short");
  if (choice.kind === "contradict") return reject("promises-contradict");
  const { generation } = opening;
  return {
    opening,
    ledger,
    generation,
    kept: choice.kept,
    promised,
    isChosen: isKept !== undefined,
  };
}
