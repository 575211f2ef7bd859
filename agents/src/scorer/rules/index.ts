// The door of the rule engine.

export type {
  CompiledRules,
  RuleFault,
  RuleHit,
  RuleLevel,
  RuleSet,
  RuleSource,
  RulesSnapshot,
  SpeaksOf,
} from "./rule-set.ts";
