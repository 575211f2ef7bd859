// The facets of an observation in which something can be there for the first time. Owns their
// order, which is part of every snapshot: a new one goes to the end. Must never hold a text.

import type { Observation } from "../observation.ts";

export const FACETS = [
  "Account",
  "Network",
  "Country",
  "Agent",
  "Process",
  "Device",
  "Resource",
  "Action",
] as const;

/** Hash of the facet, 0 when the event names none. */
export function facetOf(seen: Observation, facet: number): number {
  switch (facet) {
    case 0:
      return seen.nameHash;
    case 1:
      return seen.networkHash;
    case 2:
      return seen.countryHash;
    case 3:
      return seen.agentHash;
    case 4:
      return seen.processHash;
    case 5:
      return seen.deviceHash;
    case 6:
      return seen.targetHash;
    default:
      return seen.actionHash;
  }
}

/** `newNetwork=1 newCountry=1` of a mask with a bit a facet. */
export function describeFacets(mask: number): string {
  const parts: string[] = [];
  for (let facet = 0; facet < FACETS.length; facet++) {
    if ((mask >> facet) & 1) parts.push(`new${FACETS[facet]}=1`);
  }
  return parts.length === 0 ? "newFacets=0" : parts.join(" ");
}
