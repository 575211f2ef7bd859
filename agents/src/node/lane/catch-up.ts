// Brings a ledger of this coordinator up to the others when its journal's stream cannot: after its
// store was lost, or when the stream has forgotten what it had not read yet. A snapshot and the
// records below it first, then messages out of others' copies; the control ledger before the
// signals. Takes nothing on a peer's word.

import {
  type Bytes,
  type Channels,
  type Crypto,
  decode,
  EntryRecordSchema,
  EntrySchema,
  encode,
  encodeNew,
  Frontier,
  type Head,
  Ledger,
  type LedgerId,
  LIMITS,
  ledgerName,
  type ResyncRequest,
  ResyncRequestSchema,
  type ResyncResponse,
  SealedHeadSchema,
} from "@ostraka/proto";
import type { Out, Store, Write } from "../../kernel/index.ts";
import type { OpenedGenesis } from "../../roster/index.ts";
import type { CoordinatorEffect } from "../coordinator/coordinator-io.ts";
import { Mesh } from "../mesh.ts";
import type { ErasedParts } from "../privates-desk.ts";
import { recordRows } from "../record-rows.ts";
import { JournalRun } from "./journal-run.ts";
import type { LedgerLane } from "./ledger-lane.ts";
import { journalRequest } from "./peer-pages.ts";
import { SnapshotFetch } from "./snapshot-fetch.ts";
import { snapshotRequest } from "./snapshot-pages.ts";

export interface CatchUpParts {
  readonly crypto: Crypto;
  readonly genesis: OpenedGenesis;
  readonly store: Store;
  readonly channels: Channels;
  readonly publicKey: Bytes;
  readonly lanes: ReadonlyMap<LedgerId, LedgerLane>;
  readonly erased: ErasedParts;
}

type CatchUpOut = Out<CoordinatorEffect>;
/** Messages of a journal that may be applied now, in order. */
export type VerifiedRun = (readonly [number, Bytes])[];

/** Ticks without an answer after which something else is tried. */
const PATIENCE_TICKS = 3;

interface Work {
  fetch: SnapshotFetch | undefined;
  run: JournalRun | undefined;
  /** The sealed head that the run must lead to. */
  target: Head | undefined;
  /** Ticks since something came. */
  idle: number;
  /** Nobody has a newer snapshot: messages are asked for. */
  isByJournal: boolean;
  /** What is in the store did not fit: everything is fetched. */
  isFromStart: boolean;
}

export class CatchUp {
  readonly #p: CatchUpParts;
  readonly #works = new Map<LedgerId, Work>();
  /** The store was rewritten: nothing more is taken in before it is opened again. */
  #isDone = false;

  constructor(parts: CatchUpParts) {
    this.#p = parts;
  }

