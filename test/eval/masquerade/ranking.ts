// What a ranking of blocks is worth: area under the ROC curve, average precision, hit rates at a
// false-alarm rate. Owns the hit rates, ties included. Must never choose a threshold for anybody.

import assert from "node:assert/strict";
import { rankingFigures } from "../numeric/ranking.ts";

export interface Ranked {
  readonly strangeness: number;
  readonly isMasquerade: boolean;
}

export interface Ranking {
  /** NaN where one of the two kinds is missing. */
  readonly auc: number;
  readonly ap: number;
  readonly hitsAt1: number;
  readonly hitsAt5: number;
}

/** Ties count half in the area; a hit rate takes whole groups of ties or none. */
export function rankingOf(blocks: readonly Ranked[]): Ranking {
  assert(
    blocks.every(({ strangeness }) => Number.isFinite(strangeness)),
    "a strangeness is finite",
  );
  const strangeness = blocks.map((block) => block.strangeness);
  const { rocAuc: auc, ap } = rankingFigures(
    strangeness,
    blocks.map((block) => block.isMasquerade),
  );
  const sorted = [...blocks].sort((a, b) => b.strangeness - a.strangeness);
  const positives = sorted.filter((block) => block.isMasquerade).length;
  const negatives = sorted.length - positives;
  let hits = 0;
  let alarms = 0;
  const atRate = [0, 0];
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    let tied = 0;
    const value = (sorted[from] as Ranked).strangeness;
    for (; to < sorted.length && (sorted[to] as Ranked).strangeness === value; to++) {
      if ((sorted[to] as Ranked).isMasquerade) tied++;
    }
    hits += tied;
    alarms += to - from - tied;
    for (const [i, rate] of [0.01, 0.05].entries()) {
      if (alarms <= rate * negatives) atRate[i] = hits / positives;
    }
    from = to;
  }
  if (positives === 0 || negatives === 0) {
    return { auc, ap: Number.NaN, hitsAt1: Number.NaN, hitsAt5: Number.NaN };
  }
  const [hitsAt1, hitsAt5] = atRate as [number, number];
  return { auc, ap, hitsAt1, hitsAt5 };
}
