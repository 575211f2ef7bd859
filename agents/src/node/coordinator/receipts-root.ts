// What hosts' receipts say about one verdict, and the RFC 9162 root over them by host key. Used by
// coordinators when they count and claim, and by whoever shows a receipt under a claim's root.

import {
  type Bytes,
  type Crypto,
  compareBytes,
  EnvelopeSchema,
  encode,
  equalBytes,
  Ledger,
  type LedgerId,
  leafHash,
  MerkleTree,
  type Receipt,
  type Scope,
} from "@ostraka/proto";
import type { HostMember, MeshView } from "../../kernel/index.ts";
import type { ReceiptBook, TakenReceipt } from "./receipt-book.ts";

/** A verdict as receipts speak of it. */
export interface ReceiptedVerdict {
  readonly id: Bytes;
  readonly ledger: LedgerId;
  readonly index: number;
  /** Hosts and labels that it is limited to; none = every host. */
  readonly scope: Pick<Scope, "hosts" | "labels">;
}

export interface CountedReceipts {
  /** Receipts of the hosts that have shown the verdict and do not except it, by host key. */
  readonly covered: readonly TakenReceipt[];
  /** Sorted by key. */
  readonly missing: readonly HostMember[];
  /** How many of the missing have applied it and say that they do not enforce it. */
  readonly excepted: number;
}

/** Whether a host lies within a scope. */
export function isWithin(host: HostMember, { hosts, labels }: ReceiptedVerdict["scope"]): boolean {
  const isNamed = hosts.length === 0 || hosts.includes(host.name);
  return isNamed && labels.every((label) => host.labels.includes(label));
}

/** Counts the hosts of a verdict that have shown it. @param among which of them are asked. */
export function countReceipts(
  view: MeshView,
  receipts: Pick<ReceiptBook, "of">,
  verdict: ReceiptedVerdict,
  among: (host: HostMember) => boolean = () => true,
): CountedReceipts {
  const asked = [...view.hosts()]
    .filter((host) => isWithin(host, verdict.scope) && among(host))
    .sort((a, b) => compareBytes(a.key, b.key));
  const covered: TakenReceipt[] = [];
  const missing: HostMember[] = [];
  let excepted = 0;
  for (const host of asked) {
    const taken = receipts.of(host.key);
    const isPast = taken !== undefined && indexIn(taken.receipt, verdict.ledger) >= verdict.index;
    const isExcepted = isPast && doesExcept(taken.receipt, verdict.id);
    if (isExcepted) excepted++;
    if (taken !== undefined && isPast && !isExcepted) covered.push(taken);
    else missing.push(host);
  }
  return { covered, missing, excepted };
}

/** RFC 9162 root over receipts' envelopes, in their order. */
export function receiptsRoot(crypto: Crypto, receipts: readonly TakenReceipt[]): Bytes {
  const tree = new MerkleTree(crypto);
  for (const taken of receipts) tree.append(receiptLeaf(crypto, taken));
  return tree.root();
}

export function receiptLeaf(crypto: Crypto, { envelope }: Pick<TakenReceipt, "envelope">): Bytes {
  return leafHash(crypto, encode(EnvelopeSchema, envelope));
}

function indexIn(receipt: Receipt, ledger: LedgerId): number {
  return Number(ledger === Ledger.CONTROL ? receipt.controlIndex : receipt.signalsIndex);
}

/** An exception without an id stands for more than the receipt could name. */
function doesExcept(receipt: Receipt, id: Bytes): boolean {
  return receipt.exceptions.some(
    ({ revocationId }) => revocationId.length === 0 || equalBytes(revocationId, id),
  );
}
