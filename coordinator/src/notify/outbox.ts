// Notices that are to be delivered, in the store beside the journals: written together with the
// cursor that says up to where entries have been looked at, so that a crash neither loses a notice
// nor repeats one that was delivered. At least once: the receiver drops repeats by id.

import { orderedKey, type Store, type Write } from "@ostraka/agents/kernel";
import { type Bytes, type LedgerId, ledgerLetter, utf8 } from "@ostraka/proto";
import type { Notice } from "./notice.ts";

/** Undelivered notices kept; the oldest make room, and are counted. */
export const NOTICES_MAX = 1_000;

const PREFIX = "notice/";

export class NoticeOutbox {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Index up to which entries have been looked at; `undefined` before the first look. */
  cursor(ledger: LedgerId): number | undefined {
    const bytes = this.#store.get(cursorKey(ledger));
    return bytes === undefined ? undefined : Number(textOf(bytes));
  }

  /** Adds notices and moves the cursor, in one transaction. */
  add(notices: readonly Notice[], ledger?: LedgerId, cursor = 0): void {
    const writes: Write[] = notices.map((notice) => ({
      key: keyOf(notice),
      value: utf8(JSON.stringify(notice)),
    }));
    if (ledger !== undefined) writes.push({ key: cursorKey(ledger), value: utf8(String(cursor)) });
    if (writes.length > 0) this.#store.write(writes);
  }

  /** Oldest first. */
  pending(): Notice[] {
    const pending: Notice[] = [];
    for (const [, bytes] of this.#store.scan(PREFIX)) pending.push(JSON.parse(textOf(bytes)));
    return pending;
  }

  delivered(notice: Notice): void {
    this.#store.write([{ key: keyOf(notice) }]);
  }

  /** Makes room. @returns how many were given up. */
  trim(): number {
    const over = this.pending().slice(0, -NOTICES_MAX);
    if (over.length > 0) this.#store.write(over.map((notice) => ({ key: keyOf(notice) })));
    return over.length;
  }
}

function keyOf({ timeMs, id }: Notice): string {
  return `${PREFIX}${orderedKey(timeMs)}/${id}`;
}

function cursorKey(ledger: LedgerId): string {
  return `notify-cursor/${ledgerLetter(ledger)}`;
}

function textOf(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
