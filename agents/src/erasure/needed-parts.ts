// Until when the private parts behind commitments are needed by what is open or in force: before
// that nothing may erase them (DESIGN.md 9). Remembers what was ordered to be erased meanwhile.

import { hex } from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  loadAll,
  loadNumber,
  saveAll,
  saveNumber,
} from "../kernel/index.ts";

export class NeededParts {
  /** Machine time, by hex commitment. */
  readonly #untilMs = new Map<string, number>();
  /** Those of them that an order has named. */
  readonly #ordered = new Set<string>();

  /** Keeps what is behind commitments until a machine time. */
  need(commitments: readonly Uint8Array[], untilMs: number): void {
    for (const commitment of commitments) {
      const key = hex(commitment);
      this.#untilMs.set(key, Math.max(untilMs, this.#untilMs.get(key) ?? 0));
    }
  }

  has(commitments: readonly Uint8Array[]): boolean {
    return commitments.some((commitment) => this.#untilMs.has(hex(commitment)));
  }

  /** Erases once nobody needs them: what is needed now is remembered until then. */
  order(commitments: ReadonlySet<string>): void {
    for (const key of commitments) if (this.#untilMs.has(key)) this.#ordered.add(key);
  }

  /** @returns whether something that was ordered to be erased is not needed any more. */
  expire(machineTimeMs: number): boolean {
    let isDue = false;
    for (const [key, untilMs] of this.#untilMs) {
      if (untilMs > machineTimeMs) continue;
      this.#untilMs.delete(key);
      if (this.#ordered.delete(key)) isDue = true;
    }
    return isDue;
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#untilMs, (_, [key, untilMs]) => saveNumber(w.string(key), untilMs));
    saveAll(w, this.#ordered, (_, key) => w.string(key));
  }

  load(r: BinaryReader): void {
    loadAll(r, () => this.#untilMs.set(r.string(), loadNumber(r)));
    loadAll(r, () => this.#ordered.add(r.string()));
  }
}
