// The lists of threat intelligence of one host, each with its name, its age and its end, and which
// of them name something of an event. Owns the order of the lists, which is that of the bits and of
// the bets. Must never let a list speak past its end: a feed that stopped is no news.

import type { Event } from "@ostraka/agents/kernel";
import { type DeclaredList, INTEL_LISTS_MAX } from "../detectors/intel-hit.ts";
import type { IntelEntries } from "./read-intel-list.ts";

/** What is in force of one list. */
export interface IntelEdition {
  readonly entries: IntelEntries;
  /** When it was made, in milliseconds since the epoch; shown as its age. */
  readonly madeMs: number;
  /** Events at or after this are not looked up in it. */
  readonly expiresMs: number;
}

const ADDRESS_AT = "address:".length;
/** Longer names of clients and resources are on no list. */
const TEXT_CHARS_MAX = 1_024;

export class IntelBook {
  /** Names and ceilings: fixed when the host starts, BEFORE any data. */
  readonly lists: readonly DeclaredList[];
  readonly #editions: (IntelEdition | undefined)[];

  /** @throws RangeError on more lists than there are bits. */
  constructor(lists: readonly DeclaredList[]) {
    if (lists.length > INTEL_LISTS_MAX) {
      throw new RangeError(`at most ${INTEL_LISTS_MAX} lists, not ${lists.length}`);
    }
    this.lists = lists;
    this.#editions = lists.map(() => undefined);
  }

  /** Puts an edition in force, between two events. @param list its place in `lists` */
  replace(list: number, edition: IntelEdition): void {
    if (list >= 0 && list < this.#editions.length) this.#editions[list] = edition;
  }

  edition(list: number): IntelEdition | undefined {
    return this.#editions[list];
  }

  /** Lists that name something of the event and are in force at its time, a bit each. */
  maskOf(event: Event): number {
    let mask = 0;
    for (let i = 0; i < this.#editions.length; i++) {
      const edition = this.#editions[i];
      if (edition === undefined || event.timeMs >= edition.expiresMs) continue;
      if (isNamed(edition.entries, event)) mask |= 1 << i;
    }
    return mask;
  }
}

function isNamed({ format, addresses, texts }: IntelEntries, event: Event): boolean {
  switch (format) {
    case "addresses":
      return event.address !== undefined && addresses.has(event.address, ADDRESS_AT);
    case "user-agents":
      return isText(event.userAgent) && texts.has(event.userAgent.trim());
    case "hashes":
      return hasLower(texts, event.process) || hasLower(texts, event.target);
    case "domains":
      return isText(event.target) && hasDomain(texts, event.target.toLowerCase());
  }
}

function isText(text: string | undefined): text is string {
  return text !== undefined && text.length <= TEXT_CHARS_MAX;
}

function hasLower(texts: ReadonlySet<string>, text: string | undefined): boolean {
  return isText(text) && texts.has(text.toLowerCase());
}

const HOST = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/@]*@)?([a-z0-9_.-]+?)\.?(?::\d+)?(?:[/?#]|$)/;

/** The host of a target (`example.com`, `https://a.example.com/x`), or any domain above it. */
function hasDomain(texts: ReadonlySet<string>, target: string): boolean {
  let host = HOST.exec(target)?.[1];
  while (host !== undefined) {
    if (texts.has(host)) return true;
    const dot = host.indexOf(".");
    host = dot < 0 ? undefined : host.slice(dot + 1);
  }
  return false;
}
