// What can be checked of an entry of refusal counts: its minute is over, its counts are of members
// and codes, and there are no more than a machine makes. What was refused lies in no ledger.

import {
  type Entry,
  LIMITS,
  REJECT_CODES,
  type Refusals,
  type Reject,
  reject,
} from "@ostraka/proto";

const MINUTE_MS = 60_000n;

/** Why counts may not stand, or `undefined`. */
export function faultOfRefusals({ minute, counts }: Refusals, entry: Entry): Reject | undefined {
  const codes: readonly string[] = REJECT_CODES;
  const isMinute = minute < entry.machineTimeMs / MINUTE_MS;
  const areCounts = counts.every(
    ({ key, code, count }) =>
      (key.length === 0 || key.length === 32) && codes.includes(code) && count > 0,
  );
  const isWhole = isMinute && areCounts && counts.length > 0;
  return isWhole && counts.length <= LIMITS.refusalCountsMax ? undefined : reject("malformed");
}
