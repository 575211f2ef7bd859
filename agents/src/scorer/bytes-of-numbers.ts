// Numbers, texts and rows into bytes and back, for snapshots: little to write where most is zero.
// Owns the encoding and a checksum that no single flipped bit passes. Must never read past the end:
// a reader that has run out says so and gives zeros from then on.

/** Rows are written as a mask of what is not zero and those numbers alone. */
export class NumberWriter {
  #bytes = new Uint8Array(65_536);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** A whole number from 0 to 2^53 - 1. */
  whole(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at++] = rest;
  }

  number(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** UTF-16 units, so that any text comes back as it was. */
  text(text: string): void {
    this.whole(text.length);
    this.#reserve(3 * text.length);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x80) this.#bytes[this.#at++] = unit;
      else this.whole(unit);
    }
  }

  numbers(list: readonly number[]): void {
    this.whole(list.length);
    for (const value of list) this.number(value);
  }

  /** Cells `[at, at + width)`. */
  row(cells: Float64Array, at: number, width: number): void {
    const maskBytes = Math.ceil(width / 8);
    this.#reserve(maskBytes + 8 * width);
    const view = this.#view;
    let mask = this.#at;
    let to = mask + maskBytes;
    for (let from = 0; from < width; from += 8) {
      let bits = 0;
      const count = Math.min(8, width - from);
      for (let i = 0; i < count; i++) {
        const value = cells[at + from + i] as number;
        if (value === 0) continue;
        bits |= 1 << i;
        view.setFloat64(to, value, true);
        to += 8;
      }
      this.#bytes[mask++] = bits;
    }
    this.#at = to;
  }

  words(words: Int32Array): void {
    const maskBytes = Math.ceil(words.length / 8);
    this.#reserve(maskBytes + 4 * words.length);
    const mask = this.#at;
    this.#bytes.fill(0, mask, mask + maskBytes);
    this.#at += maskBytes;
    for (let i = 0; i < words.length; i++) {
      const value = words[i] as number;
      if (value === 0) continue;
      this.#bytes[mask + (i >> 3)] = (this.#bytes[mask + (i >> 3)] as number) | (1 << (i & 7));
      this.#view.setInt32(this.#at, value, true);
      this.#at += 4;
    }
  }

  /** What was written, in bytes of its own. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#at);
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const size = Math.max(2 * this.#bytes.length, this.#at + more);
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** Units of one text, while it is read. */
const units = new Uint16Array(512);
/** The first so many of them, for texts that are no longer: most are subjects. */
const firstUnits = Array.from({ length: 65 }, (_, length) => units.subarray(0, length));

export class NumberReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  #isSound = true;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  /** Everything asked for was there, and nothing is left. */
  get isDone(): boolean {
    return this.#isSound && this.#at === this.#bytes.length;
  }

  get isSound(): boolean {
    return this.#isSound;
  }

  /** What was read cannot be: the rest is not read either. */
  refuse(): void {
    this.#isSound = false;
  }

  whole(): number {
    const first = this.#bytes[this.#at];
    if (first !== undefined && first < 0x80 && this.#isSound) {
      this.#at++;
      return first;
    }
    let value = 0;
    for (let unit = 1; unit <= 2 ** 49; unit *= 0x80) {
      if (!this.#has(1)) return 0;
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
    this.#isSound = false;
    return 0;
  }

  number(): number {
    if (!this.#has(8)) return 0;
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  text(): string {
    const length = this.count();
    if (length > units.length) return this.#longText(length);
    for (let i = 0; i < length; i++) units[i] = this.whole();
    const all = firstUnits[length] ?? units.subarray(0, length);
    return String.fromCharCode.apply(undefined, all as unknown as number[]);
  }

  #longText(length: number): string {
    let text = "";
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.whole());
    return text;
  }

  numbers(): number[] {
    const length = this.count(8);
    const list: number[] = [];
    for (let i = 0; i < length; i++) list.push(this.number());
    return list;
  }

  /** How many follow: never more than there are bytes for. */
  count(bytesEach = 1): number {
    const count = this.whole();
    if (count * bytesEach <= this.#bytes.length - this.#at) return count;
    this.#isSound = false;
    return 0;
  }

  /** Fills cells `[at, at + width)`. */
  row(width: number, cells: Float64Array, at: number): void {
    const mask = this.#mask(width);
    cells.fill(0, at, at + width);
    if (mask < 0) return;
    for (let from = 0; from < width; from += 8) {
      const bits = this.#bytes[mask + (from >> 3)] as number;
      // Bit by bit from the lowest; those past the width are nobody's.
      for (let rest = bits; rest !== 0; rest &= rest - 1) {
        const i = from + 31 - Math.clz32(rest & -rest);
        if (i < width) cells[at + i] = this.number();
      }
    }
  }

  words(words: Int32Array): void {
    const mask = this.#mask(words.length);
    for (let i = 0; i < words.length; i++) {
      if (!this.#isSet(mask, i)) words[i] = 0;
      else if (this.#has(4)) {
        words[i] = this.#view.getInt32(this.#at, true);
        this.#at += 4;
      }
    }
  }

  /** Where the mask of so many numbers lies; -1 when it is not there. */
  #mask(width: number): number {
    const bytes = Math.ceil(width / 8);
    if (!this.#has(bytes)) return -1;
    this.#at += bytes;
    return this.#at - bytes;
  }

  #isSet(mask: number, i: number): boolean {
    if (mask < 0) return false;
    return (((this.#bytes[mask + (i >> 3)] as number) >> (i & 7)) & 1) === 1;
  }

  #has(bytes: number): boolean {
    if (this.#isSound && this.#at + bytes <= this.#bytes.length) return true;
    this.#isSound = false;
    return false;
  }
}

/**
 * Two 32-bit lanes over bytes from a place on: FNV-1a, and rotations with a multiplier of
 * MurmurHash3. Each step can be undone, so that two contents which
 * differ in one place never agree; by chance one in 2^64 does.
 */
export function checksumOf(bytes: Uint8Array, from: number): readonly [number, number] {
  let a = 0x811c9dc5 ^ bytes.length;
  let b = 0x9747b28c;
  for (let i = from; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul((b << 5) | (b >>> 27), 0x85ebca6b) ^ byte;
  }
  return [a >>> 0, b >>> 0];
}
