// The door of the policy agent.

export { DEFAULT_POLICY_YAML } from "./default-policy.ts";
export {
  type GroupSizes,
  type PolicyFault,
  parseDuration,
  parsePolicy,
  parseStage,
  stageName,
} from "./parse-policy.ts";
export { type Activation, PolicyBook } from "./policy-book.ts";
