// The door of the quorum agent.

export { type LedgerTree, PastVerdicts } from "./past-verdicts.ts";
export { type CompletedVerdict, PeopleQuorum } from "./people-quorum.ts";
export {
  type CountedSignal,
  type HeldWarrant,
  SignalQuorum,
  type SignalVerdict,
} from "./signal-quorum.ts";
