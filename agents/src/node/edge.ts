// The door of the node for a host: what a sidecar's process needs and nothing of the middle, whose
// sixty files would take a tenth of its start.

export type { Access, Held, HeldLease } from "../enforcer/index.ts";
export { stageName } from "../policy/index.ts";
export { isName, type OpenedGenesis, openGenesis } from "../roster/index.ts";
export type { SidecarEffect } from "./edge/edge-verdicts.ts";
export { type SidecarInput, SidecarNode } from "./edge/sidecar-node.ts";
export { Pump } from "./pump.ts";