  /** Asks for what is next, for every ledger whose stream does not have it. */
  tick(out: CatchUpOut): void {
    if (this.#isDone) return;
    for (const [ledger, lane] of this.#p.lanes) {
      if (!lane.isBehindStream) {
        this.#works.delete(ledger);
        continue;
      }
      const work = this.#workOf(ledger);
      if (++work.idle > PATIENCE_TICKS) {
        work.idle = 0;
        work.isByJournal = !work.isByJournal;
        work.fetch = undefined;
        work.run = undefined;
      }
      this.#ask(ledger, lane, work, out);
      // Control first: the signals are judged by it.
      return;
    }
  }

  /** @returns messages to be applied now: they lead to a head that a majority has sealed. */
  onAnswer(request: ResyncRequest, response: ResyncResponse, out: CatchUpOut): VerifiedRun {
    const lane = [...this.#p.lanes.values()].find((l) => l.ledger === request.ledger);
    const work = lane && this.#works.get(lane.ledger);
    if (lane === undefined || work === undefined || this.#isDone) return [];
    if (request.want.case === "snapshotFrom") this.#onPiece(lane, work, response, out);
    else if (request.want.case === "aboveIndex") this.#onRecords(lane, work, response, out);
    else if (request.want.case === "journalAbove") {
      const isNext = Number(request.want.value) === work.run?.position;
      return isNext ? this.#onMessages(lane, work, response.messages, out) : [];
    }
    return [];
  }

  #workOf(ledger: LedgerId): Work {
    const known = this.#works.get(ledger);
    if (known !== undefined) return known;
    const work: Work = {
      fetch: undefined,
      run: undefined,
      target: undefined,
      idle: 0,
      isByJournal: false,
      isFromStart: false,
    };
    this.#works.set(ledger, work);
    return work;
  }

  #ask(ledger: LedgerId, lane: LedgerLane, work: Work, out: CatchUpOut): void {
    const { channels, publicKey } = this.#p;
    const bytes = work.isByJournal
      ? this.#journalQuestion(lane, work)
      : this.#snapshotQuestion(ledger, lane, work);
    if (bytes === undefined) return;
    out.publish.push({ channel: channels.resync(publicKey), bytes, isRequest: true });
  }

  #snapshotQuestion(ledger: LedgerId, lane: LedgerLane, work: Work): Bytes {
    const { publicKey } = this.#p;
    work.fetch ??= this.#newFetch(lane, work);
    const { from, index, isSnapshotWhole, position } = work.fetch;
    if (!isSnapshotWhole) return snapshotRequest(ledger, publicKey, from, position);
    const want = { case: "aboveIndex", value: BigInt(index) } as const;
    return encodeNew(ResyncRequestSchema, { format: 1, ledger, want, hostKey: publicKey });
  }

  #journalQuestion(lane: LedgerLane, work: Work): Bytes | undefined {
    const { latest } = lane.sealer;
    const { position, chainHash } = lane.machine.point;
    const until = Number(latest?.head.position ?? 0n);
    if (until <= position) return undefined;
    if (work.run === undefined) {
      work.run = new JournalRun(this.#p.crypto, position, chainHash, until);
      work.target = latest?.head;
    }
    return journalRequest(lane.ledger, this.#p.publicKey, work.run.position);
  }

  #newFetch(lane: LedgerLane, { isFromStart }: Work): SnapshotFetch {
    const { crypto, genesis } = this.#p;
    const { book, mesh } = lane.machine;
    const size = isFromStart ? 0 : book.index;
    const frontier = Frontier.of(crypto, size, book.frontier(size)) as Frontier;
    const isControl = lane.ledger === Ledger.CONTROL;
    const own = isControl ? new Mesh(crypto, genesis) : undefined;
    if (own !== undefined) {
      for (const [index, bytes] of lane.rows.scan("record")) {
        if (index > size) break;
        const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
        const entry = record && decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
        if (entry !== undefined) own.apply(entry);
      }
    }
    const control = this.#p.lanes.get(Ledger.CONTROL)?.machine.mesh ?? mesh;
    return new SnapshotFetch({
      crypto,
      ledger: lane.ledger,
      frontier,
      mesh: own,
      view: () => control.view,
    });
  }

