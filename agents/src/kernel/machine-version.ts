// Machine versions: numbers of the rules that compute entries (DESIGN.md 9). Anything that could
// change output for some journal is a new version; this code keeps this one and the last. Owns what
// each version knows; the activation is an entry.

import type { EnvelopeKind } from "@ostraka/proto";

/** What a new mesh starts with, and what version 0.1 of this software knew. */
export const MACHINE_VERSION_MIN = 1;
/** What this code can do: announced in every tick, used once all coordinators have announced it. */
export const MACHINE_VERSION_MAX = 2;

const KINDS_SINCE_2: ReadonlySet<EnvelopeKind> = new Set([
  "roster",
  "rollout",
  "repair",
  "promise",
  "opening",
  "poison",
  "erasure",
  "coverage",
  "equivocation",
  "probe",
  "report",
]);

/** Whether a version knows a kind of message; one that it does not know is of the wrong type. */
export function knowsKind(machineVersion: number, kind: EnvelopeKind): boolean {
  return machineVersion >= 2 || !KINDS_SINCE_2.has(kind);
}
