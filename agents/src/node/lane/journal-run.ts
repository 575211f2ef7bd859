// A run of journal messages that came from a peer's copy, held until the chain over it ends where a
// head says that it must: only then may any of it be applied. Owns the bound on what is held.

import { type Bytes, type Crypto, equalBytes } from "@ostraka/proto";
import { chainHashAfter } from "../machine/journal-chain.ts";

/** Beyond this a replica catches up from a snapshot instead. */
const RUN_BYTES_MAX = 64_000_000;

export class JournalRun {
  readonly #crypto: Crypto;
  readonly #messages: Bytes[] = [];
  readonly #above: number;
  readonly #until: number;
  #chain: Bytes;
  #bytes = 0;

  /** @param above own last position, with the chain there. @param until last position wanted. */
  constructor(crypto: Crypto, above: number, chainHash: Bytes, until: number) {
    this.#crypto = crypto;
    this.#above = above;
    this.#until = until;
    this.#chain = chainHash;
  }

  /** Position above which the next page is wanted. */
  get position(): number {
    return this.#above + this.#messages.length;
  }

  get isWhole(): boolean {
    return this.position === this.#until;
  }

  /** @returns false when this is too much to be held. */
  take(messages: readonly Bytes[]): boolean {
    for (const bytes of messages.slice(0, this.#until - this.position)) {
      this.#bytes += bytes.length;
      if (this.#bytes > RUN_BYTES_MAX) return false;
      this.#chain = chainHashAfter(this.#crypto, this.#chain, bytes);
      this.#messages.push(bytes);
    }
    return true;
  }

  /** The messages with their positions, if the chain ends as it must. */
  verified(chainHash: Uint8Array): (readonly [number, Bytes])[] | undefined {
    if (!this.isWhole || !equalBytes(this.#chain, chainHash)) return undefined;
    return this.#messages.map((bytes, i) => [this.#above + 1 + i, bytes] as const);
  }
}
