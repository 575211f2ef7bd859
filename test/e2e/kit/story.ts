// What happened in a run of failures and when, on stderr, and everything that helps to understand
// one that did not hold. Disposed of BEFORE the mesh is: it asks it for its last words.

import type { Three } from "./three.ts";
import type { Writer } from "./writer.ts";

export class Story {
  /** Set at the end of a run that held: nothing more is told. */
  isGood = false;
  readonly #three: Three;
  readonly #writer: Writer;
  readonly #startedMs = performance.now();

  constructor(three: Three, writer: Writer) {
    this.#three = three;
    this.#writer = writer;
  }

  tell(what: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1_000).toFixed(1);
    const { length } = this.#writer.book;
    process.stderr.write(`  ${seconds} s: ${what} (${length} writes so far)\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isGood) return;
    process.stderr.write(`${this.#writer.lastAnswers}\n${this.#three.lastWords}\n`);
  }
}
