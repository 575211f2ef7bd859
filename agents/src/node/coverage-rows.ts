// The receipts that a coverage claim's root is over, kept beside the ledger by the coordinator that
// claimed it: `claimed/ROOT` names them in order, `claimed-receipt/LEAF` holds each once. Owns
// those rows and the proof that is read out of them.

import {
  type Bytes,
  type Crypto,
  concat,
  decode,
  type Envelope,
  EnvelopeSchema,
  encode,
  equalBytes,
  hex,
  LIMITS,
  MerkleTree,
} from "@ostraka/proto";
import type { Store, Write } from "../kernel/index.ts";
import type { TakenReceipt } from "./receipt-book.ts";
import { receiptLeaf } from "./receipts-root.ts";

const HASH_BYTES = 32;
const TIME_BYTES = 8;

/** A host's receipt under the root of a coverage certificate. */
export interface ReceiptProof {
  readonly receipt: Envelope;
  /** Its place among `size` leaves, and RFC 9162 path. */
  readonly index: number;
  readonly size: number;
  readonly path: readonly Bytes[];
}

/** Rows of a claim: the time it was made, then host key and leaf of each receipt in order. */
export function claimRows(
  crypto: Crypto,
  root: Bytes,
  receipts: readonly TakenReceipt[],
  nowMs: number,
): Write[] {
  const time = new Uint8Array(TIME_BYTES);
  new DataView(time.buffer).setBigUint64(0, BigInt(nowMs));
  const leaves = receipts.map((taken) => ({ taken, leaf: receiptLeaf(crypto, taken) }));
  const named = leaves.flatMap(({ taken, leaf }) => [taken.receipt.hostKey, leaf]);
  return [
    { key: `claimed/${hex(root)}`, value: concat(time, ...named) },
    ...leaves.map(({ taken, leaf }) => ({
      key: `claimed-receipt/${hex(leaf)}`,
      value: encode(EnvelopeSchema, taken.envelope),
    })),
  ];
}

/** Shows a host's receipt under a root; `undefined` where this store has not claimed it so. */
export function proveReceipt(
  crypto: Crypto,
  store: Store,
  root: Uint8Array,
  hostKey: Uint8Array,
): ReceiptProof | undefined {
  const named = store.get(`claimed/${hex(root)}`);
  if (named === undefined) return undefined;
  const tree = new MerkleTree(crypto);
  let index = -1;
  for (let at = TIME_BYTES; at < named.length; at += 2 * HASH_BYTES) {
    if (equalBytes(named.subarray(at, at + HASH_BYTES), hostKey)) index = tree.size;
    tree.append(Uint8Array.from(named.subarray(at + HASH_BYTES, at + 2 * HASH_BYTES)));
  }
  if (index < 0) return undefined;
  const at = TIME_BYTES + index * 2 * HASH_BYTES + HASH_BYTES;
  const bytes = store.get(`claimed-receipt/${hex(named.subarray(at, at + HASH_BYTES))}`);
  const receipt = bytes && decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
  if (receipt === undefined) return undefined;
  return { receipt, index, size: tree.size, path: tree.inclusionPath(index, tree.size) };
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
  const count = (named.length - TIME_BYTES) / (2 * HASH_BYTES);
  const receipts: Envelope[] = [];
  for (let i = from; i < Math.min(count, from + most); i++) {
    const at = TIME_BYTES + i * 2 * HASH_BYTES + HASH_BYTES;
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
    for (let at = TIME_BYTES + HASH_BYTES; at < named.length; at += 2 * HASH_BYTES) {
      kept.add(hex(named.subarray(at, at + HASH_BYTES)));
    }
  }
  if (writes.length === 0) return [];
  for (const [key] of store.scan("claimed-receipt/")) {
    if (!kept.has(key.slice("claimed-receipt/".length))) writes.push({ key });
  }
  return writes;
}
