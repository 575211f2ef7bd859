// Evidence of several hosts together: G, the lower bound of the mean of their e-values (DESIGN.md
// 6.3). Integers decide: the logarithms are a table, rounded down where added and up where
// subtracted.

import { assert } from "@ostraka/proto";

/** floor(10,000 * log10 n) for n = 1 to 64, in millidecibans. */
const LOG_MDB = [
  0, 3010, 4771, 6020, 6989, 7781, 8450, 9030, 9542, 10000, 10413, 10791, 11139, 11461, 11760,
  12041, 12304, 12552, 12787, 13010, 13222, 13424, 13617, 13802, 13979, 14149, 14313, 14471, 14623,
  14771, 14913, 15051, 15185, 15314, 15440, 15563, 15682, 15797, 15910, 16020, 16127, 16232, 16334,
  16434, 16532, 16627, 16720, 16812, 16901, 16989, 17075, 17160, 17242, 17323, 17403, 17481, 17558,
  17634, 17708, 17781, 17853, 17923, 17993, 18061,
];

export const EVIDENCE_HOSTS_MAX = LOG_MDB.length;

/** Exact powers of ten need no rounding up. */
function logUp(n: number): number {
  return (LOG_MDB[n - 1] as number) + (n === 1 || n === 10 ? 0 : 1);
}

/**
 * G = max_j (e_(j) + L[j]) - L[m], with e_(j) the j-th largest day account.
 * @param accountsMdb one day account a host, in millidecibans; 1 to 64 of them.
 */
export function meanEvidenceMdb(accountsMdb: readonly number[]): number {
  assert(accountsMdb.length > 0 && accountsMdb.length <= EVIDENCE_HOSTS_MAX, "1 to 64 accounts");
  const descending = [...accountsMdb].sort((a, b) => b - a);
  let best = Number.NEGATIVE_INFINITY;
  descending.forEach((e, j) => {
    best = Math.max(best, e + (LOG_MDB[j] as number));
  });
  return best - logUp(descending.length);
}
