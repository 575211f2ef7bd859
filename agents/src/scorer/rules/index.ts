// The door of the rule engine: who has no rules does not load it.

export { type CompileOptions, compileRules } from "./compile-rules.ts";
export { RuleBook } from "./rule-book.ts";
export type {
  CompiledRules,
  RuleFault,
  RuleHit,
  RuleLevel,
  RuleSet,
  RuleSource,
  SpeaksOf,
} from "./rule-set.ts";
