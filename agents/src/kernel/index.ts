// The door of the kernel: what every agent may share. Agents never import one another.

export * from "./active-set.ts";
export * from "./earlier-verdict.ts";
export * from "./equivocation.ts";
export * from "./event.ts";
export * from "./evidence.ts";
export * from "./exempt.ts";
export * from "./head-shape.ts";
export * from "./inquiry-check.ts";
export * from "./lockout.ts";
export * from "./machine-version.ts";
export * from "./mesh-view.ts";
export * from "./open-command.ts";
export * from "./people-verdict.ts";
export * from "./policy.ts";
export * from "./ports.ts";
export * from "./private-part.ts";
export * from "./proposal-evidence.ts";
export * from "./reach.ts";
export * from "./retention.ts";
export * from "./saved-state.ts";
export * from "./signal-proof.ts";
export * from "./subject-key.ts";
export * from "./tally.ts";
export * from "./token-buckets.ts";
export * from "./verdict-body.ts";
export * from "./widening.ts";
