// The door of the governor agent.

export { type CompleteWarrant, Governor, type HoldWhy } from "./governor.ts";
