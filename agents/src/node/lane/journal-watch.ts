// Watches one journal for damage (I3): keeps recent chain hashes and compares them with what ticks
// of coordinators say. A replica that disagrees with a majority stops; a lone dissenter is named.

import { type Bytes, equalBytes, hex, LIMITS, type Tick } from "@ostraka/proto";
import { majorityOf } from "../../kernel/index.ts";

export class JournalWatch {
  /** Why deciding has stopped, in words; `undefined` while the journal is whole. */
  damage: string | undefined;
  readonly #chain = new Map<number, Bytes>();
  readonly #dissenters = new Set<string>();

  /** Coordinators, as hex keys, whose last tick did not fit our history. */
  get dissenters(): readonly string[] {
    return [...this.#dissenters];
  }

  /** Hash of the chain at a recent position. */
  chainAt(position: number): Bytes | undefined {
    return this.#chain.get(position);
  }

  remember(position: number, chainHash: Bytes): void {
    this.#chain.set(position, chainHash);
    if (this.#chain.size > LIMITS.chainHistoryMax) {
      const [oldest] = this.#chain.keys();
      this.#chain.delete(oldest as number);
    }
  }

  /** Compares a tick's view of the journal with ours. */
  compare(tick: Tick, coordinators: number): void {
    const ours = this.#chain.get(Number(tick.position));
    if (ours === undefined) return;
    const key = hex(tick.coordinatorKey);
    if (equalBytes(ours, tick.chainHash)) this.#dissenters.delete(key);
    else this.#dissenters.add(key);
    if (this.#dissenters.size >= majorityOf(coordinators)) {
      this.damage = `a majority of coordinators has another history at ${tick.position}`;
    }
  }
}
