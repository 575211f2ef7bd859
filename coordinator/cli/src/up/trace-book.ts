// What the children have said, in the order in which it was read: kept to measure with, and to wait
// for. Bounded: the oldest half goes when it is full. Never guesses what was not said.

import { OstrakaError } from "@ostraka/proto";
import type { TraceLine } from "./child-process.ts";

type Matches = (line: TraceLine) => boolean;

const LINES_MAX = 20_000;

export class TraceBook {
  readonly #waiting = new Set<{ matches: Matches; found: (line: TraceLine) => void }>();
  #lines: TraceLine[] = [];

  add(line: TraceLine): void {
    if (this.#lines.length >= LINES_MAX) this.#lines = this.#lines.slice(LINES_MAX / 2);
    this.#lines.push(line);
    for (const waiter of this.#waiting) {
      if (!waiter.matches(line)) continue;
      this.#waiting.delete(waiter);
      waiter.found(line);
    }
  }

  all(matches: Matches): TraceLine[] {
    return this.#lines.filter(matches);
  }

  /**
   * The first line that matches, already read or yet to come; `undefined` when time is up.
   * @param waitMs at most this long.
   */
  first(matches: Matches, waitMs: number): Promise<TraceLine | undefined> {
    const known = this.#lines.find(matches);
    if (known !== undefined || waitMs <= 0) return Promise.resolve(known);
    return new Promise((resolve) => {
      const waiter = {
        matches,
        found: (line: TraceLine) => {
          clearTimeout(timer);
          resolve(line);
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(waiter);
        resolve(undefined);
      }, waitMs);
      this.#waiting.add(waiter);
    });
  }
}

const LOOK_MS = 40;

/**
 * Asks again and again until there is an answer; a question that throws is asked again too.
 * @throws OstrakaError OSTRAKA_DEADLINE when none came in time, with the last error as its cause.
 */
export async function until<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  what: string,
  waitMs: number,
): Promise<T> {
  const deadline = performance.now() + waitMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) break;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  const why = cause instanceof Error ? ` (${cause.message})` : "";
  throw new OstrakaError("OSTRAKA_DEADLINE", `waited in vain until ${what}${why}`, { cause });
}
