// The statistical and novelty detectors, with their shares. Owns the list and its order, which is
// the order of their cells in every snapshot. The shares give about three fifths to "how much and
// when", two fifths to "what for the first time", by hand before any data; nothing was fitted.

import { changePoint } from "./change-point.ts";
import { dormantAccount } from "./dormant-account.ts";
import { hostNovelty } from "./host-novelty.ts";
import type { LearnedDetector } from "./learned-detector.ts";
import { novelty } from "./novelty.ts";
import { durationTail, sizeTail } from "./quantile.ts";
import { rate } from "./rate.ts";
import { season } from "./season.ts";

export { HostSketch, type HostSketchSnapshot } from "./host-sketch.ts";

/** The shares add to 1. */
export const STATISTICAL_DETECTORS: readonly LearnedDetector[] = [
  rate,
  season,
  sizeTail,
  durationTail,
  changePoint,
  dormantAccount,
  novelty,
  hostNovelty,
];
