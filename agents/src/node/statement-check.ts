// Re-derives what coordinators' statements made in the control ledger: coverage certificates,
// probes and halts. A sidecar takes none of them on trust (I1).

import {
  CoverageSchema,
  type Crypto,
  type Entry,
  encode,
  equalBytes,
  type Halt,
  isReject,
  type Reject,
  reject,
} from "@ostraka/proto";
import { openCoverageClaim } from "../coverage/index.ts";
import { haltWhy, type MeshView } from "../kernel/index.ts";
import { faultOfProbe } from "../liveness/index.ts";
import { checkReports } from "../reports/index.ts";

type StatementEffect = Extract<Entry["effect"], { case: "coverage" | "probe" | "halt" }>;

/** Why such an entry may not stand at its machine time, or `undefined`. */
export function faultOfStatement(
  crypto: Crypto,
  view: MeshView,
  effect: StatementEffect,
  machineTimeMs: number,
): Reject | undefined {
  if (effect.case === "probe") return faultOfProbe(view, effect.value, machineTimeMs);
  if (effect.case === "halt") return faultOfHalt(crypto, view, effect.value, machineTimeMs);
  const claimed = openCoverageClaim(crypto, view, effect.value.claim, machineTimeMs);
  if (isReject(claimed)) return claimed;
  const [derived, entered] = [claimed.coverage, effect.value].map((c) => encode(CoverageSchema, c));
  return equalBytes(derived as Uint8Array, entered as Uint8Array)
    ? undefined
    : reject("body-differs");
}

/** A majority's reports must say that hosts fail; which step was reached is for the deny set. */
function faultOfHalt(
  crypto: Crypto,
  view: MeshView,
  { verdictId, why, reports }: Halt,
  machineTimeMs: number,
): Reject | undefined {
  const about = { case: "verdictId", value: verdictId } as const;
  const majority = checkReports(crypto, view, about, reports, machineTimeMs);
  if (isReject(majority)) return majority;
  return haltWhy(majority) === why ? undefined : reject("body-differs");
}
