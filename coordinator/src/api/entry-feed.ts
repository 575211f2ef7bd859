// Entries of both ledgers as they are sealed, for one watcher: pulled from the store behind the
// watcher's own place, so nothing is buffered for one that is slow, and nothing is left out or
// repeated.

import { setImmediate as breathe, setTimeout as delay } from "node:timers/promises";
import { LEDGERS, Ledger, type LedgerId } from "@ostraka/proto";
import type { FoundRecord, Place, SealedReader } from "./sealed-reader.ts";
import { SyncMarks } from "./sync-marks.ts";

export interface Fed {
  /** Absent: nothing more waits, everything up to `at` was given. */
  readonly fed?: FoundRecord;
  /** Everything up to here was given, `fed` included. */
  readonly at: Place;
}

/** How long what is sealed is gathered before a watcher hears of it. */
const GATHER_MS = 10;
/** Entries read at once; between two reads others get their turn. */
const READ_AT_ONCE = 32;

/**
 * Every entry behind a place, then each as it is sealed, until nobody watches.
 * @param ledgers of these alone.
 */
export async function* feedEntries(
  reader: SealedReader,
  after: Place,
  signal: AbortSignal,
  ledgers: readonly LedgerId[] = LEDGERS,
): AsyncGenerator<Fed> {
  const done = new Map<LedgerId, number>([
    [Ledger.CONTROL, Number(after.control)],
    [Ledger.SIGNALS, Number(after.signals)],
  ]);
  const at = (): Place => ({
    control: BigInt(done.get(Ledger.CONTROL) as number),
    signals: BigInt(done.get(Ledger.SIGNALS) as number),
  });
  const marks = new SyncMarks();
  while (!signal.aborted) {
    let isAnyRead = false;
    for (const ledger of ledgers) {
      const first = (done.get(ledger) as number) + 1;
      for (const { index, record } of reader.page(ledger, first, Infinity, READ_AT_ONCE)) {
        done.set(ledger, index);
        isAnyRead = true;
        yield { fed: { ledger, index, record, entry: reader.entryOf(record) }, at: at() };
      }
    }
    if (isAnyRead) {
      await breathe();
      continue;
    }
    if (marks.isDue()) yield { at: at() };
    await reader.changed(signal);
    // Under a flood many are sealed at once: a watcher is woken for all of them together.
    if (!signal.aborted) await delay(GATHER_MS);
  }
}
