// Finds what is held against a subject: 64-bit fingerprints in flat memory, so that a permit, which
// is nearly every answer, costs one look and touches nothing else. Must never take a fingerprint
// for a denial: whoever holds the subjects compares the whole one. No insertion moves more than a
// small part of the table.

import type { SubjectText } from "@ostraka/proto";
import type { TextHash } from "./keyed-hash.ts";

/** Parts of the table; each grows and shrinks alone. */
const PARTS = 256;
/** Filled to at most this share, then grown by a sixteenth: under 15 bytes an entry. */
const LOAD_MAX = 0.9;
const LOAD_AFTER_GROWTH = 0.85;
/** Shrunk below this share, so that a passed flood gives its memory back. */
const LOAD_MIN = 0.4;
/** Places after the last home place, so that no run of entries has to wrap around. */
const TAIL = 16;
const HOMES_MIN = 8;
const WORD = 2 ** 32;

/** An ordered hash table (Amble and Knuth, 1974): fingerprints rise from place to place. */
interface Part {
  /** Two words a place: the rising one (0 = free), then the other. */
  prints: Uint32Array;
  values: Uint32Array;
  /** Home places; homes / 2^32 times the rising word is the home of a print. */
  homes: number;
  count: number;
}

/** Whether a number that was put in is of this subject. */
export type IsOf = (value: number, subject: SubjectText) => boolean;

/** A map of subjects to numbers. */
export class DenyIndex {
  readonly #hash: TextHash;
  readonly #isOf: IsOf;
  readonly #parts: (Part | undefined)[] = new Array(PARTS).fill(undefined);
  readonly #words = new Uint32Array(2);
  #size = 0;

