// Who waits for which reply of the node: numbers stand for callers inside the node. Owns the way
// back from a number to its caller, ONCE.

import type { Reply } from "@ostraka/agents/kernel";

export class Callers {
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #last = 0;

  /** @returns the number that stands for this caller. */
  add(onReply: (reply: Reply) => void): number {
    const to = ++this.#last;
    this.#waiting.set(to, onReply);
    return to;
  }

  /** Hands a reply to its caller. */
  answer(reply: Reply): void {
    const onReply = this.#waiting.get(reply.to);
    this.#waiting.delete(reply.to);
    onReply?.(reply);
  }

  /** Forgets a caller that will get no reply. */
  forget(to: number): void {
    this.#waiting.delete(to);
  }
}