  #onPiece(lane: LedgerLane, work: Work, response: ResyncResponse, out: CatchUpOut): void {
    const { fetch } = work;
    if (fetch === undefined || fetch.isSnapshotWhole) return;
    work.idle = 0;
    if (!fetch.takePiece(response)) work.fetch = undefined;
    else if (fetch.position <= lane.machine.point.position) {
      work.isByJournal = true;
      work.fetch = undefined;
    }
    this.#goOn(lane, work, out);
  }

  #onRecords(lane: LedgerLane, work: Work, response: ResyncResponse, out: CatchUpOut): void {
    const { fetch } = work;
    if (fetch === undefined || !fetch.isSnapshotWhole) return;
    const taken = fetch.takeRecords(response.records);
    if (taken === undefined) {
      this.#beginAnew(lane, work, out);
      return;
    }
    if (taken.length > 0) work.idle = 0;
    const { crypto, erased } = this.#p;
    for (const { record, entry } of taken) {
      const index = Number(entry.index);
      const made = { index, entry, bytes: encode(EntryRecordSchema, record) };
      out.persist.push(...recordRows(crypto, lane.ledger, made));
      if (lane.ledger === Ledger.CONTROL && entry.effect.case === "erasure") {
        out.persist.push(...erased.note(entry.effect.value.commitments, index));
      }
    }
    if (fetch.isWhole) this.#takeUp(lane, work, fetch, out);
    else if (taken.length > 0) this.#goOn(lane, work, out);
  }

  #takeUp(lane: LedgerLane, work: Work, fetch: SnapshotFetch, out: CatchUpOut): void {
    const complete = fetch.complete();
    if (complete === undefined) {
      this.#beginAnew(lane, work, out);
      return;
    }
    const controlIndex = Number(complete.head.controlIndex);
    const control = this.#p.lanes.get(Ledger.CONTROL) as LedgerLane;
    const isHere = lane === control || controlIndex <= control.machine.book.index;
    // Judged by control entries that must be here first: asked for again, a little later.
    if (!isHere) return;
    this.#isDone = true;
    lane.watch.damage ??= "taking up a snapshot";
    out.persist.push(...this.#rowsOf(lane, complete, fetch.index));
    const at = lane.at(complete.head.position);
    out.trace.push({ what: "caught-up", ledger: ledgerName(lane.ledger), at });
    out.enforce.push({ type: "reopen" });
  }

  /** Everything of the journal that was here goes; the snapshot stands in its place. */
  #rowsOf(
    { rows }: LedgerLane,
    { head, sealed, snapshot }: NonNullable<ReturnType<SnapshotFetch["complete"]>>,
    lastIndex: number,
  ): Write[] {
    const position = Number(head.position);
    const gone = (["journal", "head", "snapshot", "snapshot-sealed"] as const).flatMap((kind) =>
      [...rows.scan(kind)].map(([n]): Write => ({ key: rows.key(kind, n) })),
    );
    const above = [...rows.scan("record", lastIndex + 1)].map(
      ([n]): Write => ({ key: rows.key("record", n) }),
    );
    const seals = encode(SealedHeadSchema, sealed);
    return [
      ...gone,
      ...above,
      { key: rows.key("head", position), value: sealed.head },
      { key: rows.key("snapshot", position), value: snapshot },
      { key: rows.key("snapshot-sealed", position), value: seals },
      ...rows.sealedRows(Number(head.index), seals),
      rows.publishedRow(position),
      rows.numberRow(`pruned/${rows.letter}`, position),
    ];
  }

  #onMessages(
    lane: LedgerLane,
    work: Work,
    messages: readonly Bytes[],
    out: CatchUpOut,
  ): VerifiedRun {
    const { run } = work;
    const sealed = lane.sealer.latest;
    if (run === undefined || sealed === undefined || messages.length === 0) return [];
    work.idle = 0;
    if (!run.take(messages)) {
      this.#beginAnew(lane, work, out);
      return [];
    }
    if (!run.isWhole) {
      this.#goOn(lane, work, out);
      return [];
    }
    work.run = undefined;
    const { target } = work;
    const verified = target && run.verified(target.chainHash);
    if (verified === undefined) lane.onMisfit();
    return verified ?? [];
  }

  #beginAnew(lane: LedgerLane, work: Work, out: CatchUpOut): void {
    out.trace.push({ what: "rejected", kind: "snapshot", ledger: ledgerName(lane.ledger) });
    work.fetch = undefined;
    work.run = undefined;
    work.isByJournal = false;
    work.isFromStart = true;
  }

  #goOn(lane: LedgerLane, work: Work, out: CatchUpOut): void {
    this.#ask(lane.ledger, lane, work, out);
  }
}
