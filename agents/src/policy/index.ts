// The door of the policy agent.

export { canBeMet } from "./approval-tree.ts";
export { DEFAULT_POLICY_YAML } from "./default-policy.ts";
export { type PolicyFault, parsePolicy } from "./parse-policy.ts";
export { type Activation, PolicyBook } from "./policy-book.ts";
export { type CaseOutcome, type CaseResult, runPolicyCases } from "./policy-cases.ts";
export { policySchema } from "./policy-schema.ts";
export { type RosterFacts, rosterFacts } from "./roster-facts.ts";
export { parseDuration, parseStage, stageName } from "./scalars.ts";
