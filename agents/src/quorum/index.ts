// The door of the quorum agent.

export { type CompletedVerdict, PeopleQuorum } from "./people-quorum.ts";
export { type CountedSignal, SignalQuorum, type SignalVerdict } from "./signal-quorum.ts";
