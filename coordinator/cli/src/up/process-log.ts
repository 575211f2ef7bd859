// What a child process said on stderr, kept in a file of its own folder for whoever looks later.
// Bounded: the file before the last is dropped. A disk that is full never stops the mesh.

import { appendFileSync, renameSync, statSync } from "node:fs";

const FILE_BYTES_MAX = 8_000_000;

export class ProcessLog {
  readonly #path: string;
  #bytes: number;

  constructor(path: string) {
    this.#path = path;
    this.#bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  write(line: string): void {
    try {
      if (this.#bytes > FILE_BYTES_MAX) {
        renameSync(this.#path, `${this.#path}.1`);
        this.#bytes = 0;
      }
      appendFileSync(this.#path, `${line}\n`, { mode: 0o600 });
      this.#bytes += line.length + 1;
    } catch {
      // The log is a comfort; the children themselves do not depend on it.
    }
  }
}
