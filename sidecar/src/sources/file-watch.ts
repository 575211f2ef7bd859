// Waking up when a file may have changed: inotify's word as a hint, a clock as the bound.
// Must never be trusted for more than speed: watches are lost, coalesced and refused.

import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Wakes on any change to one path, at the latest after `pollMs`. */
export class FileWatch {
  readonly #path: string;
  readonly #pollMs: number;
  #watcher: FSWatcher | undefined;
  #isDirty = false;
  #wake: (() => void) | undefined;

  constructor(path: string, pollMs: number) {
    this.#path = path;
    this.#pollMs = pollMs;
  }

  /** Resolves at once if something changed since the last call, else at the next change or poll. */
  async next(signal: AbortSignal): Promise<void> {
    if (!this.#isDirty && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          signal.removeEventListener("abort", wake);
          this.#wake = undefined;
          resolve();
        };
        const timer = setTimeout(wake, this.#pollMs);
        signal.addEventListener("abort", wake, { once: true });
        this.#wake = wake;
      });
    }
    this.#isDirty = false;
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /**
   * Starts watching unless it does already; to be called BEFORE each look at the file, so that no
   * change falls between look and watch. Watches the folder, which tells of a new file too.
   */
  arm(): void {
    if (this.#watcher !== undefined) return;
    const name = basename(this.#path);
    try {
      const watcher = watch(dirname(this.#path), { persistent: false }, (_, changed) => {
        if (changed !== null && changed !== name) return;
        this.#isDirty = true;
        this.#wake?.();
      });
      watcher.on("error", () => this.close());
      this.#watcher = watcher;
    } catch {
      // No such folder yet, or no watches left: polling alone is slower and as right.
      this.#watcher = undefined;
    }
  }
}
