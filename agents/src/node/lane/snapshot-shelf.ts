// The snapshots of one ledger at a coordinator: which there are, which of them a majority has
// sealed, which are still needed. Owns the seals on their heads, which are asked for until they are
// complete: only below a sealed snapshot may anything be forgotten (I4).

import {
  type Bytes,
  type Crypto,
  type Envelope,
  encode,
  equalBytes,
  isReject,
  type LedgerId,
  SealedHeadSchema,
} from "@ostraka/proto";
import type { MeshView, Write } from "../../kernel/index.ts";
import { Sealer } from "../../sealer/index.ts";
import type { MachineStep } from "../machine/journal-machine.ts";
import type { LaneRows } from "./lane-rows.ts";

/** Snapshots kept, besides the newest that is sealed. */
const KEPT = 2;

interface Shelved {
  readonly position: number;
  readonly head: Bytes;
  isSealed: boolean;
}

export class SnapshotShelf {
  readonly #rows: LaneRows;
  readonly #sealer: Sealer;
  /** Oldest first. */
  #shelved: Shelved[] = [];
  /** Another coordinator still asks for seals on the newest. */
  #isAsked = false;

  constructor(crypto: Crypto, ledger: LedgerId, rows: LaneRows) {
    this.#rows = rows;
    this.#sealer = new Sealer(crypto, ledger);
  }

  /** Takes up what lies in the store. */
  open(): void {
    for (const [position] of this.#rows.scan("snapshot")) {
      const head = this.#rows.get("head", position);
      if (head === undefined) continue;
      const isSealed = this.#rows.sealedSnapshot(position) !== undefined;
      this.#shelved.push({ position, head, isSealed });
    }
  }

  /** Positions, newest first. */
  positions(): number[] {
    return this.#shelved.map((s) => s.position).reverse();
  }

  /** The newest that a majority has sealed at or below a position. */
  newestSealed(upTo = Number.MAX_SAFE_INTEGER): number | undefined {
    return this.#shelved.findLast((s) => s.isSealed && s.position <= upTo)?.position;
  }

  has(position: number): boolean {
    return this.#shelved.some((s) => s.position === position);
  }

  /** Stores the snapshot that a step made, if it made one. */
  note({ position, head, snapshot }: MachineStep): Write[] {
    if (snapshot === undefined || head === undefined) return [];
    this.#shelved.push({ position, head, isSealed: false });
    this.#isAsked = false;
    return [{ key: this.#rows.key("snapshot", position), value: snapshot }, ...this.#tidy()];
  }

  /** Counts a coordinator's seal on the head of our newest snapshot. */
  takeHead(view: MeshView, envelope: Envelope, ownKey: Bytes): Write[] {
    const newest = this.#shelved.at(-1);
    if (newest === undefined || !equalBytes(newest.head, envelope.body)) return [];
    const key = envelope.signatures[0]?.key ?? new Uint8Array();
    if (newest.isSealed) {
      this.#isAsked ||= !equalBytes(key, ownKey);
      return [];
    }
    const sealed = this.#sealer.take(view, envelope);
    if (sealed === undefined || isReject(sealed)) return [];
    newest.isSealed = true;
    const value = encode(SealedHeadSchema, sealed.sealed);
    return [{ key: this.#rows.key("snapshot-sealed", newest.position), value }, ...this.#tidy()];
  }

  /** The head of the newest snapshot, while its seals are incomplete here or elsewhere. */
  headToSealAgain(): Pick<Shelved, "head" | "position"> | undefined {
    const newest = this.#shelved.at(-1);
    const isDue = newest !== undefined && (!newest.isSealed || this.#isAsked);
    this.#isAsked = false;
    return isDue ? newest : undefined;
  }

  /** Lets go of a sealed snapshot's predecessors: what they hold was erased. */
  dropBelow(position: number): Write[] {
    return this.#drop((s) => s.position < position);
  }

  #tidy(): Write[] {
    const sealed = this.newestSealed() ?? 0;
    const newest = this.#shelved.slice(-KEPT);
    return this.#drop((s) => !newest.includes(s) && s.position !== sealed);
  }

  #drop(isOver: (shelved: Shelved) => boolean): Write[] {
    const over = this.#shelved.filter(isOver);
    this.#shelved = this.#shelved.filter((s) => !over.includes(s));
    return over.flatMap(({ position }) => [
      { key: this.#rows.key("snapshot", position) },
      { key: this.#rows.key("snapshot-sealed", position) },
    ]);
  }
}
