// Whether a kill switch would still get through, as this coordinator sees it: gathers the facts and
// asks the agent that names the first broken link. Reads only.

import { majorityOf } from "@ostraka/agents/kernel";
import { type CanFire, canFire, type FiringFacts } from "@ostraka/agents/node";
import { Ledger } from "@ostraka/proto";
import type { CoordinatorRuntime } from "../runtime.ts";
import { coordinatorName, sealsOf } from "./status-notes.ts";

export function firingOf(runtime: CoordinatorRuntime): CanFire {
  const { node } = runtime;
  const { view } = node.control.mesh;
  return canFire({
    isStoreFailed: runtime.isStoreFailed,
    isBusConnected: runtime.isBusConnected,
    damage: node.status(Ledger.CONTROL).damage,
    isTaking: runtime.isTaking,
    epoch: view.epoch,
    missingSeals: missingSealsOf(runtime),
    hasProbes: view.machineVersion >= 2,
    probeEveryMs: node.duties.probeMs,
    probe: lastProbeOf(runtime),
  });
}

function missingSealsOf(runtime: CoordinatorRuntime): FiringFacts["missingSeals"] {
  const { node } = runtime;
  if (!sealsOf(runtime, Ledger.CONTROL).isHeldUp) return undefined;
  const coordinators = node.control.mesh.view.coordinatorKeys().length;
  const { missingSeals } = node.status(Ledger.CONTROL);
  return {
    have: coordinators - missingSeals.length,
    needed: majorityOf(coordinators),
    of: missingSeals.map((key) => coordinatorName(runtime, key)).join(", "),
  };
}

function lastProbeOf(runtime: CoordinatorRuntime): FiringFacts["probe"] {
  const { node, parts } = runtime;
  const probe = node.duties.lastProbe;
  if (probe === undefined) return undefined;
  const hosts = [...node.control.mesh.view.hosts()];
  const isPast = (key: Uint8Array) =>
    Number(node.receipts.of(key)?.receipt.controlIndex ?? 0n) >= probe.index;
  return {
    agoMs: Math.max(0, parts.clock.wallMs() - probe.enteredMs),
    sealedInMs: runtime.probeSealedInMs(probe.index),
    isSealed: Number(node.status(Ledger.CONTROL).sealed?.head.index ?? 0n) >= probe.index,
    hosts: hosts.length,
    missingHosts: hosts.filter((host) => !isPast(host.key)).map((host) => host.name),
  };
}
