// The address that an earlier line of a connection named, for services whose refusal names only the
// connection. Owns the bound. A connection that ended is forgotten, since its number comes again.

import { NAMED_CONNECTIONS_MAX } from "../limits.ts";

export class NamedConnections {
  readonly #addresses = new Map<string, string>();

  open(id: string, address: string): void {
    this.#addresses.delete(id);
    if (this.#addresses.size >= NAMED_CONNECTIONS_MAX) {
      for (const oldest of this.#addresses.keys()) {
        this.#addresses.delete(oldest);
        break;
      }
    }
    this.#addresses.set(id, address);
  }

  addressOf(id: string): string | undefined {
    return this.#addresses.get(id);
  }

  close(id: string): void {
    this.#addresses.delete(id);
  }
}
