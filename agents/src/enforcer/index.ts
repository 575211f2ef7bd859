// The door of the enforcer agent.

export {
  type Access,
  DenySet,
  type EdgeTime,
  type Held,
  type HeldLease,
  type Here,
} from "./deny-set.ts";
