// A coordinator's signed claim of a verdict's coverage, and the certificate that it becomes. Used
// by the machine when it enters one and by whoever verifies the entry (I1). It proves who claimed
// what; that the receipts hold is shown by their paths under its root.

import { create } from "@bufbuild/protobuf";
import {
  type Coverage,
  type CoverageClaim,
  CoverageClaimSchema,
  CoverageSchema,
  type Crypto,
  compareBytes,
  type Envelope,
  equalBytes,
  isReject,
  Ledger,
  LIMITS,
  type Reject,
  reject,
} from "@ostraka/proto";
import { checkNotAfter, isTime, type MeshView, openCommand } from "../kernel/index.ts";

export interface OpenedClaim {
  readonly claim: CoverageClaim;
  readonly coverage: Coverage;
}

/** Opens a claim at the machine time at which it was or would be taken. */
export function openCoverageClaim(
  crypto: Crypto,
  view: MeshView,
  envelope: Envelope | undefined,
  machineTimeMs: number,
): OpenedClaim | Reject {
  const opened = openCommand(crypto, view, "coverage", CoverageClaimSchema, envelope);
  if (isReject(opened)) return opened;
  const { command: claim } = opened;
  const [signature, another] = envelope?.signatures ?? [];
  const isOwn = signature !== undefined && equalBytes(claim.coordinatorKey, signature.key);
  if (!isOwn || another !== undefined || !isSound(claim)) return reject("malformed");
  const late = checkNotAfter(claim.notAfterMs, machineTimeMs);
  if (late !== undefined) return late;
  if (Number(claim.timeMs) > machineTimeMs + LIMITS.signalAheadMsMax) return reject("clock-off");
  const { verdictId, receiptsRoot, missingHostKeys } = claim;
  const fields = { verdictId, receiptsRoot, missingHostKeys, claim: envelope as Envelope };
  return { claim, coverage: create(CoverageSchema, fields) };
}

function isSound(claim: CoverageClaim): boolean {
  const { ledger, verdictId, receiptsRoot, missingHostKeys, hosts, index } = claim;
  const isLedger = ledger === Ledger.CONTROL || ledger === Ledger.SIGNALS;
  const isHashed = verdictId.length === 32 && receiptsRoot.length === 32;
  const isNumbered = [index, claim.timeMs, claim.notAfterMs].every(isTime) && index > 0n;
  const areKeys = missingHostKeys.every((key, i) => {
    const before = missingHostKeys[i - 1];
    return key.length === 32 && (before === undefined || compareBytes(before, key) < 0);
  });
  const isCounted =
    hosts <= LIMITS.hostsMax &&
    missingHostKeys.length <= hosts &&
    missingHostKeys.length <= LIMITS.missingHostsMax;
  return isLedger && isHashed && isNumbered && areKeys && isCounted;
}
