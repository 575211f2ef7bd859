// Answers resync requests: entries above an index, or a ledger's active set under one sealed head
// with its proofs. Only what is sealed leaves this desk.

import { create } from "@bufbuild/protobuf";
import {
  type Bytes,
  decode,
  type EntryRecord,
  EntryRecordSchema,
  encode,
  InclusionProofSchema,
  LEDGERS,
  type Ledger,
  type LedgerId,
  LIMITS,
  ledgerLetter,
  type ResyncRequest,
  ResyncResponseSchema,
  type SealedHead,
} from "@ostraka/proto";
import { orderedKey, type Store } from "../../kernel/index.ts";
import type { Sealed } from "../../sealer/index.ts";
import type { JournalMachine } from "../machine/journal-machine.ts";

interface Capture {
  readonly sealed: SealedHead;
  readonly position: number;
  readonly index: number;
  /** Ledger indices of the revocations in force at the head, ascending. */
  readonly indices: readonly number[];
}

/** Captures kept so that a newcomer can page through one while newer heads come. */
const CAPTURES_MAX = 4;

export class ResyncDesk {
  readonly #store: Store;
  readonly #look: (ledger: LedgerId) => {
    readonly machine: JournalMachine;
    readonly sealed: Sealed | undefined;
  };
  readonly #captures = new Map<LedgerId, Capture[]>();

  constructor(
    store: Store,
    look: (ledger: LedgerId) => { machine: JournalMachine; sealed: Sealed | undefined },
  ) {
    this.#store = store;
    this.#look = look;
  }

  /**
   * The encoded response, or `undefined` when the request makes no sense or nothing is sealed yet.
   */
  answer(request: ResyncRequest): Bytes | undefined {
    const ledger = LEDGERS.find((l: Ledger) => l === request.ledger);
    if (ledger === undefined) return undefined;
    switch (request.want.case) {
      case "aboveIndex":
        return this.#entriesAbove(ledger, Number(request.want.value));
      case "activeSetFrom":
        return this.#activeSet(ledger, request);
      default:
        return undefined;
    }
  }

  #entriesAbove(ledger: LedgerId, above: number): Bytes | undefined {
    const { machine, sealed } = this.#look(ledger);
    if (sealed === undefined || above < 0) return undefined;
    const last = Number(sealed.head.index);
    const { records, hasMore, count } = this.#page(ledger, range(above + 1, last));
    // A page that ends below the head proves that it leads there, so it can be applied by itself.
    const end = above + count;
    const isProven = count > 0 && end < last && machine.book.index >= last;
    const consistency = isProven ? machine.book.consistencyPath(end, last) : [];
    const message = { format: 1, head: sealed.sealed, records, hasMore, consistency };
    return encode(ResyncResponseSchema, create(ResyncResponseSchema, message));
  }

  #activeSet(ledger: LedgerId, request: ResyncRequest): Bytes | undefined {
    const capture = this.#captureFor(ledger, Number(request.headPosition));
    if (capture === undefined) return undefined;
    const { machine } = this.#look(ledger);
    const from = Number(request.want.value);
    const wanted = capture.indices.slice(from);
    const { records, hasMore, count } = this.#page(ledger, wanted);
    const proofs = wanted.slice(0, count).map((index) =>
      create(InclusionProofSchema, {
        index: BigInt(index),
        path: machine.book.inclusionPath(index, capture.index),
      }),
    );
    const message = {
      format: 1,
      head: capture.sealed,
      records,
      proofs,
      frontier: from === 0 ? machine.book.frontier(capture.index) : [],
      hasMore,
    };
    return encode(ResyncResponseSchema, create(ResyncResponseSchema, message));
  }

  #page(ledger: LedgerId, indices: Iterable<number>) {
    const records: EntryRecord[] = [];
    let size = 0;
    let count = 0;
    let hasMore = false;
    for (const index of indices) {
      const key = `record/${ledgerLetter(ledger)}/${orderedKey(index)}`;
      const bytes = this.#store.get(key);
      if (bytes === undefined) break;
      size += bytes.length;
      if (count > 0 && (size > LIMITS.pageBytesMax || count >= LIMITS.pageRecordsMax)) {
        hasMore = true;
        break;
      }
      records.push(decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax) as EntryRecord);
      count++;
    }
    return { records, hasMore, count };
  }

  /** The active set at a sealed head that our machine stands at, or one captured before. */
  #captureFor(ledger: LedgerId, position: number): Capture | undefined {
    const captures = this.#captures.get(ledger) ?? [];
    this.#captures.set(ledger, captures);
    if (position !== 0) return captures.find((c) => c.position === position);
    const { machine, sealed } = this.#look(ledger);
    const isAtHead =
      sealed !== undefined && Number(sealed.head.position) === machine.lastHeadPosition;
    if (isAtHead && captures[0]?.position !== Number(sealed.head.position)) {
      captures.unshift({
        sealed: sealed.sealed,
        position: Number(sealed.head.position),
        index: Number(sealed.head.index),
        indices: machine.activeIndices(),
      });
      captures.length = Math.min(captures.length, CAPTURES_MAX);
    }
    return captures[0];
  }
}

function* range(from: number, to: number): Iterable<number> {
  for (let n = from; n <= to; n++) yield n;
}
