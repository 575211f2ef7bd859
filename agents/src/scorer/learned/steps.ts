// Strangeness in steps. While a model settles, what it says of one and the same conduct creeps, and
// each time would be the strangest yet by a hair: a rank of 1 in n+1 for nothing. Owns the rounding
// that makes such times equal. Must never make anything look stranger than its step.

/** Quarter bits: for surprise at how much, how large, when. */
export function inQuarters(bits: number): number {
  return Math.round(bits * 4) / 4;
}

/**
 * Steps of three bits, upwards: for surprise at something new. The estimated chance of it falls
 * with every uneventful day, so of two equally rare things the later would always be the stranger.
 */
export function inEighths(bits: number): number {
  return Math.ceil(bits / 3) * 3;
}
