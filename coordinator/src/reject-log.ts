// What is refused in the journals, told in the log without letting whoever floods a journal fill
// the disk: the first refusal of a sender for a reason at once, those after it as a count. Owns the
// pace of these lines alone.

import type { Trace } from "@ostraka/agents/kernel";

/** A count is told this often while it grows. */
const TOLD_EVERY_MS = 10_000;
/** Pairs of sender and reason that are counted apart; past it all others are one. */
const KINDS_MAX = 1_024;
const OTHERS = "others";

interface Count {
  readonly first: Trace;
  more: number;
  sinceMs: number;
}

export class RejectLog {
  readonly #write: (line: Trace) => void;
  readonly #counts = new Map<string, Count>();

  constructor(write: (line: Trace) => void) {
    this.#write = write;
  }

  note(trace: Trace, nowMs: number): void {
    const { key, code, kind } = trace;
    const wanted = `${String(key)} ${String(code)} ${String(kind)}`;
    const isNew = !this.#counts.has(wanted);
    const id = isNew && this.#counts.size >= KINDS_MAX ? OTHERS : wanted;
    const known = this.#counts.get(id);
    if (known !== undefined) known.more++;
    else {
      this.#counts.set(id, { first: trace, more: 0, sinceMs: nowMs });
      this.#write(trace);
    }
  }

  /** At every tick: tells what grew, and forgets what stopped. */
  tick(nowMs: number): void {
    for (const [id, count] of this.#counts) {
      if (nowMs >= count.sinceMs && nowMs < count.sinceMs + TOLD_EVERY_MS) continue;
      if (count.more === 0) {
        this.#counts.delete(id);
        continue;
      }
      const { code, kind, key } = count.first;
      const who = id === OTHERS ? { senders: "many" } : { key, code, kind };
      this.#write({ what: "rejected-more", ...who, count: count.more });
      count.more = 0;
      count.sinceMs = nowMs;
    }
  }
}
