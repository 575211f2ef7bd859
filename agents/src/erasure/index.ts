// The door of the erasure agent.

export { openErasure } from "./erasure-order.ts";
export { NeededParts } from "./needed-parts.ts";
