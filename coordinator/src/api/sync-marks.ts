// When a watch says that everything has been sent: once there is nothing more, and then every few
// seconds, so that silence means a broken stream.

/** A client that has heard nothing for several of these goes to another coordinator. */
const MARK_EVERY_MS = 5_000;

export class SyncMarks {
  #lastMs: number | undefined;

  /** Whether it is to be said now that nothing more waits. */
  isDue(): boolean {
    const nowMs = performance.now();
    if (this.#lastMs !== undefined && nowMs - this.#lastMs < MARK_EVERY_MS) return false;
    this.#lastMs = nowMs;
    return true;
  }
}
