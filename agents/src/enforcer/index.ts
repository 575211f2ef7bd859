// The door of the enforcer agent.

export {
  type Access,
  DenySet,
  type EdgeTime,
  type Held,
  type HeldLease,
  type HeldWidening,
  type Here,
  hasBegun,
} from "./deny-set.ts";
