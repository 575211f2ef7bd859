// One attempt, one event: a service and the modules below it (PAM, an authentication worker) each
// print a line of the same refused login. Owns the counting of what each layer has reported of an
// address, so that a bet is made on the larger count and never on the sum.

import type { SubjectText } from "@ostraka/proto";
import { ATTEMPT_MS_MAX, ATTEMPT_SOURCES_MAX } from "../limits.ts";

interface Seen {
  lastMs: number;
  /** Attempts that were given as events. */
  given: number;
  readonly byLayer: Map<string, number>;
}

export class Attempts {
  readonly #sources = new Map<string, Seen>();

  /**
   * @param layer which part of the service printed the line
   * @param count attempts that the line speaks of
   * @returns how many of them no other layer has reported yet.
   */
  take(
    service: string,
    address: SubjectText,
    layer: string,
    count: number,
    timeMs: number,
  ): number {
    const key = `${service} ${address}`;
    const seen = this.#at(key, timeMs);
    seen.lastMs = timeMs;
    const reported = (seen.byLayer.get(layer) ?? 0) + count;
    seen.byLayer.set(layer, reported);
    const fresh = Math.max(0, reported - seen.given);
    seen.given += fresh;
    return Math.min(fresh, count);
  }

  #at(key: string, timeMs: number): Seen {
    const found = this.#sources.get(key);
    if (found !== undefined && Math.abs(timeMs - found.lastMs) <= ATTEMPT_MS_MAX) return found;
    const fresh: Seen = { lastMs: timeMs, given: 0, byLayer: new Map() };
    this.#sources.delete(key);
    if (this.#sources.size >= ATTEMPT_SOURCES_MAX) {
      for (const oldest of this.#sources.keys()) {
        this.#sources.delete(oldest);
        break;
      }
    }
    this.#sources.set(key, fresh);
    return fresh;
  }
}
