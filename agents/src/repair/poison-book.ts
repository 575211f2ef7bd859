// The notes of poison that a coordinator has heard of one ledger, until a majority has spoken about
// one message. Owns how many are kept; never decides to pass over a message: the notes do.

import { type Crypto, compareBytes, type Envelope, hex, isReject, LIMITS } from "@ostraka/proto";
import { type MeshView, majorityOf } from "../kernel/index.ts";
import { isAbout, type OpenedNote, openPoisonNote, type PoisonCase } from "./poison-note.ts";

export class PoisonBook {
  readonly #crypto: Crypto;
  /** The newest note of each coordinator, by hex key: a replica stops at one position. */
  readonly #notes = new Map<string, OpenedNote>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** @returns the note, when it is new. */
  take(view: MeshView, envelope: Envelope): OpenedNote | undefined {
    const note = openPoisonNote(this.#crypto, view, envelope);
    if (isReject(note)) return undefined;
    const key = hex(note.coordinatorKey);
    const known = this.#notes.get(key);
    if (known !== undefined && isAbout(known, note)) return undefined;
    if (this.#notes.size >= LIMITS.signaturesMax) this.#notes.clear();
    this.#notes.set(key, note);
    return note;
  }

  all(): readonly OpenedNote[] {
    return [...this.#notes.values()];
  }

  /** Notes of a majority on one message, in the order of their keys; else `undefined`. */
  majorityOn(view: MeshView, about: PoisonCase): Envelope[] | undefined {
    const notes = this.all().filter((note) => isAbout(note, about));
    if (notes.length < majorityOf(view.coordinatorKeys().length)) return undefined;
    notes.sort((a, b) => compareBytes(a.coordinatorKey, b.coordinatorKey));
    return notes.map(({ envelope }) => envelope);
  }
}
