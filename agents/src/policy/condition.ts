// Conditions of a policy in CEL: parsed and checked once, evaluated over a verdict's reach alone.
// Never a double, a clock, a regular expression, a loop; what it can cost is known BEFORE it runs.

import { celEnv, isCelError, parse, plan } from "@bufbuild/cel";
import { LIMITS, SUBJECT_KINDS } from "@ostraka/proto";
import type { Condition, Reach } from "../kernel/index.ts";
import { checkExpression, type ExpressionType } from "./condition-check.ts";
import { stageName } from "./scalars.ts";
import { made, type Shape } from "./shape.ts";

/** What a condition may ask: the fields of a reach, and units of time in milliseconds. */
export const CONDITION_NAMES: Readonly<Record<string, ExpressionType>> = {
  kind: "string",
  stage: "string",
  scopeHosts: "int",
  ttlMs: "int",
  isDryRun: "bool",
  hosts: "int",
  faultDomains: "int",
  evidenceMdb: "int",
  sharedSubjects: "int",
  second: "int",
  minute: "int",
  hour: "int",
  day: "int",
};

const UNITS = { second: 1_000n, minute: 60_000n, hour: 3_600_000n, day: 86_400_000n };

const environment = celEnv({});

/** A condition with the most that one evaluation can cost. */
export interface CostedCondition extends Condition {
  /** In steps; see `condition-check.ts`. */
  readonly cost: number;
}

/**
 * Compiles a condition.
 * @param onError what it says when evaluation fails (an overflow, a division by zero): the safe
 * side, which is `false` where it lowers what is needed and `true` where it raises it.
 * @returns the condition, or why it is none.
 */
export function compileCondition(text: string, onError: boolean): CostedCondition | string {
  const early = faultOfText(text);
  if (early !== undefined) return early;
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(text);
  } catch (cause) {
    const [line = ""] = (cause instanceof Error ? cause.message : "").split("\n");
    return `is not CEL: ${line.replace(/^<input>:/, "at ").slice(0, 160)}`;
  }
  const checked = checkExpression(parsed.expr, CONDITION_NAMES);
  if (typeof checked === "string") return checked;
  if (checked.type !== "bool") return `must be true or false, not ${checked.type}`;
  if (checked.cost > LIMITS.conditionCostMax) {
    return `costs up to ${checked.cost} steps: at most ${LIMITS.conditionCostMax} are allowed`;
  }
  const evaluate = plan(environment, parsed);
  return {
    text,
    cost: checked.cost,
    holds(reach) {
      const value = evaluate(bindingsOf(reach));
      return isCelError(value) || typeof value !== "boolean" ? onError : value;
    },
  };
}

function bindingsOf(reach: Reach): Record<string, string | bigint | boolean> {
  return {
    ...UNITS,
    kind: SUBJECT_KINDS[reach.kind - 1] ?? "unspecified",
    stage: stageName(reach.stage),
    scopeHosts: BigInt(reach.scopeHosts),
    ttlMs: BigInt(reach.ttlMs),
    isDryRun: reach.isDryRun,
    hosts: BigInt(reach.hosts),
    faultDomains: BigInt(reach.faultDomains),
    evidenceMdb: BigInt(reach.evidenceMdb),
    sharedSubjects: BigInt(reach.sharedSubjects),
  };
}

/**
 * What can be refused before the parser sees it. The parser recurses: a text whose brackets nest
 * without bound would run out of stack at a depth that differs from machine to machine (I3).
 */
function faultOfText(text: string): string | undefined {
  let depth = 0;
  for (const char of text) {
    if ("([{".includes(char)) depth++;
    if (")]}".includes(char)) depth--;
    if (depth > LIMITS.conditionDepthMax) {
      return `nests more than ${LIMITS.conditionDepthMax} brackets`;
    }
  }
  return undefined;
}

/** A condition in a document; see `compileCondition` for `onError`. */
export function condition(onError: boolean): Shape<CostedCondition> {
  const text: Shape<string> = {
    schema: {
      description: `CEL over ${Object.keys(CONDITION_NAMES).join(", ")}.`,
      type: "string",
      // Plain ASCII: what a reader sees is what the machine compares.
      pattern: TEXT.source,
    },
    read(value, path, faults) {
      if (typeof value === "string" && TEXT.test(value)) return value;
      return faults.shape(
        path,
        `must be a CEL text of at most ${LIMITS.conditionTextMax} plain characters`,
      );
    },
  };
  return made(text, (held, path, faults) => {
    const compiled = compileCondition(held, onError);
    return typeof compiled === "string" ? faults.meaning(path, compiled) : compiled;
  });
}

const TEXT = new RegExp(`^[\\n -~]{1,${LIMITS.conditionTextMax}}$`);
