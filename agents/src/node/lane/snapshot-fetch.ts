// What a coordinator that has lost a ledger gathers from others: a snapshot in pieces, then the
// records below it. Owns the check of both: seals of a majority on the head, the digest that it
// names over the snapshot, its root over the records; rosters on the way are judged by themselves.

import {
  type Bytes,
  type Crypto,
  concat,
  decode,
  type Entry,
  type EntryRecord,
  EntrySchema,
  equalBytes,
  type Frontier,
  type Head,
  isReject,
  Ledger,
  type LedgerId,
  LIMITS,
  leafHash,
  type ResyncResponse,
  type SealedHead,
} from "@ostraka/proto";
import { decodeHead, type MeshView } from "../../kernel/index.ts";
import { openSealedHead } from "../../sealer/index.ts";
import type { Mesh } from "../mesh.ts";
import { arePartsOf } from "../privates-fit.ts";

export interface FetchStart {
  readonly crypto: Crypto;
  readonly ledger: LedgerId;
  /** Right edge of the own ledger, from which records are wanted. */
  readonly frontier: Frontier;
  /** A mesh of its own at that edge, for the control ledger; advanced by each record. */
  readonly mesh: Mesh | undefined;
  /** Who may seal, for the signals ledger: as the control ledger here knows it. */
  readonly view: () => MeshView;
}

/** Effects that change who may sign what; all but verdicts and what only lies in the ledger. */
const OF_THE_MESH: ReadonlySet<Entry["effect"]["case"]> = new Set([
  "genesis",
  "roster",
  "grant",
  "member",
  "policy",
  "activation",
  "rollout",
  "rolloutChange",
  "version",
  "equivocation",
]);

export interface FetchedRecord {
  readonly record: EntryRecord;
  readonly entry: Entry;
}

export class SnapshotFetch {
  readonly #s: FetchStart;
  readonly #pieces: Bytes[] = [];
  readonly #frontier: Frontier;
  #size = 0;
  #sealed: SealedHead | undefined;
  #head: Head | undefined;
  #total = 0;

  constructor(start: FetchStart) {
    this.#s = start;
    this.#frontier = start.frontier;
  }

  /** Byte of the snapshot that is wanted next. */
  get from(): number {
    return this.#size;
  }

  get position(): number {
    return Number(this.#head?.position ?? 0n);
  }

  get isSnapshotWhole(): boolean {
    return this.#head !== undefined && this.#size === this.#total;
  }

  /** Last index that is here. */
  get index(): number {
    return this.#frontier.size;
  }

  get isWhole(): boolean {
    return this.isSnapshotWhole && this.index === Number(this.#head?.index ?? -1n);
  }

  /** Takes a piece. @returns false when it is none of this snapshot: begin anew. */
  takePiece({ head: sealed, snapshot, snapshotBytes }: ResyncResponse): boolean {
    if (sealed === undefined) return false;
    if (this.#sealed === undefined && !this.#begin(sealed, Number(snapshotBytes))) return false;
    const isSame = equalBytes((this.#sealed as SealedHead).head, sealed.head);
    if (!isSame || Number(snapshotBytes) !== this.#total) return false;
    if (snapshot.length === 0 || this.#size + snapshot.length > this.#total) return false;
    this.#pieces.push(snapshot);
    this.#size += snapshot.length;
    return true;
  }

  #begin(sealed: SealedHead, total: number): boolean {
    const head = decodeHead(sealed.head);
    if (head === undefined || head.ledger !== this.#s.ledger) return false;
    if (head.stateDigest.length === 0 || total > LIMITS.snapshotBytesMax) return false;
    this.#sealed = sealed;
    this.#head = head;
    this.#total = total;
    return true;
  }

  /**
   * Takes a page of records, as far as the snapshot's head.
   * @returns those that follow, or `undefined` when one cannot be of this ledger.
   */
  takeRecords(records: readonly EntryRecord[]): FetchedRecord[] | undefined {
    const last = Number(this.#head?.index ?? 0n);
    const taken: FetchedRecord[] = [];
    for (const record of records) {
      const entry = decode(EntrySchema, record.entry, LIMITS.entryBytesMax);
      if (entry === undefined || entry.ledger !== this.#s.ledger) return undefined;
      const index = Number(entry.index);
      if (index <= this.index) continue;
      if (index > last) break;
      const isNext = index === this.index + 1;
      if (!isNext || !equalBytes(entry.previousRoot, this.#frontier.root())) return undefined;
      // What lies beside an entry is under no seal: an import would carry it on.
      if (!arePartsOf(this.#s.crypto, entry, record.privates)) return undefined;
      if (!this.#followControl(entry)) return undefined;
      this.#frontier.append(leafHash(this.#s.crypto, record.entry));
      taken.push({ record, entry });
    }
    return taken;
  }

  /**
   * I2: a peer may not bring in a roster of its own making, and with it seals of its own; nor
   * anything else that the mesh cannot apply. No seal has been seen yet.
   */
  #followControl(entry: Entry): boolean {
    const { mesh } = this.#s;
    if (mesh === undefined) return true;
    const isChecked = OF_THE_MESH.has(entry.effect.case);
    if (isChecked && mesh.faultOf(entry, []) !== undefined) return false;
    mesh.apply(entry);
    return true;
  }

  /** The snapshot under its head, if everything fits; `undefined` when somebody lied. */
  complete(): { head: Head; sealed: SealedHead; snapshot: Bytes } | undefined {
    const { crypto, ledger, mesh, view } = this.#s;
    if (!this.isWhole || this.#sealed === undefined) return undefined;
    const by = ledger === Ledger.CONTROL && mesh !== undefined ? mesh.view : view();
    const head = openSealedHead(crypto, by, this.#sealed);
    if (isReject(head) || !equalBytes(this.#frontier.root(), head.root)) return undefined;
    const snapshot = concat(...this.#pieces);
    if (!equalBytes(crypto.sha256(snapshot), head.stateDigest)) return undefined;
    return { head, sealed: this.#sealed, snapshot };
  }
}
