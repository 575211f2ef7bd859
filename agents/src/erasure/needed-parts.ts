// Until when the private parts behind commitments are needed by what is open or in force: before
// that nothing may erase them (DESIGN.md 9).

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

  expire(machineTimeMs: number): void {
    for (const [key, untilMs] of this.#untilMs) {
      if (untilMs <= machineTimeMs) this.#untilMs.delete(key);
    }
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#untilMs, (_, [key, untilMs]) => saveNumber(w.string(key), untilMs));
  }

  load(r: BinaryReader): void {
    loadAll(r, () => this.#untilMs.set(r.string(), loadNumber(r)));
  }
}
