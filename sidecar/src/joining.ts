// The door of joining: what a host does once, before it runs.
// Loads certificates and their library, which a running sidecar does without.

export { type Enroll, type JoinedHost, type JoinOptions, type JoinStep, joinMesh } from "./join.ts";
export { type JoinToken, joinTokenText, parseJoinToken } from "./join-token.ts";
