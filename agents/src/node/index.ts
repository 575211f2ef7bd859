// The door of the node: the fixed wiring that production and the simulator share.

export {
  type CoordinatorEffect,
  type CoordinatorInput,
  CoordinatorNode,
} from "./coordinator-node.ts";
export { COMMAND_KINDS, commandHash } from "./control-machine.ts";
export type { EdgeReading } from "./edge-clock.ts";
export { Mesh } from "./mesh.ts";
export { type Node, PHASES, type Phase, Pump, type PumpPorts } from "./pump.ts";
export { openReceipt } from "./receipt-book.ts";
export { scorerPolicyOf } from "./scoring.ts";
export { type SidecarEffect, type SidecarInput, SidecarNode } from "./sidecar-node.ts";
export type { SubmissionAnswer } from "./submissions.ts";
export { type CheckedVerdict, checkVerdict } from "./verdict-check.ts";
export { openSealedHead, type Sealed } from "../sealer/index.ts";
export { type OpenedGenesis, isName, meshIdOf, openGenesis } from "../roster/index.ts";
export {
  DEFAULT_POLICY_YAML,
  parseDuration,
  parsePolicy,
  parseStage,
  stageName,
} from "../policy/index.ts";
export type { Access, Held, HeldLease } from "../enforcer/index.ts";
export { MACHINE_VERSION } from "../ledger/index.ts";
