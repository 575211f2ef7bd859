// The door of the courier agent.

export { Courier, type CourierOptions, type Draft } from "./courier.ts";
