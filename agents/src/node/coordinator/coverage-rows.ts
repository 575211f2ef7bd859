// The receipts that a coverage claim's root is over, kept beside the ledger by the coordinator that
// claimed it: `claimed/ROOT` names them in order, `claimed-receipt/LEAF` holds each once. Owns
// those rows and how they are read.

import {
  type Bytes,
  type Crypto,
  concat,
  decode,
  type Envelope,
  EnvelopeSchema,
  encode,
  hex,
  LIMITS,
} from "@ostraka/proto";
import type { Store, Write } from "../../kernel/index.ts";
import type { TakenReceipt } from "./receipt-book.ts";
import { receiptLeaf } from "./receipts-root.ts";

const HASH_BYTES = 32;
const TIME_BYTES = 8;

/** Rows of a claim: the time it was made, then the leaf of each receipt in order. */
export function claimRows(
  crypto: Crypto,
  root: Bytes,
  receipts: readonly TakenReceipt[],
  nowMs: number,
): Write[] {
  const time = new Uint8Array(TIME_BYTES);
  new DataView(time.buffer).setBigUint64(0, BigInt(nowMs));
  const leaves = receipts.map((taken) => ({ taken, leaf: receiptLeaf(crypto, taken) }));
  return [
    { key: `claimed/${hex(root)}`, value: concat(time, ...leaves.map(({ leaf }) => leaf)) },
    ...leaves.map(({ taken, leaf }) => ({
      key: `claimed-receipt/${hex(leaf)}`,
      value: encode(EnvelopeSchema, taken.envelope),
    })),
  ];
}

/** Receipts under a root from a place on, in its order; `count` is how many leaves it has. */
export function claimedReceipts(
  store: Store,
  root: Uint8Array,
  from: number,
  most: number,
): { readonly receipts: readonly Envelope[]; readonly count: number } {
  const named = store.get(`claimed/${hex(root)}`);
  if (named === undefined) return { receipts: [], count: 0 };
  const count = (named.length - TIME_BYTES) / HASH_BYTES;
  const receipts: Envelope[] = [];
  for (let i = from; i < Math.min(count, from + most); i++) {
    const at = TIME_BYTES + i * HASH_BYTES;
    const bytes = store.get(`claimed-receipt/${hex(named.subarray(at, at + HASH_BYTES))}`);
    const receipt = bytes && decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
    if (receipt === undefined) return { receipts: [], count };
    receipts.push(receipt);
  }
  return { receipts, count };
}

/** Deletes claims made before a time, and the receipts that no claim names any more. */
export function pruneClaims(store: Store, beforeMs: number): Write[] {
  const kept = new Set<string>();
  const writes: Write[] = [];
  for (const [key, named] of store.scan("claimed/")) {
    const madeMs = Number(new DataView(named.buffer, named.byteOffset).getBigUint64(0));
    if (madeMs < beforeMs) {
      writes.push({ key });
      continue;
    }
    for (let at = TIME_BYTES; at < named.length; at += HASH_BYTES) {
      kept.add(hex(named.subarray(at, at + HASH_BYTES)));
    }
  }
  if (writes.length === 0) return [];
  for (const [key] of store.scan("claimed-receipt/")) {
    if (!kept.has(key.slice("claimed-receipt/".length))) writes.push({ key });
  }
  return writes;
}
