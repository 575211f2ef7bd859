// The door of a running sidecar. Joining, replay and the demo service have doors of their own: what
// a sidecar does not need, it does not load.

export { parseSidecarConfig, readSidecarConfig, type SidecarConfig } from "./config.ts";
export { checkSidecarConfig, type RunOptions, runSidecar, SIDECAR_NODE_FLAGS } from "./main.ts";
export { type Sidecar, type SidecarOptions, startSidecar } from "./runtime.ts";
