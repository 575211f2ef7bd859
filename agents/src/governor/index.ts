// The door of the governor agent.

export { CutOffs } from "./cut-offs.ts";
export { type CompleteWarrant, Governor, type HoldWhy } from "./governor.ts";
