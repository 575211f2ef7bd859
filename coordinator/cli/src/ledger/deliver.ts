// Delivers what is new of the ledgers to a receiver, batch by batch: at least once, in order, the
// cursor moved only after the receiver has said that it has a batch.

import { setTimeout as delay } from "node:timers/promises";
import { type Crypto, hex, OstrakaError, utf8 } from "@ostraka/proto";
import { refused } from "../failure.ts";
import { type Batch, batchBetween, type ExportFormat, nextBatch } from "./export-batch.ts";
import { type Cursor, headsOf, writeCursor } from "./export-cursor.ts";
import type { Receiver } from "./export-receiver.ts";
import type { LedgerWalk } from "./ledger-walk.ts";

const BACKOFF_MS_MIN = 250;
const BACKOFF_MS_MAX = 30_000;

export interface Delivering {
  readonly crypto: Crypto;
  readonly walk: LedgerWalk;
  readonly receiver: Receiver;
  readonly format: ExportFormat;
  readonly cursorPath: string | undefined;
  /** `performance.now()` after which nothing is tried again; absent = for ever. */
  readonly deadlineMs?: number;
  /** Told before each wait. */
  readonly onWait: (why: string) => void;
}

/**
 * Sends everything that is verified and not yet sent.
 * @returns the cursor after it, and how many lines were sent.
 * @throws OstrakaError OSTRAKA_REFUSED when the receiver says no, OSTRAKA_DEADLINE when it does not
 * take a batch in time; the cursor stays where it was.
 */
export async function deliverNew(
  delivering: Delivering,
  from: Cursor,
): Promise<{ readonly cursor: Cursor; readonly lines: number }> {
  const { walk, format, cursorPath } = delivering;
  let cursor = from;
  let lines = 0;
  for (;;) {
    const { done, pending } = cursor;
    // A batch that was on its way is sent again with the same bounds, and so with the same key.
    const batch =
      pending === undefined
        ? nextBatch(walk, done, format)
        : batchBetween(walk, done, pending, format);
    if (batch === undefined) return { cursor, lines };
    cursor = { ...cursor, pending: batch.to };
    writeCursor(cursorPath, cursor);
    const bytes = await deliver(delivering, cursor, batch);
    const { pending: _sent, ...rest } = cursor;
    cursor = {
      ...rest,
      done: batch.to,
      heads: headsOf(walk),
      ...(bytes === undefined ? {} : { bytes }),
    };
    writeCursor(cursorPath, cursor);
    lines += batch.lines.length;
  }
}

async function deliver(
  delivering: Delivering,
  cursor: Cursor,
  batch: Batch,
): Promise<number | undefined> {
  const { receiver, deadlineMs = Number.POSITIVE_INFINITY, onWait } = delivering;
  if (batch.lines.length === 0) return undefined;
  const key = keyOf(delivering.crypto, cursor, batch);
  for (let backoffMs = BACKOFF_MS_MIN; ; backoffMs = Math.min(2 * backoffMs, BACKOFF_MS_MAX)) {
    const delivery = await receiver.deliver(
      batch.lines,
      key,
      cursor.bytes,
      deadlineMs - performance.now(),
    );
    if (delivery.state === "taken") return delivery.bytes;
    const upTo = `c:${batch.to.c} and s:${batch.to.s}`;
    if (delivery.state === "refused") {
      throw refused(
        `${receiver.name} does not take the entries up to ${upTo}: ${delivery.why}. ` +
          "Mend it there and run this again: it goes on where it was",
      );
    }
    const waitMs = delivery.afterMs ?? backoffMs;
    if (performance.now() + waitMs > deadlineMs) {
      throw new OstrakaError(
        "OSTRAKA_DEADLINE",
        `${receiver.name} has not taken the entries up to ${upTo} (${delivery.why}): ` +
          "run this again, it goes on where it was",
      );
    }
    onWait(`${receiver.name}: ${delivery.why}; the same batch goes again in ${waitMs / 1000} s`);
    await delay(waitMs);
  }
}

/** The same for the same entries of one mesh in one format. */
function keyOf(crypto: Crypto, { mesh, format }: Cursor, { from, to }: Batch): string {
  const text = `${mesh} ${format} c:${from.c}-${to.c} s:${from.s}-${to.s}`;
  return hex(crypto.sha256(utf8(text))).slice(0, 32);
}
