// Writes a node's traces to the log: one line each, with the wall time in ms (`at`). Subjects stay
// hidden at level info (I9, by the log's own redaction). A hostile bus can cause rejects without
// end, so equal complaints are counted beyond a few in a while, and the count is said.

import type { Trace } from "@ostraka/agents/kernel";
import type { Clock, Log } from "@ostraka/host";

/** Traces that speak of something wrong: warnings, and limited. */
const COMPLAINTS: ReadonlySet<string> = new Set(["rejected", "unverified", "digest-differs"]);
const EQUAL_MAX = 10;
const WINDOW_MS = 10_000;
const KINDS_MAX = 256;

export class TraceLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  #windowMs = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  write(trace: Trace): void {
    const wallMs = this.#clock.wallMs();
    // A trace's own `at` is a place in a ledger, such as c:12.
    const { what, at, ...rest } = trace;
    const fields = { what, at: wallMs, ...(at !== undefined && { index: at }), ...rest };
    if (!COMPLAINTS.has(what)) this.#log.info(fields);
    else if (this.#isHeard(trace, this.#clock.monotonicMs())) this.#log.warn(fields);
  }

  #isHeard(trace: Trace, nowMs: number): boolean {
    if (nowMs - this.#windowMs >= WINDOW_MS) this.#startWindow(nowMs);
    const key = `${trace.what}/${String(trace["kind"])}/${String(trace["code"])}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    if (this.#counts.has(key) || this.#counts.size < KINDS_MAX) this.#counts.set(key, count);
    return count <= EQUAL_MAX;
  }

  #startWindow(nowMs: number): void {
    for (const [key, count] of this.#counts) {
      if (count <= EQUAL_MAX) continue;
      const at = this.#clock.wallMs();
      this.#log.warn({ what: "not-shown", at, like: key, count: count - EQUAL_MAX });
    }
    this.#counts.clear();
    this.#windowMs = nowMs;
  }
}
