// The door of the policy agent.

export { DEFAULT_POLICY_YAML } from "./default-policy.ts";
export { type PolicyFault, parsePolicy } from "./parse-policy.ts";
export { type Activation, PolicyBook } from "./policy-book.ts";
export { type RosterFacts, rosterFacts } from "./roster-facts.ts";
export { parseDuration, parseStage, stageName } from "./scalars.ts";
