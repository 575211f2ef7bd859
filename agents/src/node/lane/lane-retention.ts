// Forgets of one ledger's journal what a snapshot holds: own copy and heads, and tells how far the
// stream may forget too. Never touches anything above a snapshot that a majority has sealed, nor
// what this coordinator would need to start again.

import { decode, HeadSchema, type LedgerId, LIMITS } from "@ostraka/proto";
import type { Out, Write } from "../../kernel/index.ts";
import type { CoordinatorEffect } from "../coordinator/coordinator-io.ts";
import type { LaneRows } from "./lane-rows.ts";
import type { SnapshotShelf } from "./snapshot-shelf.ts";

/** Rows looked at in one go: nobody waits for tidying. */
const ROWS_MAX = 2_000;

export interface RetentionParts {
  readonly ledger: LedgerId;
  readonly rows: LaneRows;
  readonly shelf: SnapshotShelf;
  /** Rows of the control ledger: what was imported must have come by our own journal too. */
  readonly controlRows: LaneRows;
}

export class LaneRetention {
  readonly #p: RetentionParts;
  /** Snapshot at which the stream was last told to forget. */
  #trimmedAt = 0;

  constructor(parts: RetentionParts) {
    this.#p = parts;
  }

  /** Position up to which the own copy has been forgotten; 0 = whole. */
  get prunedPosition(): number {
    return this.#p.rows.number(this.#prunedKey) ?? 0;
  }

  /** The row that makes everything up to a forced snapshot be forgotten once it is sealed. */
  forgetRow(position: number): Write {
    return this.#p.rows.numberRow(this.#forgetKey, position);
  }

  /**
   * Forgets one portion.
   * @param beforeMs machine time before which messages are no longer kept.
   * @param isRetried whether the stream is told again: it may not have been there, or busy.
   */
  work(beforeMs: number, isRetried: boolean, out: Out<CoordinatorEffect>): void {
    const { rows } = this.#p;
    const base = this.#base();
    if (base === undefined) return;
    const forget = rows.number(this.#forgetKey);
    if (forget !== undefined && forget <= base) this.#forget(forget, out);
    else this.#prune(this.#agedUpTo(base, beforeMs), out);
    const upTo = Math.min(this.prunedPosition, base - LIMITS.trimSlack);
    if (upTo <= 0 || (base === this.#trimmedAt && !isRetried)) return;
    this.#trimmedAt = base;
    const erasedUpTo = rows.number(this.#erasedKey) ?? 0;
    out.enforce.push({ type: "trim", ledger: this.#p.ledger, upTo, most: base, erasedUpTo });
  }

  get #prunedKey(): string {
    return `pruned/${this.#p.rows.letter}`;
  }

  get #forgetKey(): string {
    return `forget/${this.#p.rows.letter}`;
  }

  get #erasedKey(): string {
    return `erased-up-to/${this.#p.rows.letter}`;
  }

  /** The newest snapshot that a restart could begin at, and that a majority has sealed. */
  #base(): number | undefined {
    const { rows, shelf, controlRows } = this.#p;
    const base = shelf.newestSealed(rows.published());
    const controlIndex = base === undefined ? 0 : Number(rows.head(base)?.controlIndex ?? 0);
    const isWhole = controlIndex === 0 || controlRows.get("record", controlIndex) !== undefined;
    return isWhole ? base : undefined;
  }

  /** After an erasure: all of it, snapshots before it included. */
  #forget(forget: number, out: Out<CoordinatorEffect>): void {
    const { rows, shelf } = this.#p;
    if (this.#prune(forget, out) > 0) return;
    out.persist.push(...shelf.dropBelow(forget), { key: this.#forgetKey });
    out.persist.push(rows.numberRow(this.#erasedKey, forget));
    for (const [position] of rows.scan("head", 0)) {
      if (position >= forget) break;
      out.persist.push({ key: rows.key("head", position) });
    }
    out.trace.push({ what: "forgotten", at: `${rows.letter}:${forget}` });
  }

  #agedUpTo(base: number, beforeMs: number): number {
    let upTo = 0;
    for (const [position, bytes] of this.#p.rows.scan("head", 0, ROWS_MAX)) {
      const head = decode(HeadSchema, bytes, LIMITS.headBytesMax);
      if (head === undefined || position > base || Number(head.machineTimeMs) >= beforeMs) break;
      upTo = position;
    }
    return upTo;
  }

  /** @returns how many messages were forgotten. */
  #prune(upTo: number, out: Out<CoordinatorEffect>): number {
    const { rows, shelf } = this.#p;
    let count = 0;
    let last = 0;
    for (const [position] of rows.scan("journal", 0, ROWS_MAX)) {
      if (position > upTo) break;
      out.persist.push({ key: rows.key("journal", position) });
      last = position;
      count++;
    }
    if (count === 0) return 0;
    for (const [position] of rows.scan("head", 0, ROWS_MAX)) {
      if (position > last) break;
      if (!shelf.has(position)) out.persist.push({ key: rows.key("head", position) });
    }
    out.persist.push(rows.numberRow(this.#prunedKey, last));
    return count;
  }
}
