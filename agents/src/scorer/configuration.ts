// What a configuration adds to the detectors of logins: rules and intelligence where they are
// loaded, context where a source can tell it, the learned ones always, profiles where there is room
// for them. Owns nothing but that choice, which is made once, BEFORE any data.

import { CONTEXT_DETECTORS, openIntelHit, SESSION_DETECTORS } from "./detectors/context.ts";
import { openRuleHits } from "./detectors/rule-hits.ts";
import type { Additions } from "./ensemble.ts";
import { groupNovelty } from "./learned/group-novelty.ts";
import { numericProfile } from "./learned/numeric/index.ts";
import { PROFILE_DETECTORS } from "./learned/profiles.ts";
import { STATISTICAL_DETECTORS } from "./learned/statistical.ts";
import type { ScorerAdditions } from "./scorer-shape.ts";

export function additionsOf(options: ScorerAdditions): Additions {
  const { rules, maxProfiles, silenced, intel, hasContext } = options;
  const hits = intel === undefined || intel.lists.length === 0 ? [] : [openIntelHit(intel.lists)];
  return {
    source: hits,
    actor: hasContext === true ? [...CONTEXT_DETECTORS, ...hits] : hits,
    session: hasContext === true ? [...SESSION_DETECTORS, ...hits] : hits,
    rules: rules === undefined ? undefined : openRuleHits(rules),
    silenced,
    learned: STATISTICAL_DETECTORS,
    profiles: maxProfiles === 0 ? [] : [...PROFILE_DETECTORS, numericProfile, groupNovelty],
  };
}
