// Checks a CEL expression against what a policy may say: names, operators and types that are
// allowed, how large and how deep it is, and the most that it can cost. Knows nothing of policies.

import type { parse } from "@bufbuild/cel";
import { LIMITS } from "@ostraka/proto";

export type ExpressionType = "int" | "string" | "bool";
type ListType = `list of ${ExpressionType}`;

export interface CheckedExpression {
  readonly type: ExpressionType | ListType;
  /**
   * The most steps that one evaluation takes: one a node, and one more for every eight characters
   * of a text or items of a list that are compared. Without loops that is a sum.
   */
  readonly cost: number;
}

type Expr = NonNullable<ReturnType<typeof parse>["expr"]>;

class Refusal extends Error {}

function refuse(why: string): never {
  throw new Refusal(why);
}

/** Operators: what their operands must be, and what they make. `same` = two of one type. */
const OPERATORS: Readonly<
  Record<string, { takes: readonly ExpressionType[] | "same"; gives: ExpressionType }>
> = {
  "!_": { takes: ["bool"], gives: "bool" },
  "-_": { takes: ["int"], gives: "int" },
  "_&&_": { takes: ["bool", "bool"], gives: "bool" },
  "_||_": { takes: ["bool", "bool"], gives: "bool" },
  "_==_": { takes: "same", gives: "bool" },
  "_!=_": { takes: "same", gives: "bool" },
  "_<_": { takes: ["int", "int"], gives: "bool" },
  "_<=_": { takes: ["int", "int"], gives: "bool" },
  "_>_": { takes: ["int", "int"], gives: "bool" },
  "_>=_": { takes: ["int", "int"], gives: "bool" },
  "_+_": { takes: ["int", "int"], gives: "int" },
  "_-_": { takes: ["int", "int"], gives: "int" },
  "_*_": { takes: ["int", "int"], gives: "int" },
  "_/_": { takes: ["int", "int"], gives: "int" },
  "_%_": { takes: ["int", "int"], gives: "int" },
};

/**
 * Checks an expression of the parser.
 * @param names what it may ask, with the type of each.
 * @returns its type and cost, or why it may not stand in a policy.
 */
export function checkExpression(
  expr: Expr | undefined,
  names: Readonly<Record<string, ExpressionType>>,
): CheckedExpression | string {
  try {
    return new Checker(names).check(expr, 0);
  } catch (refusal) {
    if (refusal instanceof Refusal) return refusal.message;
    throw refusal;
  }
}

class Checker {
  readonly #names: Readonly<Record<string, ExpressionType>>;
  #nodes = 0;

  constructor(names: Readonly<Record<string, ExpressionType>>) {
    this.#names = names;
  }

  check(expr: Expr | undefined, depth: number): CheckedExpression {
    if (++this.#nodes > LIMITS.conditionNodesMax) {
      refuse(`has more than ${LIMITS.conditionNodesMax} parts`);
    }
    if (depth > LIMITS.conditionDepthMax) {
      refuse(`is deeper than ${LIMITS.conditionDepthMax}: use fewer parts in one condition`);
    }
    const kind = expr?.exprKind;
    switch (kind?.case) {
      case "constExpr":
        return constantOf(kind.value.constantKind);
      case "identExpr": {
        const { name } = kind.value;
        const type = Object.hasOwn(this.#names, name) ? this.#names[name] : undefined;
        const known = Object.keys(this.#names).join(", ");
        return { type: type ?? refuse(`unknown name "${name}" (known: ${known})`), cost: 1 };
      }
      case "callExpr": {
        const { target } = kind.value;
        if (target !== undefined) refuse(`may not call ".${kind.value.function}()"`);
        return this.#checkCall(kind.value.function, kind.value.args, depth + 1);
      }
      case "listExpr":
        return refuse('may use a list only at the right of "in"');
      case "selectExpr":
        return refuse(`may not use ".${kind.value.field}": there is nothing inside a value`);
      case "comprehensionExpr":
        return refuse("may not loop (all, exists, exists_one, map, filter)");
      default:
        return refuse("may only hold names, constants and operators");
    }
  }

  #checkCall(called: string, args: readonly Expr[], depth: number): CheckedExpression {
    if (called === "@in") return this.#checkIn(args, depth);
    const checked = args.map((arg) => this.check(arg, depth));
    const types = checked.map(({ type }) => type);
    const cost = 1 + checked.reduce((sum, part) => sum + part.cost, 0);
    if (called === "_?_:_") {
      const [test, left, right] = types;
      if (test !== "bool" || left !== right || left === undefined) {
        return refuse("? : needs a truth, and two values of one type");
      }
      return { type: left, cost };
    }
    const operator = Object.hasOwn(OPERATORS, called) ? OPERATORS[called] : undefined;
    if (operator === undefined) return refuse(`may not call "${called}()"`);
    const { takes, gives } = operator;
    const sign = called.replaceAll("_", "");
    if (takes === "same") {
      if (types[0] !== types[1]) refuse(`${sign} compares ${types[0]} with ${types[1]}`);
    } else if (takes.some((type, i) => type !== types[i])) {
      refuse(`${sign} needs ${takes.join(" and ")}, not ${types.join(" and ")}`);
    }
    return { type: gives, cost };
  }

  /** `x in [constants]`: membership is a walk of the list. */
  #checkIn(args: readonly Expr[], depth: number): CheckedExpression {
    const [held, list] = args;
    const left = this.check(held, depth);
    if (list?.exprKind.case !== "listExpr") return refuse('"in" needs a list at its right');
    const items = list.exprKind.value.elements.map((item) => this.check(item, depth + 1));
    const other = items.find(({ type }) => type !== left.type);
    if (other !== undefined) refuse(`"in" looks for ${left.type} among ${other.type}`);
    const cost = items.reduce((sum, item) => sum + item.cost + 1, 1 + left.cost);
    return { type: "bool", cost };
  }
}

type Constant = Extract<Expr["exprKind"], { case: "constExpr" }>["value"]["constantKind"];

function constantOf(constant: Constant): CheckedExpression {
  switch (constant.case) {
    case "boolValue":
      return { type: "bool", cost: 1 };
    case "int64Value":
      if (BigInt.asIntN(64, constant.value) === constant.value) return { type: "int", cost: 1 };
      return refuse("holds a number beyond 64 bits");
    case "stringValue":
      return { type: "string", cost: 1 + Math.ceil(constant.value.length / 8) };
    case "doubleValue":
      return refuse("may not hold a number with a point: whole numbers only");
    default:
      return refuse("may only hold whole numbers, texts, true and false");
  }
}
