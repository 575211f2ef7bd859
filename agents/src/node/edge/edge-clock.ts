// Time at the edge (DESIGN.md 8, freshness): machine time of the newest sealed head, carried on by
// the lesser of wall and monotonic time, so that neither a jump of the clock nor a pause ends a
// revocation.

import { LIMITS } from "@ostraka/proto";
import type { EdgeTime } from "../../enforcer/index.ts";

export interface EdgeReading {
  readonly wallMs: number;
  readonly monoMs: number;
}

export class EdgeClock {
  #now: EdgeReading = { wallMs: 0, monoMs: 0 };
  #head: (EdgeReading & { readonly machineMs: number }) | undefined;

  get wallMs(): number {
    return this.#now.wallMs;
  }

  /** For intervals: a wall clock that was set back would stretch them by as much. */
  get monoMs(): number {
    return this.#now.monoMs;
  }

  set(now: EdgeReading): void {
    this.#now = now;
  }

  /**
   * A sealed head came now. Its time counts to a minute past the own wall clock: a middle that runs
   * years ahead must not end every revocation at once (DESIGN.md 8, expiry).
   */
  onHead(sealedMs: number): void {
    const machineMs = Math.min(sealedMs, this.#now.wallMs + LIMITS.expirySlackMs);
    if (this.#head === undefined || machineMs > this.#head.machineMs) {
      this.#head = { ...this.#now, machineMs };
    }
  }

  /** Machine time of the newest head; 0 before the first. */
  get headMs(): number {
    return this.#head?.machineMs ?? 0;
  }

  time(now: EdgeReading = this.#now): EdgeTime {
    const { headMs } = this;
    if (this.#head === undefined) return { machineMs: 0, headMs, wallMs: now.wallMs };
    const passed = Math.min(now.wallMs - this.#head.wallMs, now.monoMs - this.#head.monoMs);
    return { machineMs: headMs + Math.max(0, passed), headMs, wallMs: now.wallMs };
  }

  /**
   * Age of what is known: max(wall clock - machine time of the head, monotonic time since it came).
   */
  ageMs(now: EdgeReading = this.#now): number {
    if (this.#head === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(now.wallMs - this.#head.machineMs, now.monoMs - this.#head.monoMs);
  }
}
