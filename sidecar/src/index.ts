// The door of the sidecar: running one, joining a mesh, checking a configuration. Replay has its
// own.

export { parseSidecarConfig, readSidecarConfig, type SidecarConfig } from "./config.ts";
export {
  DEMO_CLIENT_HEADER,
  DEMO_USER_HEADER,
  type ProtectedService,
  type ProtectedServiceOptions,
  startProtectedService,
} from "./enforcers/protected-service.ts";
export { type Enroll, type JoinedHost, type JoinOptions, type JoinStep, joinMesh } from "./join.ts";
export { type JoinToken, joinTokenText, parseJoinToken } from "./join-token.ts";
export { checkSidecarConfig, type RunOptions, runSidecar } from "./main.ts";
export { type Sidecar, type SidecarOptions, startSidecar } from "./runtime.ts";
