// Subjects of one log: what a line calls an address, an account or a session, in canonical text.
// Owns the rule for realm and host accounts. A name that cannot be a subject gives none.

import { addressSubject, parseSubject, type SubjectText, userSubject } from "@ostraka/proto";
import { SUBJECT_CACHE_MAX } from "../limits.ts";
import { isSystemAccount } from "./system-accounts.ts";

export class Subjects {
  readonly #host: string;
  readonly #realm: string;
  readonly #addresses = new Map<string, SubjectText | undefined>();
  readonly #accounts = new Map<string, SubjectText | undefined>();

  constructor(host: string, realm: string) {
    this.#host = host;
    this.#realm = realm;
  }

  /** `address:…`, or nothing for a host name (sshd with UseDNS) and other text. */
  address(text: string): SubjectText | undefined {
    return cached(this.#addresses, text, addressSubject);
  }

  /** `user:<realm>/<name>`; root and system accounts are `user:<host>/<name>`. */
  account(name: string): SubjectText | undefined {
    return cached(this.#accounts, name, () =>
      userSubject(isSystemAccount(name) ? this.#host : this.#realm, name),
    );
  }

  /** `session:<host>/<id>` with the id that systemd-logind gave it. */
  session(id: string): SubjectText | undefined {
    return parseSubject(`session:${this.#host}/${id}`);
  }
}

function cached(
  cache: Map<string, SubjectText | undefined>,
  key: string,
  make: (key: string) => SubjectText | undefined,
): SubjectText | undefined {
  const found = cache.get(key);
  if (found !== undefined || cache.has(key)) return found;
  // Attackers choose the keys, so the cache is emptied rather than grown.
  if (cache.size >= SUBJECT_CACHE_MAX) cache.clear();
  const made = make(key);
  cache.set(key, made);
  return made;
}
