// What a sidecar forgets of its control records: private parts that were ordered to be erased, also
// one that comes back beside a later entry, and parts that are older than the policy keeps them. A
// verdict in force keeps its own until it is over, and then its record goes whole.

import { type Bytes, Ledger, ledgerLetter } from "@ostraka/proto";
import {
  type MeshView,
  type Out,
  orderedKey,
  retentionOf,
  type Store,
} from "../../kernel/index.ts";
import { ErasedParts, PrivatesDesk, type RecordTable } from "../privates-desk.ts";

const MINUTE_MS = 60_000;

/** The stored control records, which restarts read too. */
function controlRows(store: Store): RecordTable {
  const key = (_kind: "record", index: number) => `control/${orderedKey(index)}`;
  return {
    letter: ledgerLetter(Ledger.CONTROL),
    key,
    *scan(kind, from, limit): Iterable<readonly [number, Bytes]> {
      for (const [at, value] of store.scan("control/", key(kind, from), limit)) {
        yield [Number(at.slice(-16)), value];
      }
    },
  };
}

export class EdgeErasure {
  readonly #erased: ErasedParts;
  readonly #desk: PrivatesDesk;
  #minute = 0;

  constructor(store: Store) {
    this.#erased = new ErasedParts(store);
    this.#desk = new PrivatesDesk(controlRows(store), this.#erased);
  }

  open(): void {
    this.#erased.open();
  }

  /** Notes an order of the control ledger; it is carried out at the next clock inputs. */
  note(commitments: readonly Uint8Array[], index: number, out: Out<unknown>): void {
    out.persist.push(...this.#erased.note(commitments, index));
    this.#desk.restart();
  }

  /**
   * Forgets a portion of what is over.
   * @param machineTimeMs of the stored control head: a restart judges by it what may be missing.
   */
  work(view: MeshView, machineTimeMs: number, out: Out<unknown>): void {
    if (view.machineVersion < 2) return;
    const minute = Math.floor(machineTimeMs / MINUTE_MS);
    const isNewMinute = minute !== this.#minute;
    this.#minute = minute;
    if (!isNewMinute && !this.#desk.isErasing) return;
    const { privatesMs } = retentionOf(view);
    // A host passes no record on: every order is carried out as soon as nobody needs the part here.
    const importedIndex = Number.MAX_SAFE_INTEGER;
    this.#desk.work({ machineTimeMs, privatesMs, importedIndex }, out);
  }
}
