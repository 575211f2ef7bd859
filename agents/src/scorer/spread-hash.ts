// Multiplicative hashing: the high bits of a product depend on all bits of a hash, so that few of
// them tell values apart. Owns the multiplier. Is no secret and guards against nobody.

/** The multiplier is 2^32 over the golden ratio (Knuth, 6.4). @returns 32 bits, unsigned. */
export function spreadHash(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> 0;
}
