// The ids of recent events, so that a duplicate bets nothing. Owns a bound: the last RECENT_IDS_MIN
// ids are always remembered, twice as many at most. Keeps 53-bit hashes, not texts: a collision
// (about one in 10^11 events) makes one event bet nothing, which is the safe side.

export const RECENT_IDS_MIN = 8_192;

/** Places of a generation, a power of two: twice what it holds, so that a look-up ends soon. */
const PLACES = 2 * RECENT_IDS_MIN;

/** Hashes in a table of open places, and in the order in which they came. */
class Generation {
  readonly #places = new Float64Array(PLACES);
  readonly #inOrder = new Float64Array(RECENT_IDS_MIN);
  size = 0;

  /** The place of a hash, or the free one where it would stand. */
  find(hash: number): number {
    const places = this.#places;
    let at = hash & (PLACES - 1);
    while (places[at] !== 0 && places[at] !== hash) at = (at + 1) & (PLACES - 1);
    return at;
  }

  has(hash: number, place = this.find(hash)): boolean {
    return this.#places[place] === hash;
  }

  add(hash: number, place = this.find(hash)): void {
    this.#places[place] = hash;
    this.#inOrder[this.size++] = hash;
  }

  clear(): void {
    this.#places.fill(0);
    this.size = 0;
  }

  list(): number[] {
    return [...this.#inOrder.subarray(0, this.size)];
  }
}

export class RecentIds {
  #newer = new Generation();
  #older = new Generation();

  /** Remembers the id. @returns false when it was already known. */
  add(id: string): boolean {
    const hash = hashId(id);
    const place = this.#newer.find(hash);
    if (this.#newer.has(hash, place) || this.#older.has(hash)) return false;
    if (this.#newer.size < RECENT_IDS_MIN) this.#newer.add(hash, place);
    else {
      const emptied = this.#older;
      emptied.clear();
      this.#older = this.#newer;
      this.#newer = emptied;
      emptied.add(hash);
    }
    return true;
  }

  snapshot(): { newer: number[]; older: number[] } {
    return { newer: this.#newer.list(), older: this.#older.list() };
  }

  /** Fills an empty one; what is past the bound is left out. */
  fill(newer: readonly number[], older: readonly number[]): void {
    for (const hash of newer.slice(0, RECENT_IDS_MIN)) this.#newer.add(hash);
    for (const hash of older.slice(0, RECENT_IDS_MIN)) this.#older.add(hash);
  }
}

/** Of a longer id only so much is read, from either end, and its length. */
const ID_END = 256;

/** Two FNV-1a passes with different primes, joined to 53 bits. */
function hashId(id: string): number {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  const isLong = id.length > 2 * ID_END;
  if (isLong) a ^= id.length;
  for (let i = 0; i < id.length; i++) {
    if (isLong && i === ID_END) i = id.length - ID_END;
    const unit = id.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
    b ^= b >>> 13;
  }
  // Never 0, which is a free place.
  return (a >>> 0) * 0x200000 + (b >>> 11) || 1;
}
