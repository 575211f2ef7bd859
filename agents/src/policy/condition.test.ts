// Conditions: what may be said in CEL, what is refused and in which words, and which way a failure
// falls.

import { LIMITS, Stage, SubjectKind } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import type { Reach } from "../kernel/index.ts";
import { compileCondition } from "./condition.ts";

const REACH: Reach = {
  kind: SubjectKind.ADDRESS,
  stage: Stage.SUSPEND,
  scopeHosts: 0,
  ttlMs: 3_600_000,
  isDryRun: false,
  hosts: 3,
  faultDomains: 2,
  evidenceMdb: 41_000,
  sharedSubjects: 2,
};

function compiled(text: string, onError = false) {
  const condition = compileCondition(text, onError);
  if (typeof condition === "string") throw new Error(condition);
  return condition;
}

describe("a condition", () => {
  test.each([
    ['kind == "address"', true],
    ['kind == "user"', false],
    ['stage in ["suspend", "terminate"]', true],
    ["scopeHosts == 0 && ttlMs >= 1 * hour", true],
    ["ttlMs > 60 * minute", false],
    ["ttlMs < day && ttlMs > 59 * minute + 59 * second", true],
    ["!isDryRun || hosts > 100", true],
    ["hosts - faultDomains == 1", true],
    ["evidenceMdb / 1000 >= 41", true],
    ["hosts % 2 == 1", true],
    ["(isDryRun ? 1 : 2) == 2", true],
    ["-hosts < 0", true],
    ["sharedSubjects != 2", false],
    ["hosts in [1, 2, 3]", true],
    ["true", true],
  ])("%s is %s", (text, expected) => expect(compiled(text).holds(REACH)).toBe(expected));

  test.each([
    ["hosts > 1.5", "may not hold a number with a point"],
    ["hosts == 1e3", "may not hold a number with a point"],
    ["hosts > 1u", "may only hold whole numbers"],
    ['b"x" == b"x"', "may only hold whole numbers"],
    ["null == null", "may only hold whole numbers"],
    ["now > 1", 'unknown name "now"'],
    ["toString == 1", 'unknown name "toString"'],
    ['timestamp("2026-01-01T00:00:00Z") == timestamp("2026-01-01T00:00:00Z")', "may not call"],
    ['duration("1h") == duration("1h")', 'may not call "duration()"'],
    ['kind.matches("a.*")', 'may not call ".matches()"'],
    ['matches(kind, "a")', 'may not call "matches()"'],
    ['kind.startsWith("a")', 'may not call ".startsWith()"'],
    ["size(kind) > 1", 'may not call "size()"'],
    ["int(kind) > 1", 'may not call "int()"'],
    ["[1, 2].exists(x, x == hosts)", "may not loop"],
    ["[1, 2].map(x, x + 1) == [1]", "may not loop"],
    ["[1] == [1]", "may use a list only"],
    ["[hosts][0] == 1", "may use a list only"],
    ["hosts in hosts", '"in" needs a list'],
    ['hosts in [1, "a"]', '"in" looks for int among string'],
    ["{} == {}", "may only hold names"],
    ["kind.length == 1", 'may not use ".length"'],
    ["has(kind.x)", 'may not use ".x"'],
    ["hosts", "must be true or false, not int"],
    ['kind + "x" == "addressx"', "+ needs int and int"],
    ["kind == 1", "== compares string with int"],
    ["hosts && isDryRun", "&& needs bool and bool"],
    ["!hosts", "! needs bool"],
    ["isDryRun ? 1 : 2", "must be true or false, not int"],
    ['isDryRun ? 1 : "x"', "? : needs a truth"],
    ["hosts ==", "is not CEL"],
    ["hosts = 1", "is not CEL"],
    ["hosts == 99999999999999999999", "holds a number beyond 64 bits"],
    ["hosts == 9223372036854775808", "holds a number beyond 64 bits"],
  ])("%s is refused", (text, why) => expect(compileCondition(text, false)).toContain(why));

  test("that cannot be evaluated falls to the side it was told: the safe one", () => {
    for (const text of ["1 / scopeHosts == 1", "ttlMs * 9223372036854775807 == 1"]) {
      expect(compiled(text, false).holds(REACH)).toBe(false);
      expect(compiled(text, true).holds(REACH)).toBe(true);
    }
    // What is decided without the failing half is decided.
    expect(compiled("scopeHosts == 0 || 1 / scopeHosts == 1", false).holds(REACH)).toBe(true);
  });
});

describe("a condition is bounded", () => {
  const chain = (n: number) => `${new Array<string>(n).fill("1").join("+")} > 1`;

  test("in parts", () => {
    const wide = (n: number) => `hosts in [${new Array<string>(n).fill("1").join(",")}]`;
    expect(compileCondition(wide(LIMITS.conditionNodesMax - 2), false)).toBeTypeOf("object");
    expect(compileCondition(wide(LIMITS.conditionNodesMax - 1), false)).toContain("parts");
  });

  test("in depth, also before the parser sees it", () => {
    expect(compileCondition(chain(LIMITS.conditionDepthMax), false)).toBeTypeOf("object");
    expect(compileCondition(chain(LIMITS.conditionDepthMax + 3), false)).toContain("is deeper");
    const nested = (n: number) => `${"(".repeat(n)}true${")".repeat(n)}`;
    expect(compileCondition(nested(LIMITS.conditionDepthMax), false)).toBeTypeOf("object");
    expect(compileCondition(nested(LIMITS.conditionDepthMax + 1), false)).toContain("brackets");
  });

  test("in what one evaluation can cost", () => {
    const texts = (n: number) => {
      const one = `"${"x".repeat(40)}"`;
      return `kind in [${new Array<string>(n).fill(one).join(",")}]`;
    };
    expect(compiled("hosts > 1").cost).toBe(3);
    expect(compiled(texts(5)).cost).toBeLessThan(compiled(texts(10)).cost);
  });

  test.each([
    ["brackets", "("],
    ["lists", "["],
    ["maps", "{1:"],
    ["negations", "!"],
    ["minus signs", "- "],
    ["choices", "true?true:"],
    ["calls", "f("],
    ["fields", "a."],
    ["strings", '"'],
    ["backslashes", '"\\'],
    ["sums", "1+"],
  ])("a text of %s alone is refused or compiled, never a crash", (_, piece) => {
    const text = piece.repeat(LIMITS.conditionTextMax).slice(0, LIMITS.conditionTextMax);
    expect(() => compileCondition(text, false)).not.toThrow();
    expect(compileCondition(text, false)).toBeTypeOf("string");
  });
});
