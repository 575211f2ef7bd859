// What goes when a replica goes back to an earlier position of its own copy: every row above it, in
// one transaction, so that a restart makes the machine that stood there. Never touches what lies at
// or below the position.

import {
  type Bytes,
  type Crypto,
  decode,
  EntryRecordSchema,
  EntrySchema,
  type Head,
  HeadSchema,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  SealedHeadSchema,
} from "@ostraka/proto";
import { orderedKey, type Store, type Write } from "../../kernel/index.ts";
import { findingRows } from "../record-rows.ts";

/** Rows that stand under a journal position. */
const BY_POSITION = ["journal", "head", "snapshot", "snapshot-sealed"] as const;

/**
 * The writes that bring a ledger's own copy back to a position.
 * @param pending what the same transaction writes before them.
 */
export function cutRows(
  crypto: Pick<Crypto, "sha256">,
  store: Store,
  ledger: LedgerId,
  position: number,
  pending: readonly Write[] = [],
): Write[] {
  const letter = ledgerLetter(ledger);
  const now = asWritten(store, pending);
  const rows = (kind: string, from: number) =>
    now.scan(`${kind}/${letter}/`, `${kind}/${letter}/${orderedKey(from)}`);
  const writes: Write[] = [];
  for (const kind of BY_POSITION) {
    for (const [key] of rows(kind, position + 1)) writes.push({ key });
  }
  const index = Number(lastHeadUpTo(now, letter, position)?.index ?? 0n);
  for (const [key, bytes] of rows("record", index + 1)) {
    const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    const entry = record && decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
    if (entry !== undefined) {
      const n = Number(entry.index);
      for (const { key: by } of findingRows(crypto, ledger, n, entry)) writes.push({ key: by });
    }
    writes.push({ key });
  }
  for (const [key] of rows("sealed", index + 1)) writes.push({ key });
  writes.push(...sealedLatest(now, letter, position), ...cursor(now, letter, position));
  return writes;
}

/** The store as it will be once the pending writes are in it. */
function asWritten(store: Store, pending: readonly Write[]): Pick<Store, "get" | "scan"> {
  const written = new Map(pending.map(({ key, value }) => [key, value] as const));
  return {
    get: (key) => (written.has(key) ? written.get(key) : store.get(key)) as Bytes | undefined,
    *scan(prefix, from = prefix) {
      for (const row of store.scan(prefix, from)) if (!written.has(row[0])) yield row;
      for (const [key, value] of written) {
        const isHere = value !== undefined && key.startsWith(prefix) && key >= from;
        if (isHere) yield [key, value as Bytes] as const;
      }
    },
  };
}

/** The newest sealed head stays only if it lies at or below the position. */
function sealedLatest(store: Pick<Store, "get">, letter: string, position: number): Write[] {
  const key = `sealed-latest/${letter}`;
  const bytes = store.get(key);
  const sealed = bytes && decode(SealedHeadSchema, bytes, LIMITS.messageBytesMax);
  const head = sealed && decode(HeadSchema, sealed.head, LIMITS.headBytesMax);
  return head === undefined || head.position <= BigInt(position) ? [] : [{ key }];
}

/** What was sent of the part that goes says nothing of what comes in its place. */
function cursor(store: Pick<Store, "get">, letter: string, position: number): Write[] {
  const key = `published/${letter}`;
  const bytes = store.get(key);
  if (bytes === undefined) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getBigUint64(0) <= BigInt(position)) return [];
  const value = new Uint8Array(8);
  new DataView(value.buffer).setBigUint64(0, BigInt(position));
  return [{ key, value }];
}

function lastHeadUpTo(
  store: Pick<Store, "get">,
  letter: string,
  position: number,
): Head | undefined {
  for (let at = position; at > 0; at--) {
    const bytes = store.get(`head/${letter}/${orderedKey(at)}`);
    if (bytes !== undefined) return decode(HeadSchema, bytes, LIMITS.headBytesMax);
  }
  return undefined;
}
