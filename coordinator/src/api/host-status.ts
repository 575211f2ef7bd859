// What the API says of one host: its membership, and its latest receipt as it was signed. Says
// nothing of a host that the roster does not know.

import type { HostMember } from "@ostraka/agents/kernel";
import { hex } from "@ostraka/proto";
import type { CoordinatorRuntime } from "../runtime.ts";

export function hostStatus(runtime: CoordinatorRuntime, host: HostMember) {
  const receipt = runtime.node.receipts.of(host.key)?.envelope;
  return {
    name: host.name,
    hostKey: host.key,
    faultDomain: host.faultDomain,
    isWitness: host.isWitness,
    membershipIndex: BigInt(host.index),
    labels: [...host.labels],
    heardMs: BigInt(runtime.receiptsHeard.get(hex(host.key))?.wallMs ?? 0),
    ...(receipt !== undefined && { receipt }),
  };
}
