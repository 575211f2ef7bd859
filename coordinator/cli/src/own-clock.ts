// What this machine's clock does to what a person signs and sees. Owns the sentences about it; sets
// and asks no clock.

import { LIMITS, type OstrakaError } from "@ostraka/proto";
import { usage } from "./failure.ts";
import { spanText } from "./terminal.ts";

/** Heads come every few seconds, also when nothing is decided. */
const HEAD_AGE_MS_MAX = 15_000;

/** A warning when the newest sealed head is older than it should be. @param ageMs by the wall. */
export function headAgeText(ageMs: number): string | undefined {
  if (ageMs <= HEAD_AGE_MS_MAX) return undefined;
  return (
    `the newest sealed head is ${spanText(ageMs)} old by this machine's clock: what was decided ` +
    "since is not shown; ask `ostraka status` what is missing, and check this clock"
  );
}

/**
 * What is proposed counts from the time that its proposer signs: by a slow clock it would end
 * early, or be over before anybody approves.
 * @throws OstrakaError OSTRAKA_USAGE when this clock is behind the mesh's.
 */
export function checkOwnClock(wallMs: number, machineTimeMs: number): void {
  const behindMs = machineTimeMs - wallMs;
  if (behindMs > LIMITS.signalAheadMsMax) throw behind(behindMs);
}

function behind(behindMs: number): OstrakaError {
  return usage(
    `this machine's clock is ${spanText(behindMs)} behind the mesh's, and a proposal counts from ` +
      "when it is signed: set the clock, or propose from another machine; nothing was sent",
  );
}
