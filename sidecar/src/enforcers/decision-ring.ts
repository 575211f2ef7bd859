// The last answers of this host that were not permits, by id, so that `explain` takes the id a
// denied person reads off the page. Bounded: the oldest is forgotten; nothing leaves the host (I9).

import type { AccessRequest, DecisionRecord } from "./decision.ts";

/** Answers remembered unless told otherwise. */
const DECISIONS_KEPT = 4096;

/** Characters of a resource kept. */
export const RESOURCE_CHARS_KEPT = 512;

const HOST = /^[a-z0-9][a-z0-9.-]{0,62}$/;
const INCARNATION = /^[0-9a-z]{4,32}$/;

export class DecisionRing {
  readonly #prefix: string;
  readonly #slots: (DecisionRecord | undefined)[];
  #next = 1;

  /**
   * @param host the host's name; @param incarnation lower-case letters and digits that differ at
   * every start, so that an id of an earlier run is never mistaken for one of this run.
   * @throws RangeError when either could not stand in a header, or `kept` is below 1.
   */
  constructor(host: string, incarnation: string, kept = DECISIONS_KEPT) {
    if (!HOST.test(host)) throw new RangeError(`"${host}" is not a host name`);
    if (!INCARNATION.test(incarnation)) throw new RangeError(`bad incarnation "${incarnation}"`);
    if (!Number.isSafeInteger(kept) || kept < 1) throw new RangeError(`cannot keep ${kept}`);
    this.#prefix = `${host}-${incarnation}-`;
    this.#slots = new Array<DecisionRecord | undefined>(kept).fill(undefined);
  }

  /** Keeps an answer and names it: `<host>-<incarnation>-<count in base 32>`. */
  record(answer: Omit<DecisionRecord, "id">): DecisionRecord {
    const count = this.#next++;
    const id = this.#prefix + count.toString(32);
    const record = { id, ...answer, request: shortened(answer.request) };
    this.#slots[count % this.#slots.length] = record;
    return record;
  }

  /** The answer of that id; `undefined` when it is not of this run or has been forgotten. */
  find(id: string): DecisionRecord | undefined {
    if (!id.startsWith(this.#prefix)) return undefined;
    const count = Number.parseInt(id.slice(this.#prefix.length), 32);
    if (Number.isNaN(count)) return undefined;
    const record = this.#slots[count % this.#slots.length];
    return record?.id === id ? record : undefined;
  }
}

// Copied, not sliced: a slice holds the whole text it was cut from, and a client chose its length.
function shortened(request: AccessRequest): AccessRequest {
  if (request.resource === undefined) return request;
  const kept = Buffer.from(request.resource.slice(0, RESOURCE_CHARS_KEPT), "utf8");
  return { ...request, resource: kept.toString("utf8") };
}
