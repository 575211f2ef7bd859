// What an earlier line of a connection said, its address or its user, for services whose refusal
// names only the connection. Owns the bound. A connection that ended is forgotten, since its number
// comes again.

import { NAMED_CONNECTIONS_MAX } from "../limits.ts";

export class ConnectionWords {
  readonly #words = new Map<string, string>();

  note(id: string, word: string): void {
    this.#words.delete(id);
    if (this.#words.size >= NAMED_CONNECTIONS_MAX) {
      for (const oldest of this.#words.keys()) {
        this.#words.delete(oldest);
        break;
      }
    }
    this.#words.set(id, word);
  }

  wordOf(id: string): string | undefined {
    return this.#words.get(id);
  }

  forget(id: string): void {
    this.#words.delete(id);
  }
}
