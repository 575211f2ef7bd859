// How far a figure over users may be trusted: a bootstrap over them. Owns the drawing, from a fixed
// seed. Must never draw blocks instead of users: those of one user are alike.

import { type Ranked, rankingOf } from "./ranking.ts";

const DRAWS = 1_000;
const SEED = 20_260_101;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** @returns the middle 95 % of the pooled area over draws of users with replacement. */
export function aucInterval(users: readonly (readonly Ranked[])[], draws = DRAWS): Interval {
  const areas: number[] = [];
  let state = SEED;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  for (let i = 0; i < draws; i++) {
    const drawn = users.map(() => users[Math.floor(next() * users.length)] as readonly Ranked[]);
    const { auc } = rankingOf(drawn.flat());
    if (Number.isFinite(auc)) areas.push(auc);
  }
  areas.sort((a, b) => a - b);
  const at = (share: number) => areas[Math.floor(share * (areas.length - 1))] ?? Number.NaN;
  return { low: at(0.025), high: at(0.975) };
}
