// Notes of poison in the order of the journal, until a majority has spoken about one message: the
// first ones in that order count, so that every replica stores the very same ones. Owns how many
// are kept; never judges the message.

import {
  type Crypto,
  type Envelope,
  EnvelopeSchema,
  hex,
  isReject,
  type LedgerId,
  type RejectCode,
} from "@ostraka/proto";
import {
  type BinaryReader,
  type BinaryWriter,
  loadAll,
  loadMessage,
  loadNumber,
  type MeshView,
  majorityOf,
  saveAll,
  saveMessage,
  saveNumber,
} from "../kernel/index.ts";
import { openPoisonNote } from "./poison-note.ts";

interface Case {
  readonly position: number;
  /** By hex key, in the order of the journal. */
  readonly notes: Map<string, Envelope>;
}

/** Messages that notes are kept about; the oldest are forgotten. */
const CASES_MAX = 4;
/** Positions remembered as passed over: notes about them that come later change nothing. */
const PASSED_MAX = 64;

export interface PoisonMajority {
  readonly position: number;
  readonly notes: readonly Envelope[];
}

export class PoisonTally {
  /** By generation, position and chain hash. */
  readonly #cases = new Map<string, Case>();
  #passed: number[] = [];

  /** A position was entered as poison. */
  pass(position: number): void {
    this.#passed.push(position);
    if (this.#passed.length > PASSED_MAX) this.#passed.shift();
    for (const [name, { position: of }] of this.#cases) {
      if (of === position) this.#cases.delete(name);
    }
  }

  /**
   * Takes a note as it comes in the journal.
   * @returns the majority that it completes; a code when it is none; else `undefined`.
   */
  take(
    crypto: Crypto,
    view: MeshView,
    envelope: Envelope,
    here: { readonly ledger: LedgerId; readonly generation: number },
  ): PoisonMajority | RejectCode | undefined {
    const note = openPoisonNote(crypto, view, envelope);
    if (isReject(note)) return note.reject;
    const { position, generation, ledger } = note;
    if (ledger !== here.ledger) return "malformed";
    // Of a generation that is over: what it left out needs no passing over.
    if (generation !== here.generation || this.#passed.includes(position)) return undefined;
    const name = `${generation}/${position}/${hex(note.chainHash)}`;
    const known = this.#cases.get(name) ?? { position, notes: new Map<string, Envelope>() };
    this.#cases.set(name, known);
    if (this.#cases.size > CASES_MAX) {
      const [oldest] = this.#cases.keys();
      this.#cases.delete(oldest as string);
    }
    const key = hex(note.coordinatorKey);
    if (known.notes.has(key)) return undefined;
    known.notes.set(key, envelope);
    if (known.notes.size !== majorityOf(view.coordinatorKeys().length)) return undefined;
    return { position, notes: [...known.notes.values()] };
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#passed, (_, position) => saveNumber(w, position));
    saveAll(w, this.#cases, (_, [name, { position, notes }]) => {
      saveNumber(w.string(name), position);
      saveAll(w, notes, (_w, [key, envelope]) =>
        saveMessage(w.string(key), EnvelopeSchema, envelope),
      );
    });
  }

  load(r: BinaryReader): void {
    this.#passed = loadAll(r, () => loadNumber(r));
    loadAll(r, () => {
      const name = r.string();
      const position = loadNumber(r);
      const notes = new Map<string, Envelope>();
      loadAll(r, () => {
        const key = r.string();
        notes.set(key, loadMessage(r, EnvelopeSchema));
      });
      this.#cases.set(name, { position, notes });
    });
  }
}
