// The ids of recent events, so that a duplicate bets nothing. Owns a bound: the last RECENT_IDS_MIN
// ids are always remembered, twice as many at most. Keeps 53-bit hashes, not texts: a collision
// (about one in 10^11 events) makes one event bet nothing, which is the safe side.

export const RECENT_IDS_MIN = 8_192;

export class RecentIds {
  #newer = new Set<number>();
  #older = new Set<number>();

  /** Remembers the id. @returns false when it was already known. */
  add(id: string): boolean {
    const hash = hashId(id);
    if (this.#newer.has(hash) || this.#older.has(hash)) return false;
    if (this.#newer.size >= RECENT_IDS_MIN) {
      const emptied = this.#older;
      emptied.clear();
      this.#older = this.#newer;
      this.#newer = emptied;
    }
    this.#newer.add(hash);
    return true;
  }

  snapshot(): { newer: number[]; older: number[] } {
    return { newer: [...this.#newer], older: [...this.#older] };
  }

  fill(newer: readonly number[], older: readonly number[]): void {
    this.#newer = new Set(newer);
    this.#older = new Set(older);
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
  return (a >>> 0) * 0x200000 + (b >>> 11);
}
