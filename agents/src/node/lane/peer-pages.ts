// Pages of a coordinator's own journal copy, for another coordinator that misses them. Owns the
// question and the answer; whoever asks checks the chain BEFORE it uses any of it.

import {
  type Bytes,
  encodeNew,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  ResyncRequestSchema,
  ResyncResponseSchema,
} from "@ostraka/proto";
import { orderedKey, type Store } from "../../kernel/index.ts";

/** Asks for what a peer has applied above a position. */
export function journalRequest(ledger: LedgerId, ownKey: Bytes, above: number): Bytes {
  const want = { case: "journalAbove", value: BigInt(above) } as const;
  return encodeNew(ResyncRequestSchema, { format: 1, ledger, want, hostKey: ownKey });
}

/** A page of the own copy above a position; `undefined` when there is nothing to give. */
export function journalPage(store: Store, ledger: LedgerId, above: number): Bytes | undefined {
  const letter = ledgerLetter(ledger);
  const messages: Bytes[] = [];
  let size = 0;
  let next = above + 1;
  const from = `journal/${letter}/${orderedKey(next)}`;
  for (const [key, bytes] of store.scan(`journal/${letter}/`, from, LIMITS.pageRecordsMax)) {
    size += bytes.length;
    const isFull = messages.length > 0 && size > LIMITS.pageBytesMax;
    if (isFull || Number(key.slice(-16)) !== next) break;
    messages.push(bytes);
    next++;
  }
  if (messages.length === 0) return undefined;
  return encodeNew(ResyncResponseSchema, { format: 1, messages });
}
