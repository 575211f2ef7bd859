// How well a ranking finds the few: the area under the ROC curve and average precision, ties
// handled as one group. Owns the two sums; is given labels only when all verdicts are in.

export type RankingFigures = { readonly rocAuc: number; readonly ap: number };

/**
 * @param strangeness larger is stranger; NaN counts as the least strange.
 * @returns `rocAuc` = P(anomaly stranger than normal) + P(tie) / 2 (Fawcett 2006), and `ap` = sum
 *   of precision times gain of recall over the distinct values (as scikit-learn); NaN where only
 *   one class is there.
 */
export function rankingFigures(
  strangeness: ArrayLike<number>,
  isAnomaly: ArrayLike<number | boolean>,
): RankingFigures {
  const rows = strangeness.length;
  const order = new Uint32Array(rows).map((_, i) => i);
  const at = (row: number) => {
    const value = strangeness[row] as number;
    return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
  };
  order.sort((a, b) => (at(a) === at(b) ? 0 : at(b) > at(a) ? 1 : -1));
  let positives = 0;
  for (let i = 0; i < rows; i++) if (isAnomaly[i]) positives++;
  const negatives = rows - positives;
  let [found, passed, area, precision] = [0, 0, 0, 0];
  for (let from = 0; from < rows; ) {
    let to = from;
    let [good, bad] = [0, 0];
    for (; to < rows && at(order[to] as number) === at(order[from] as number); to++) {
      if (isAnomaly[order[to] as number]) good++;
      else bad++;
    }
    area += bad * (found + good / 2);
    found += good;
    passed += bad;
    precision += (good * found) / (found + passed);
    from = to;
  }
  return {
    rocAuc: positives * negatives === 0 ? Number.NaN : area / (positives * negatives),
    ap: positives === 0 ? Number.NaN : precision / positives,
  };
}
