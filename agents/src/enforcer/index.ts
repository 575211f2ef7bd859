// The door of the enforcer agent.

export { type Access, DenySet, type EdgeTime, type Here, hasBegun } from "./deny-set.ts";
export type { Held, HeldLease, HeldWidening } from "./held.ts";
