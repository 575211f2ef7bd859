// The learned detectors that keep a profile of a vouched subject. Owns the list and their shares,
// fixed before any data. Must never hold more than a profile's bound.

import { embedding } from "./embedding.ts";
import type { ProfileDetector } from "./learned-detector.ts";
import { sequence } from "./sequence.ts";

export const PROFILE_DETECTORS: readonly ProfileDetector[] = [sequence, embedding];
