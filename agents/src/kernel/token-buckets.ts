// Token buckets in machine time, as one number each: the time at which a bucket would be full
// again. Integers only. In any interval of length T no bucket gives more than burst + T / refill.

import type { TokenBucket } from "./policy.ts";
import {
  type BinaryReader,
  type BinaryWriter,
  loadAll,
  loadNumber,
  saveAll,
  saveNumber,
} from "./saved-state.ts";

export class TokenBuckets {
  /** When each bucket is full again, by name; one that is full is not kept. */
  readonly #fullMs = new Map<string, number>();

  /** Whether a token is there. */
  has(name: string, { burst, refillMs }: TokenBucket, nowMs: number): boolean {
    const owedMs = Math.max(0, (this.#fullMs.get(name) ?? 0) - nowMs);
    return owedMs <= (burst - 1) * refillMs;
  }

  /** Takes a token that is there. */
  take(name: string, { refillMs }: TokenBucket, nowMs: number): void {
    this.#fullMs.set(name, Math.max(nowMs, this.#fullMs.get(name) ?? 0) + refillMs);
  }

  /** Forgets the buckets that are full. */
  expire(nowMs: number): void {
    for (const [name, fullMs] of this.#fullMs) if (fullMs <= nowMs) this.#fullMs.delete(name);
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#fullMs, (_, [name, fullMs]) => {
      w.string(name);
      saveNumber(w, fullMs);
    });
  }

  load(r: BinaryReader): void {
    for (const [name, fullMs] of loadAll(r, () => [r.string(), loadNumber(r)] as const)) {
      this.#fullMs.set(name, fullMs);
    }
  }
}
