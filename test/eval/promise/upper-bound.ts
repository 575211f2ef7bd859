// The upper end of what a count, or a mean, may really be. Owns the two bounds that the promise is
// held to. Must never be narrower than 95 %.

const Z95 = 1.645;

/** Upper 95 % bound of a Poisson mean after a count (Byar's approximation). */
export function countBound(count: number): number {
  const n = count + 1;
  return n * (1 - 1 / (9 * n) + Z95 / (3 * Math.sqrt(n))) ** 3;
}

/** Upper 95 % bound of a mean of many independent values, by their own spread. */
export function meanBound(sum: number, sumOfSquares: number, n: number): number {
  const mean = sum / n;
  const variance = Math.max(0, sumOfSquares / n - mean * mean);
  return mean + Z95 * Math.sqrt(variance / n);
}
