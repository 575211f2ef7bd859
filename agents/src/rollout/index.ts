// The door of the rollout agent.

export {
  type Canary,
  isInCanary,
  RolloutBook,
  type RolloutReport,
  type RunningRollout,
} from "./rollout-book.ts";
export { openRollout, type PolicyFacts, type RolloutOrder } from "./rollout-order.ts";
