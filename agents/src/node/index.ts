// The door of the node: the fixed wiring that production and the simulator share.

export type { Access, Held, HeldLease } from "../enforcer/index.ts";
export { MACHINE_VERSION_MAX } from "../kernel/index.ts";
export { type CanFire, canFire, type FiringFacts } from "../liveness/index.ts";
export {
  type CaseOutcome,
  type CaseResult,
  DEFAULT_POLICY_YAML,
  PolicyBook,
  type PolicyFault,
  parseDuration,
  parsePolicy,
  parseStage,
  policySchema,
  type RosterFacts,
  rosterFacts,
  runPolicyCases,
  stageName,
} from "../policy/index.ts";
export { isName, meshIdOf, type OpenedGenesis, openGenesis } from "../roster/index.ts";
export { openSealedHead, type Sealed } from "../sealer/index.ts";
export type {
  CoordinatorEffect,
  CoordinatorInput,
  OrderAnswer,
} from "./coordinator/coordinator-io.ts";
export { CoordinatorNode } from "./coordinator/coordinator-node.ts";
export { claimedReceipts } from "./coordinator/coverage-rows.ts";
export { openReceipt } from "./coordinator/receipt-book.ts";
export type { SubmissionAnswer } from "./coordinator/submissions.ts";
export type { EdgeReading } from "./edge/edge-clock.ts";
export type { SidecarEffect } from "./edge/edge-verdicts.ts";
export { type Readiness, type SidecarInput, SidecarNode } from "./edge/sidecar-node.ts";
export type { JournalPlace } from "./lane/repair-desk.ts";
export { COMMAND_KINDS, ControlMachine, commandHash } from "./machine/control-machine.ts";
export { SignalsMachine } from "./machine/signals-machine.ts";
export { Mesh } from "./mesh.ts";
export { commitmentsOf } from "./privates-fit.ts";
export { privatesNeededUntilMs } from "./privates-needed.ts";
export { type Node, PHASES, type Phase, Pump, type PumpPorts } from "./pump.ts";
export {
  type FoundBy,
  findEntries,
  findingRows,
  ROWS_WHOLE_KEY,
} from "./record-rows.ts";
export { type CheckedVerdict, checkVerdict } from "./verdict-check.ts";
