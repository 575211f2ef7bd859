// The door of the liveness agent.

export { type CanFire, canFire, type FiringFacts } from "./can-fire.ts";
export { faultOfProbe, ProbeBook } from "./probe-book.ts";
