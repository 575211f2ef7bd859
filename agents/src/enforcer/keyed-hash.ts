// A keyed hash of subject texts for tables in memory: HalfSipHash, so that whoever lacks the key
// cannot name subjects that collide (an attacker chooses own addresses and names). Its values must
// never leave the process, be stored or decide anything: they only say where to look.

/** Writes two unsigned 32-bit words about a text into `out`. */
export type TextHash = (text: string, out: Uint32Array) => void;

const KEY_BYTES = 8;
/** Rounds after the last word. */
const FINAL_ROUNDS = 3;
/** Starts a text hashed two bytes a unit, which one hashed a byte a unit must never equal. */
const WIDE = 0x5749;

/**
 * HalfSipHash-1-3 (Aumasson and Bernstein, SipHash for 32-bit words) over the code units of a text:
 * a byte each while all are below 256, otherwise two.
 * @param key 8 bytes that nobody outside knows.
 */
export function keyedHash(key: Uint8Array): TextHash {
  const view = new DataView(key.buffer, key.byteOffset, KEY_BYTES);
  const k0 = view.getInt32(0, true);
  const k1 = view.getInt32(4, true);
  return (text, out) => {
    if (!hashWith(k0, k1, text, false, out)) hashWith(k0, k1 ^ WIDE, text, true, out);
  };
}

/** @returns false when a unit does not fit into a byte and is not `isWide`. */
function hashWith(
  k0: number,
  k1: number,
  text: string,
  isWide: boolean,
  out: Uint32Array,
): boolean {
  const { length } = text;
  const last = length >>> (isWide ? 1 : 2);
  let units = 0;
  let v0 = k0;
  let v1 = k1;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  // After the words come rounds over nothing: a word of 0 changes nothing.
  for (let i = 0; i <= last + FINAL_ROUNDS; i++) {
    let word = 0;
    if (i < last && isWide) {
      word = text.charCodeAt(2 * i) | (text.charCodeAt(2 * i + 1) << 16);
    } else if (i < last) {
      const b = text.charCodeAt(4 * i + 1);
      const c = text.charCodeAt(4 * i + 2);
      const d = text.charCodeAt(4 * i + 3);
      word = text.charCodeAt(4 * i);
      units |= word | b | c | d;
      word |= (b << 8) | (c << 16) | (d << 24);
    } else if (i === last) {
      // The units left over, and the length modulo 256, as SipHash ends.
      const left = isWide ? length & 1 : length & 3;
      for (let j = 0; j < left; j++) {
        const unit = text.charCodeAt(length - left + j);
        units |= unit;
        word |= unit << (8 * j);
      }
      word |= length << 24;
    } else if (i === last + 1) v2 ^= 0xee;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  out[0] = v1 ^ v3;
  out[1] = v0 ^ v2;
  return isWide || units < 256;
}
