// Finds what is held against a subject: 64-bit fingerprints in flat memory, so that a permit, which
// is nearly every answer, costs one look and touches no object. Must never take a fingerprint for a
// denial: the whole subject is compared. No insertion moves more than a small part of the table.

import type { SubjectText } from "@ostraka/proto";
import type { TextHash } from "./keyed-hash.ts";

/** Parts of the table; each grows and shrinks alone. */
const PARTS = 256;
/** Filled to at most this share, then grown by a sixteenth: under 19 bytes an entry. */
const LOAD_MAX = 0.9;
const LOAD_AFTER_GROWTH = 0.85;
/** Shrunk below this share, so that a passed flood gives its memory back. */
const LOAD_MIN = 0.4;
/** Places after the last home place, so that no run of entries has to wrap around. */
const TAIL = 16;
const HOMES_MIN = 8;
const WORD = 2 ** 32;

/** An ordered hash table (Amble and Knuth, 1974): fingerprints rise from place to place. */
interface Part<V> {
  /** Two words a place: the rising one (0 = free), then the other. */
  prints: Uint32Array;
  values: (V | undefined)[];
  /** Home places; homes / 2^32 times the rising word is the home of a print. */
  homes: number;
  count: number;
}

export class DenyIndex<V extends { readonly subject: SubjectText }> {
  readonly #hash: TextHash;
  readonly #parts: (Part<V> | undefined)[] = new Array(PARTS).fill(undefined);
  readonly #words = new Uint32Array(2);
  #size = 0;

  constructor(hash: TextHash) {
    this.#hash = hash;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of the tables themselves, the pointers in them included, without what they point to. */
  get tableBytes(): number {
    let bytes = 0;
    for (const part of this.#parts) bytes += part === undefined ? 0 : 16 * part.values.length;
    return bytes;
  }

  get(subject: SubjectText): V | undefined {
    const words = this.#words;
    this.#hash(subject, words);
    const other = words[0] as number;
    const part = this.#parts[other >>> 24];
    if (part === undefined) return undefined;
    const rising = risingOf(words[1] as number);
    const { prints } = part;
    let place = homeOf(rising, part.homes);
    while ((prints[2 * place] as number) < rising && prints[2 * place] !== 0) place++;
    // Equal fingerprints of two subjects stand side by side.
    for (; prints[2 * place] === rising; place++) {
      if (prints[2 * place + 1] !== other) continue;
      const value = part.values[place];
      if (value?.subject === subject) return value;
    }
    return undefined;
  }

  /** Puts `value` in the place of its subject. */
  set(value: V): void {
    const words = this.#words;
    this.#hash(value.subject, words);
    const other = words[0] as number;
    const rising = risingOf(words[1] as number);
    const number = other >>> 24;
    const part = this.#parts[number] ?? emptyPart<V>(HOMES_MIN);
    this.#parts[number] = part;
    const found = placeOf(part, rising, other, value.subject);
    if (part.values[found]?.subject === value.subject) {
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
    const place = placeOf(part, risingOf(words[1] as number), other, subject);
    if (part.values[place]?.subject !== subject) return false;
    this.#size--;
    closeGap(part, place);
    if (part.count === 0) this.#parts[other >>> 24] = undefined;
    else if (part.count < part.homes * LOAD_MIN && part.homes > HOMES_MIN) {
      resize(part, LOAD_AFTER_GROWTH);
    }
    return true;
  }
}

function risingOf(word: number): number {
  return word === 0 ? 1 : word;
}

function homeOf(rising: number, homes: number): number {
  return Math.floor((rising / WORD) * homes);
}

function emptyPart<V>(homes: number): Part<V> {
  const places = homes + TAIL;
  const values = new Array<V | undefined>(places).fill(undefined);
  return { prints: new Uint32Array(2 * places), values, homes, count: 0 };
}

/** Place of a subject, or where its print belongs. */
function placeOf<V extends { readonly subject: SubjectText }>(
  { prints, values, homes }: Part<V>,
  rising: number,
  other: number,
  subject: SubjectText,
): number {
  let place = homeOf(rising, homes);
  while ((prints[2 * place] as number) < rising && prints[2 * place] !== 0) place++;
  for (; prints[2 * place] === rising; place++) {
    if (prints[2 * place + 1] === other && values[place]?.subject === subject) return place;
  }
  return place;
}

/** Moves what stands from its place on, up to the next free one, by one; the part has room. */
function insert<V>(part: Part<V>, rising: number, other: number, value: V): void {
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
function closeGap<V>(part: Part<V>, place: number): void {
  const { prints, values, homes } = part;
  let free = place;
  for (let from = place + 1; homeOf(prints[2 * from] as number, homes) < from; from++) {
    if (prints[2 * from] === 0) break;
    move(part, from, free);
    free = from;
  }
  prints[2 * free] = 0;
  prints[2 * free + 1] = 0;
  values[free] = undefined;
  part.count--;
}

function move<V>({ prints, values }: Part<V>, from: number, to: number): void {
  prints[2 * to] = prints[2 * from] as number;
  prints[2 * to + 1] = prints[2 * from + 1] as number;
  values[to] = values[from];
}

function lengthen<V>(part: Part<V>): void {
  const prints = new Uint32Array(part.prints.length + 2 * TAIL);
  prints.set(part.prints);
  part.prints = prints;
  for (let i = 0; i < TAIL; i++) part.values.push(undefined);
}

/** Writes a part anew for `load`, in order: places rise as prints do. */
function resize<V>(part: Part<V>, load: number): void {
  const homes = Math.max(HOMES_MIN, Math.ceil((part.count + 1) / load));
  const last = lastPlace(part, homes);
  const places = Math.max(homes, last + 1) + TAIL;
  const prints = new Uint32Array(2 * places);
  const values = new Array<V | undefined>(places).fill(undefined);
  let next = 0;
  for (let i = 0; i < part.values.length; i++) {
    const rising = part.prints[2 * i] as number;
    if (rising === 0) continue;
    const place = Math.max(next, homeOf(rising, homes));
    prints[2 * place] = rising;
    prints[2 * place + 1] = part.prints[2 * i + 1] as number;
    values[place] = part.values[i];
    next = place + 1;
  }
  part.prints = prints;
  part.values = values;
  part.homes = homes;
}

function lastPlace<V>({ prints }: Part<V>, homes: number): number {
  let next = 0;
  for (let i = 0; i < prints.length; i += 2) {
    const rising = prints[i] as number;
    if (rising !== 0) next = Math.max(next, homeOf(rising, homes)) + 1;
  }
  return next - 1;
}
