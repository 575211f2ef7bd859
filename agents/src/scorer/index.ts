// The door of the scorer agent.

export {
  INTEL_FORMATS,
  IntelBook,
  type IntelEntries,
  type IntelFormat,
  IntelReader,
  readIntelList,
} from "./intel/index.ts";
export { linesOf } from "./lines.ts";
export { explanationOf, seenInWords } from "./reason-words.ts";
export type { RuleHit, RuleSet } from "./rules/rule-set.ts";
export { openScorer, restoreScorer } from "./scorer.ts";
export type {
  Scorer,
  ScorerAdditions,
  ScorerCounts,
  ScorerInput,
  ScorerOptions,
  ScorerTotals,
  Standing,
} from "./scorer-shape.ts";
export {
  DEFAULT_SCORER_POLICY,
  type EvidenceKindName,
  type Lease,
  type LeaseStage,
  type Reason,
  type ScorerOutput,
  type ScorerPolicy,
  type Signal,
} from "./signal.ts";
