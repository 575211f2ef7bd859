// A set of address blocks that is asked at every event: sorted, merged, searched by halves. Owns
// the numbers of the blocks and nothing of whose they are. Must never take longer than some twenty
// comparisons for a million blocks, nor make garbage for an IPv4 look-up.

import { parseAddress } from "@ostraka/proto";

const WORDS = 4;
const DOT = 46;
const ZERO = 48;

/** Collects blocks; `close` gives the set. */
export class AddressBlocks {
  readonly #v4: number[] = [];
  /** Network words and prefix length of each IPv6 block. */
  readonly #v6: number[] = [];

  get size(): number {
    return this.#v4.length + this.#v6.length / (WORDS + 1);
  }

  get sixthSize(): number {
    return this.#v6.length / (WORDS + 1);
  }

  /** @param network as 32 bits, @param prefixBits 0 to 32 */
  addFourth(network: number, prefixBits: number): void {
    this.#v4.push((network >>> 0) * 64 + prefixBits);
  }

  /** @param network 16 bytes */
  addSixth(network: Uint8Array, prefixBits: number): void {
    for (let i = 0; i < WORDS; i++) this.#v6.push(wordOf(network, i));
    this.#v6.push(prefixBits);
  }

  close(): AddressRanges {
    return new AddressRanges(fourthRanges(this.#v4), sixthRanges(this.#v6));
  }
}

interface Ranges {
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

export class AddressRanges {
  readonly #v4: Ranges;
  readonly #v6: Ranges;

  constructor(v4: Ranges, v6: Ranges) {
    this.#v4 = v4;
    this.#v6 = v6;
  }

  /** Ranges left after merging. */
  get size(): number {
    return this.#v4.starts.length + this.#v6.starts.length / WORDS;
  }

  /** @param text a canonical address from `at` on, as subjects hold it */
  has(text: string, at: number): boolean {
    if (text.indexOf(":", at) < 0) return this.#hasFourth(readFourth(text, at));
    const bytes = this.#v6.starts.length === 0 ? undefined : parseAddress(text.slice(at));
    return bytes?.length === 16 && this.#hasSixth(bytes);
  }

  #hasFourth(address: number): boolean {
    if (address < 0) return false;
    const { starts, ends } = this.#v4;
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] as number) <= address) low = middle + 1;
      else high = middle;
    }
    return low > 0 && (ends[low - 1] as number) >= address;
  }

  #hasSixth(bytes: Uint8Array): boolean {
    const { starts, ends } = this.#v6;
    let low = 0;
    let high = starts.length / WORDS;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareTo(starts, middle, bytes) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && compareTo(ends, low - 1, bytes) >= 0;
  }
}

/** The 32 bits of an IPv4 text from `at` to its end, or -1; no leading zeros, no sign, no more. */
export function readFourth(text: string, at: number, end = text.length): number {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = at; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (octet < 0 || ++dots > 3) return -1;
      value = value * 256 + octet;
      octet = -1;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || octet === 0) return -1;
    octet = (octet < 0 ? 0 : octet * 10) + digit;
    if (octet > 255) return -1;
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : -1;
}

function wordOf(bytes: Uint8Array, i: number): number {
  const at = 4 * i;
  const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
  return (high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}

/** Compares entry `entry` of a table of four words each with 16 bytes. */
function compareTo(table: Uint32Array, entry: number, bytes: Uint8Array): number {
  for (let i = 0; i < WORDS; i++) {
    const own = table[entry * WORDS + i] as number;
    const other = wordOf(bytes, i);
    if (own !== other) return own < other ? -1 : 1;
  }
  return 0;
}

/** Wider blocks come first among equal networks, so one pass merges what lies in another. */
function fourthRanges(blocks: readonly number[]): Ranges {
  const sorted = Float64Array.from(blocks);
  // Most feeds come in order, and a million that do not take a quarter of a second.
  if (!isSorted(sorted)) sorted.sort();
  const starts = new Uint32Array(sorted.length);
  const ends = new Uint32Array(sorted.length);
  let count = 0;
  for (const block of sorted) {
    const start = Math.floor(block / 64);
    const end = start + 2 ** (32 - (block % 64)) - 1;
    // Next to each other or one in the other: the same range.
    if (count > 0 && start <= (ends[count - 1] as number) + 1) {
      ends[count - 1] = Math.max(ends[count - 1] as number, end);
    } else {
      starts[count] = start;
      ends[count] = end;
      count++;
    }
  }
  return { starts: starts.slice(0, count), ends: ends.slice(0, count) };
}

function isSorted(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) {
    if ((values[i - 1] as number) > (values[i] as number)) return false;
  }
  return true;
}

function sixthRanges(blocks: readonly number[]): Ranges {
  const step = WORDS + 1;
  const order = Array.from({ length: blocks.length / step }, (_, i) => i * step);
  order.sort((a, b) => {
    for (let i = 0; i < step; i++) {
      const apart = (blocks[a + i] as number) - (blocks[b + i] as number);
      if (apart !== 0) return apart;
    }
    return 0;
  });
  const starts: number[] = [];
  const ends: number[] = [];
  for (const at of order) {
    const start = blocks.slice(at, at + WORDS);
    if (ends.length > 0 && compareWords(start, ends.slice(-WORDS)) <= 0) continue;
    const bits = blocks[at + WORDS] as number;
    starts.push(...start);
    ends.push(...start.map((word, i) => (word | hostMask(bits - 32 * i)) >>> 0));
  }
  return { starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) };
}

function compareWords(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < WORDS; i++) {
    const apart = (a[i] as number) - (b[i] as number);
    if (apart !== 0) return apart;
  }
  return 0;
}

/** Bits below a prefix of so many in one word of 32. */
function hostMask(prefixBits: number): number {
  if (prefixBits <= 0) return 0xffffffff;
  return prefixBits >= 32 ? 0 : 0xffffffff >>> prefixBits;
}
