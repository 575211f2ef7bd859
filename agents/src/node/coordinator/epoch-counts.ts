// Revocations made under the epoch of a running rollout, in both ledgers, and lifts of those: what
// a coordinator's reports say of it. Kept beside the ledger; the entries are the evidence.

import { decode, EntryRecordSchema, EntrySchema, hex, LIMITS } from "@ostraka/proto";
import { orderedKey, type Store, type Write } from "../../kernel/index.ts";
import type { MadeRecord } from "../machine/journal-machine.ts";
import { findEntries } from "../record-rows.ts";

export class EpochCounts {
  readonly #store: Store;
  /** The one that is counted. */
  #counted = { epoch: 0, revocations: 0, lifts: 0 };

  constructor(store: Store) {
    this.#store = store;
  }

  of(epoch: number): { readonly revocations: number; readonly lifts: number } {
    this.#turnTo(epoch);
    const { revocations, lifts } = this.#counted;
    return { revocations, lifts };
  }

  /** An entry was made while a rollout of this epoch runs. @returns rows to keep. */
  onRecord(epoch: number, { entry: { effect } }: MadeRecord): Write[] {
    this.#turnTo(epoch);
    if (effect.case === "revocation" && effect.value.epoch === epoch) this.#counted.revocations++;
    else if (effect.case === "lift") {
      const lifted = effect.value.revocationIds.filter((id) => this.#epochOf(id) === epoch);
      if (lifted.length === 0) return [];
      this.#counted.lifts += lifted.length;
    } else return [];
    const value = new Uint8Array(8);
    new DataView(value.buffer).setUint32(0, this.#counted.revocations);
    new DataView(value.buffer).setUint32(4, this.#counted.lifts);
    return [{ key: `epoch-count/${orderedKey(epoch)}`, value }];
  }

  #turnTo(epoch: number): void {
    if (epoch === this.#counted.epoch) return;
    const row = this.#store.get(`epoch-count/${orderedKey(epoch)}`);
    const view = row && new DataView(row.buffer, row.byteOffset, row.byteLength);
    const [revocations, lifts] = [view?.getUint32(0) ?? 0, view?.getUint32(4) ?? 0];
    this.#counted = { epoch, revocations, lifts };
  }

  #epochOf(revocationId: Uint8Array): number | undefined {
    const [found] = findEntries(this.#store, "verdict", hex(revocationId), "", 1);
    const key = found && `record/${found.letter}/${orderedKey(found.index)}`;
    const bytes = key === undefined ? undefined : this.#store.get(key);
    const record = bytes && decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    const effect = record && decode(EntrySchema, record.entry, LIMITS.entryBytesMax)?.effect;
    return effect?.case === "revocation" ? effect.value.epoch : undefined;
  }
}
