// The next piece of a streaming export: entries of both ledgers by machine time, each ledger in its
// own order, a bounded batch at a time, as lines of one of the formats.

import { EntryRecordSchema, encode, Ledger, type LedgerId } from "@ostraka/proto";
import { entryJson } from "./entry-json.ts";
import type { LedgerWalk, WalkedEntry } from "./ledger-walk.ts";
import { ocsfEvents } from "./ocsf.ts";

export const EXPORT_FORMATS = ["jsonl", "ocsf"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const BATCH_ENTRIES_MAX = 100;
const BATCH_BYTES_MAX = 1_000_000;

/** Indices of both ledgers up to which something has been done. */
export interface Reached {
  readonly c: number;
  readonly s: number;
}

export interface Batch {
  readonly from: Reached;
  readonly to: Reached;
  /** Each with its line feed; may be empty where a format has no place for the entries. */
  readonly lines: readonly string[];
}

/** Both ledgers by machine time, each in its own order. */
export function byTime(a: WalkedEntry, b: WalkedEntry): number {
  const difference = Number(a.entry.machineTimeMs - b.entry.machineTimeMs);
  return difference !== 0 ? difference : a.ledger - b.ledger || a.index - b.index;
}

/** What comes after; `undefined` when nothing does. */
export function nextBatch(
  walk: LedgerWalk,
  from: Reached,
  format: ExportFormat,
): Batch | undefined {
  const ahead = [...after(walk, Ledger.CONTROL, from.c), ...after(walk, Ledger.SIGNALS, from.s)];
  const taken: WalkedEntry[] = [];
  let bytes = 0;
  for (const walked of ahead.sort(byTime).slice(0, BATCH_ENTRIES_MAX)) {
    bytes += walked.record.entry.length;
    if (taken.length > 0 && bytes > BATCH_BYTES_MAX) break;
    taken.push(walked);
  }
  if (taken.length === 0) return undefined;
  const to = { c: lastOf(taken, Ledger.CONTROL, from.c), s: lastOf(taken, Ledger.SIGNALS, from.s) };
  return batchBetween(walk, from, to, format);
}

/** The batch of these bounds: the same lines whenever it is made again. */
export function batchBetween(
  walk: LedgerWalk,
  from: Reached,
  to: Reached,
  format: ExportFormat,
): Batch {
  const entries = [
    ...after(walk, Ledger.CONTROL, from.c, to.c),
    ...after(walk, Ledger.SIGNALS, from.s, to.s),
  ].sort(byTime);
  const lines = entries.flatMap((walked) => linesOf(walk, walked, format));
  return { from, to, lines };
}

function linesOf(walk: LedgerWalk, walked: WalkedEntry, format: ExportFormat): string[] {
  const values = format === "ocsf" ? ocsfEvents(walk, walked) : [jsonOf(walk, walked)];
  return values.map(lineText);
}

/** A value as one line. */
export function lineText(value: object): string {
  return `${JSON.stringify(value, plainValue)}\n`;
}

/** With the record itself, so that whoever receives it can check it by the rules. */
function jsonOf(walk: LedgerWalk, walked: WalkedEntry): object {
  const record = Buffer.from(encode(EntryRecordSchema, walked.record)).toString("base64");
  return { ...entryJson(walk, walked), record };
}

/** Ids in hex, whole numbers of 64 bits as numbers. */
function plainValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}

/** A batch's worth of entries above an index is enough: what lies further is of a later one. */
function after(
  walk: LedgerWalk,
  ledger: LedgerId,
  index: number,
  last = index + BATCH_ENTRIES_MAX,
): WalkedEntry[] {
  const entries: WalkedEntry[] = [];
  for (let i = index + 1; i <= last; i++) {
    const walked = walk.entryAt(ledger, i);
    if (walked === undefined) break;
    entries.push(walked);
  }
  return entries;
}

function lastOf(taken: readonly WalkedEntry[], ledger: LedgerId, before: number): number {
  return taken.findLast((walked) => walked.ledger === ledger)?.index ?? before;
}