  constructor(hash: TextHash, isOf: IsOf) {
    this.#hash = hash;
    this.#isOf = isOf;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of the tables themselves. */
  get tableBytes(): number {
    let bytes = 0;
    for (const part of this.#parts) bytes += part === undefined ? 0 : 12 * part.values.length;
    return bytes;
  }

  /** The number of a subject; 0 for none. */
  get(subject: SubjectText): number {
    const words = this.#words;
    this.#hash(subject, words);
    const other = words[0] as number;
    const part = this.#parts[other >>> 24];
    if (part === undefined) return 0;
    const rising = risingOf(words[1] as number);
    const { prints } = part;
    let place = homeOf(rising, part.homes);
    while ((prints[2 * place] as number) < rising && prints[2 * place] !== 0) place++;
    // Equal fingerprints of two subjects stand side by side.
    for (; prints[2 * place] === rising; place++) {
      if (prints[2 * place + 1] !== other) continue;
      const value = part.values[place] as number;
      if (this.#isOf(value, subject)) return value;
    }
    return 0;
  }

  /** Puts a number, not 0, in the place of its subject. */
  set(subject: SubjectText, value: number): void {
    const words = this.#words;
    this.#hash(subject, words);
    const other = words[0] as number;
    const rising = risingOf(words[1] as number);
    const number = other >>> 24;
    const part = this.#parts[number] ?? emptyPart(HOMES_MIN);
    this.#parts[number] = part;
    const found = this.#placeOf(part, rising, other, subject);
    if (found !== undefined) {
      part.values[found] = value;
      return;
    }
    this.#size++;
    if (part.count + 1 > part.homes * LOAD_MAX) resize(part, LOAD_AFTER_GROWTH);
    insert(part, rising, other, value);
  }

  /** @returns whether the subject was there. */
  delete(subject: SubjectText): boolean {
    const words = this.#words;
    this.#hash(subject, words);
    const other = words[0] as number;
    const part = this.#parts[other >>> 24];
    if (part === undefined) return false;
    const place = this.#placeOf(part, risingOf(words[1] as number), other, subject);
    if (place === undefined) return false;
    this.#size--;
    closeGap(part, place);
    if (part.count === 0) this.#parts[other >>> 24] = undefined;
    else if (part.count < part.homes * LOAD_MIN && part.homes > HOMES_MIN) {
      resize(part, LOAD_AFTER_GROWTH);
    }
    return true;
  }

  #placeOf(
    { prints, values, homes }: Part,
    rising: number,
    other: number,
    subject: SubjectText,
  ): number | undefined {
    let place = homeOf(rising, homes);
    while ((prints[2 * place] as number) < rising && prints[2 * place] !== 0) place++;
    for (; prints[2 * place] === rising; place++) {
      const isIt = prints[2 * place + 1] === other;
      if (isIt && this.#isOf(values[place] as number, subject)) return place;
    }
    return undefined;
  }
}

function risingOf(word: number): number {
  return word === 0 ? 1 : word;
}

function homeOf(rising: number, homes: number): number {
  return Math.floor((rising / WORD) * homes);
}

function emptyPart(homes: number): Part {
  const places = homes + TAIL;
  return {
    prints: new Uint32Array(2 * places),
    values: new Uint32Array(places),
    homes,
    count: 0,
  };
}

/** Moves what stands from its place on, up to the next free one, by one; the part has room. */
function insert(part: Part, rising: number, other: number, value: number): void {
  const { prints, values, homes } = part;
  let place = homeOf(rising, homes);
  while (prints[2 * place] !== 0 && (prints[2 * place] as number) <= rising) place++;
  let free = place;
  while (prints[2 * free] !== 0 && free < values.length) free++;
  // The last place stays free: every look ends there.
  if (free >= values.length - 1) {
    lengthen(part);
    insert(part, rising, other, value);
    return;
  }
  // Runs are short: a loop is faster than two calls.
  for (let to = free; to > place; to--) move(part, to - 1, to);
  prints[2 * place] = rising;
  prints[2 * place + 1] = other;
  values[place] = value;
  part.count++;
}

/** Takes a place out and draws the entries after it back, none before its home. */
function closeGap(part: Part, place: number): void {
  const { prints, values, homes } = part;
  let free = place;
  for (let from = place + 1; homeOf(prints[2 * from] as number, homes) < from; from++) {
    if (prints[2 * from] === 0) break;
    move(part, from, free);
    free = from;
  }
  prints[2 * free] = 0;
  prints[2 * free + 1] = 0;
  values[free] = 0;
  part.count--;
}

function move({ prints, values }: Part, from: number, to: number): void {
  prints[2 * to] = prints[2 * from] as number;
  prints[2 * to + 1] = prints[2 * from + 1] as number;
  values[to] = values[from] as number;
}

function lengthen(part: Part): void {
  const prints = new Uint32Array(part.prints.length + 2 * TAIL);
  prints.set(part.prints);
  part.prints = prints;
  const values = new Uint32Array(part.values.length + TAIL);
  values.set(part.values);
  part.values = values;
}

/** Writes a part anew for `load`, in order: places rise as prints do. */
function resize(part: Part, load: number): void {
  const homes = Math.max(HOMES_MIN, Math.ceil((part.count + 1) / load));
  const last = lastPlace(part, homes);
  const places = Math.max(homes, last + 1) + TAIL;
  const prints = new Uint32Array(2 * places);
  const values = new Uint32Array(places);
  let next = 0;
  for (let i = 0; i < part.values.length; i++) {
    const rising = part.prints[2 * i] as number;
    if (rising === 0) continue;
    const place = Math.max(next, homeOf(rising, homes));
    prints[2 * place] = rising;
    prints[2 * place + 1] = part.prints[2 * i + 1] as number;
    values[place] = part.values[i] as number;
    next = place + 1;
  }
  part.prints = prints;
  part.values = values;
  part.homes = homes;
}

function lastPlace({ prints }: Part, homes: number): number {
  let next = 0;
  for (let i = 0; i < prints.length; i += 2) {
    const rising = prints[i] as number;
    if (rising !== 0) next = Math.max(next, homeOf(rising, homes)) + 1;
  }
  return next - 1;
}
