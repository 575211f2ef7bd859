// Brings sealed control entries into the signals journal, if no other coordinator has yet: one
// import at a time. Never judges what it brings: each replica opens it anew.

import { type Bytes, type Channels, Ledger, LIMITS } from "@ostraka/proto";
import type { Out, Store } from "../../kernel/index.ts";
import type { Sealed } from "../../sealer/index.ts";
import type { ControlMachine } from "../machine/control-machine.ts";
import type { SignalsMachine } from "../machine/signals-machine.ts";
import { makeImport } from "./control-import.ts";
import type { CoordinatorEffect } from "./coordinator-io.ts";

export interface ImportParts {
  readonly store: Store;
  readonly channels: Channels;
  readonly publicKey: Bytes;
}

export class ImportDesk {
  readonly #parts: ImportParts;
  #last = { index: 0, wallMs: 0 };

  constructor(parts: ImportParts) {
    this.#parts = parts;
  }

  /** Puts out the next import, when one is due. */
  offer(
    control: ControlMachine,
    signals: SignalsMachine,
    latest: Sealed | undefined,
    wallMs: number,
    out: Out<CoordinatorEffect>,
  ): void {
    const { store, channels, publicKey } = this.#parts;
    const from = signals.importedIndex;
    const sealedIndex = Number(latest?.head.index ?? 0);
    if (sealedIndex <= from || signals.point.machineTimeMs === 0) return;
    // One at a time: what is sealed meanwhile goes along in the next.
    // Also when the own clock was set back: waiting for it to catch up could take hours.
    const isRecent = Math.abs(wallMs - this.#last.wallMs) < 2 * LIMITS.tickMs;
    if (this.#last.index > from && isRecent) return;
    const made = latest && makeImport(store, control.book, publicKey, from, latest);
    if (made === undefined) return;
    this.#last = { index: made.index, wallMs };
    const channel = channels.journal(Ledger.SIGNALS, publicKey);
    // A message id of its own a try: an import that was refused must not silence the next one.
    const messageId = `import/${made.index}/${Math.floor(wallMs / (2 * LIMITS.tickMs))}`;
    out.seal.push({ kind: "import", body: made.body, channel, messageId });
  }
}
