// What a coordinator forgets: journal copies, private parts and receipts, each after the time that
// the active policy keeps it (DESIGN.md 9). Works a little at each clock input; no deadline hangs
// on it.

import { hex, Ledger } from "@ostraka/proto";
import { type MeshView, type Out, retentionOf, type Store } from "../../kernel/index.ts";
import type { LedgerLane } from "../lane/ledger-lane.ts";
import type { MachineStep } from "../machine/journal-machine.ts";
import { ErasedParts, type PrivatesClock, PrivatesDesk } from "../privates-desk.ts";
import type { CoordinatorEffect } from "./coordinator-io.ts";
import type { ReceiptBook } from "./receipt-book.ts";

const MINUTE_MS = 60_000;

export class RetentionDesk {
  readonly #lanes: readonly LedgerLane[];
  readonly #receipts: ReceiptBook;
  readonly erased: ErasedParts;
  readonly #privates: readonly PrivatesDesk[];
  #minute = 0;

  constructor(store: Store, lanes: Iterable<LedgerLane>, receipts: ReceiptBook) {
    this.#lanes = [...lanes];
    this.#receipts = receipts;
    this.erased = new ErasedParts(store);
    this.#privates = this.#lanes.map(({ rows }) => new PrivatesDesk(rows, this.erased));
  }

  open(): void {
    this.erased.open();
  }

  /** Notes what an applied message orders to be erased. */
  onStep(lane: LedgerLane, step: MachineStep, out: Out<CoordinatorEffect>): void {
    if (lane.ledger !== Ledger.CONTROL) return;
    for (const { entry, index } of step.records) {
      if (entry.effect.case !== "erasure") continue;
      out.persist.push(...this.erased.note(entry.effect.value.commitments, index));
      for (const desk of this.#privates) desk.restart();
    }
  }

  /** Forgets a portion of what is over, from machine version 2 on. */
  work(view: MeshView, now: Omit<PrivatesClock, "privatesMs">, out: Out<CoordinatorEffect>): void {
    if (view.machineVersion < 2) return;
    const { journalMs, privatesMs, receiptsMs } = retentionOf(view);
    const { machineTimeMs } = now;
    const minute = Math.floor(machineTimeMs / MINUTE_MS);
    const isNewMinute = minute !== this.#minute;
    this.#minute = minute;
    for (const lane of this.#lanes) {
      if (lane.watch.damage !== undefined) continue;
      lane.retention.work(machineTimeMs - journalMs, isNewMinute, out);
    }
    for (const desk of this.#privates) {
      if (isNewMinute || desk.isErasing) desk.work({ ...now, privatesMs }, out);
    }
    if (!isNewMinute) return;
    for (const key of this.#receipts.expire(machineTimeMs - receiptsMs)) {
      out.persist.push({ key: `receipt/${hex(key)}` });
    }
  }
}
