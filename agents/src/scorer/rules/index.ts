// The door of the rule engine.

export { type CompileOptions, compileRules } from "./compile-rules.ts";
export { LEVEL_CEILINGS } from "./level-ceilings.ts";
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
