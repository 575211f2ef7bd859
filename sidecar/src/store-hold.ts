// What a sidecar does when its store fails: it holds. The gate and explain go on answering from
// memory (I7: nobody is newly denied), nothing more is learnt, and the process is to be started
// again once the store takes writes. Owns the fault and the trying; touches no other part.

import type { Log, SqliteStore } from "@ostraka/host";
import { OstrakaError } from "@ostraka/proto";

/** Between two tries of the store. */
const TRY_EVERY_MS = 5_000;
/** The fault is told again after so many tries in vain. */
const TELL_EVERY_TRIES = 12;
const TRY_KEY = "store-hold/try";
/**
 * A full disk still takes a few bytes where the write-ahead log has room: no start could live on
 * them.
 */
const TRY_BYTES = 262_144;

export interface StoreHoldOptions {
  readonly store: Pick<SqliteStore, "write">;
  readonly log: Pick<Log, "error" | "warn">;
  /** Told ONCE, when the store works again: the process is to be started again. */
  readonly onMended: (error: OstrakaError) => void;
}

export class StoreHold {
  readonly #o: StoreHoldOptions;
  #fault: OstrakaError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #tries = 0;

  constructor(options: StoreHoldOptions) {
    this.#o = options;
  }

  /** What is held for, in words; `undefined` while the store works. */
  get why(): string | undefined {
    return this.#fault && `store fault: ${this.#fault.message}; holding what was enforced`;
  }

  /** Begins to hold. @returns false when the error is none of the store's. */
  begin(error: unknown): boolean {
    if (!(error instanceof OstrakaError) || error.code !== "OSTRAKA_STORE") return false;
    if (this.#fault !== undefined) return true;
    this.#fault = error;
    this.#o.log.error({ what: "holding", err: error }, this.why);
    // A damaged file may take writes and still not open: only a person ends that.
    if (!isDamage(error)) this.#timer = setInterval(() => this.tryStore(), TRY_EVERY_MS);
    return true;
  }

  /** Tries whether the store takes writes again; called every few seconds by itself. */
  tryStore(): void {
    const fault = this.#fault;
    if (fault === undefined) return;
    this.#tries++;
    try {
      this.#o.store.write([{ key: TRY_KEY, value: new Uint8Array(TRY_BYTES) }]);
      this.#o.store.write([{ key: TRY_KEY }]);
    } catch (error) {
      const isTold = this.#tries % TELL_EVERY_TRIES === 0;
      if (isTold) this.#o.log.warn({ what: "holding", err: error }, this.why);
      return;
    }
    this.close();
    const why = "the store works again after a fault: this sidecar is to be started again";
    this.#o.onMended(new OstrakaError("OSTRAKA_STORE", why, { cause: fault }));
  }

  /** Ends the trying. Idempotent. */
  close(): void {
    clearInterval(this.#timer);
  }
}

function isDamage({ cause }: OstrakaError): boolean {
  const { code = "" } = (cause ?? {}) as { code?: string };
  return /^SQLITE_(CORRUPT|NOTADB)/.test(code);
}
