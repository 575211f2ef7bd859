// The declared detectors of context: where, on which device, with which rights. Owns the list. They
// take part of an account's bankroll, so they belong to a host whose sources can say such things,
// and the choice is made in its configuration, BEFORE any data.

import type { Detector } from "./detector.ts";
import { impossibleTravel } from "./impossible-travel.ts";
import { newPrivilege } from "./new-privilege.ts";
import { splitSession } from "./split-session.ts";
import { unmanagedDevice } from "./unmanaged-device.ts";

export { type DeclaredList, INTEL_LISTS_MAX, openIntelHit } from "./intel-hit.ts";

/** They speak about accounts. The shares are of the whole bankroll. */
export const CONTEXT_DETECTORS: readonly Detector[] = [
  impossibleTravel,
  unmanagedDevice,
  newPrivilege,
];

/** They speak about sessions, which are over before any habit of 30 days. */
export const SESSION_DETECTORS: readonly Detector[] = [impossibleTravel, splitSession];
