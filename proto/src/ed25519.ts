// The strict Ed25519 rule's half that libraries disagree on (DESIGN.md 3): lengths, and canonical
// encodings of points of large order for A and R. Checked BEFORE any library: some throw on short
// input, some ignore a tail, some accept keys that sign everything.

/** Little-endian y coordinates of the points of small order, canonical or not, without sign bit. */
const SMALL_ORDER_Y = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map((text) => Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)));

/**
 * True when 32 bytes encode a point canonically (RFC 8032 section 5.1.3: y < p) and not of small
 * order.
 */
export function isStrictPoint(encoding: Uint8Array): boolean {
  if (encoding.length !== 32) return false;
  return !isNonCanonical(encoding) && !SMALL_ORDER_Y.some((y) => hasY(encoding, y));
}

/**
 * True when key and signature have the shape that the strict rule asks for; the equation is still
 * open.
 */
export function hasStrictShape(key: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== 32 || signature.length !== 64) return false;
  return isStrictPoint(key) && isStrictPoint(signature.subarray(0, 32));
}

function isNonCanonical(encoding: Uint8Array): boolean {
  if (((encoding[31] as number) & 0x7f) !== 0x7f) return false;
  for (let i = 30; i > 0; i--) if (encoding[i] !== 0xff) return false;
  return (encoding[0] as number) >= 0xed;
}

function hasY(encoding: Uint8Array, y: Uint8Array): boolean {
  for (let i = 0; i < 31; i++) if (encoding[i] !== y[i]) return false;
  return ((encoding[31] as number) & 0x7f) === y[31];
}
