// The door of the policy agent.

export { DEFAULT_POLICY_YAML } from "./default-policy.ts";
export {
  type GroupSizes,
  parseDuration,
  parsePolicy,
  parseStage,
  type PolicyFault,
  stageName,
} from "./parse-policy.ts";
export { type Activation, PolicyBook } from "./policy-book.ts";
