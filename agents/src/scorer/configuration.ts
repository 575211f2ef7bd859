// What a configuration adds to the detectors of logins: rules where rules are loaded, context where
// a source can tell it, the learned ones always, profiles where there is room for them. Owns
// nothing but that choice, which is made once, BEFORE any data.

import { openRuleHits } from "./detectors/rule-hits.ts";
import type { Additions } from "./ensemble.ts";
import type { ProfileDetector } from "./learned/learned-detector.ts";
import { STATISTICAL_DETECTORS } from "./learned/statistical.ts";
import type { ScorerAdditions } from "./scorer.ts";

const PROFILE_DETECTORS: readonly ProfileDetector[] = [];

export function additionsOf({ rules, maxProfiles, silenced }: ScorerAdditions): Additions {
  return {
    rules: rules === undefined ? undefined : openRuleHits(rules),
    silenced,
    learned: STATISTICAL_DETECTORS,
    profiles: maxProfiles === 0 ? [] : PROFILE_DETECTORS,
  };
}
