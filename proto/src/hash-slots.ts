// Room for many 32-byte values in a few large pieces of memory: a small array for each would take
// eight times as much. Hands out numbers; what a number means is its taker's business.

import { type Bytes, equalBytes } from "./bytes.ts";

const VALUE_BYTES = 32;
const PAGE_VALUES = 256;

export class HashSlots {
  readonly #pages: Bytes[] = [];
  readonly #free: number[] = [];
  #next = 0;

  /** A slot that is nobody else's; what is in it is left over. */
  take(): number {
    const freed = this.#free.pop();
    if (freed !== undefined) return freed;
    if (this.#next === this.#pages.length * PAGE_VALUES) {
      this.#pages.push(new Uint8Array(PAGE_VALUES * VALUE_BYTES));
    }
    return this.#next++;
  }

  /** Gives a slot back; it must not be used any more. */
  release(slot: number): void {
    this.#free.push(slot);
  }

  /** Copies a value of 32 bytes in. */
  set(slot: number, value: Uint8Array): void {
    this.view(slot).set(value);
  }

  /** The value as it lies there: it changes with its slot, so it must not be kept. */
  view(slot: number): Bytes {
    const page = this.#pages[Math.floor(slot / PAGE_VALUES)] as Bytes;
    const at = (slot % PAGE_VALUES) * VALUE_BYTES;
    return page.subarray(at, at + VALUE_BYTES);
  }

  isEqual(slot: number, value: Uint8Array): boolean {
    return equalBytes(this.view(slot), value);
  }
}
