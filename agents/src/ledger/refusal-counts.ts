// Refusals are entered as counts per member, code and machine-time minute, so that a flood of bad
// input costs the ledger one entry a minute.

import { compareText, hex, LIMITS, type RejectCode } from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  loadAll,
  loadBytes,
  loadNumber,
  saveAll,
  saveNumber,
} from "../kernel/index.ts";

interface Count {
  readonly key: Uint8Array;
  readonly code: RejectCode;
  count: number;
}

export interface RefusalMinute {
  readonly minute: number;
  readonly counts: readonly Count[];
}

const MINUTE_MS = 60_000;

export class RefusalCounts {
  #counts = new Map<string, Count>();
  #minute = 0;

  /** Counts one refusal; senders that are no members share the empty key. */
  add(key: Uint8Array, code: RejectCode): void {
    const id = `${hex(key)}/${code}`;
    const known = this.#counts.get(id);
    if (known !== undefined) known.count++;
    else if (this.#counts.size < LIMITS.refusalCountsMax) {
      this.#counts.set(id, { key, code, count: 1 });
    }
  }

  save(w: BinaryWriter): void {
    saveNumber(w, this.#minute);
    saveAll(w, this.#counts.values(), (_, { key, code, count }) => {
      w.bytes(key).string(code).uint32(count);
    });
  }

  load(r: BinaryReader): void {
    this.#minute = loadNumber(r);
    const counts = loadAll(r, (): Count => {
      return { key: loadBytes(r), code: r.string() as RejectCode, count: r.uint32() };
    });
    this.#counts = new Map(counts.map((c) => [`${hex(c.key)}/${c.code}`, c]));
  }

  /** The counts of the minute that has ended by this machine time, if it had any. */
  take(machineTimeMs: number): RefusalMinute | undefined {
    const minute = Math.floor(machineTimeMs / MINUTE_MS);
    if (minute === this.#minute) return undefined;
    const ended = this.#minute;
    this.#minute = minute;
    if (this.#counts.size === 0) return undefined;
    const counts = [...this.#counts.entries()]
      .sort(([a], [b]) => compareText(a, b))
      .map(([, count]) => count);
    this.#counts = new Map();
    return { minute: ended, counts };
  }
}
