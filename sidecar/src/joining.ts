// The door of joining: what a host does once, before it runs.

export { type Enroll, type JoinedHost, type JoinOptions, type JoinStep, joinMesh } from "./join.ts";
export { type JoinToken, joinTokenText, parseJoinToken } from "./join-token.ts";
