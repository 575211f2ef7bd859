import { utf8 } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { DEFAULT_POLICY_YAML } from "./default-policy.ts";
import { parsePolicy } from "./parse-policy.ts";
import { tooDeepAt } from "./yaml-depth.ts";

describe("a YAML text", () => {
  test("that nests deeper than any stack should be asked to go is refused by its line", () => {
    expect(tooDeepAt(`a: 1\nb: ${"[".repeat(101)}`)).toBe(2);
    expect(tooDeepAt(`a: 1\n${"- ".repeat(51)}x`)).toBe(2);
    expect(tooDeepAt(`a: 1\nb: 2\n${" ".repeat(101)}x: 1`)).toBe(3);
  });

  test("that is as deep as the bound, or long and flat, is let through", () => {
    expect(tooDeepAt(`b: ${"[".repeat(100)}${"]".repeat(100)}`)).toBeUndefined();
    expect(tooDeepAt(`${"- ".repeat(50)}x`)).toBeUndefined();
    expect(tooDeepAt("a: [1, {b: 2}]\n".repeat(1_000))).toBeUndefined();
    expect(tooDeepAt(DEFAULT_POLICY_YAML)).toBeUndefined();
  });
});

test("a policy of many levels is refused in words, whatever the stack", () => {
  const yaml = utf8(`version: 1\nname: ${"[".repeat(20_000)}${"]".repeat(20_000)}\n`);
  const roster = { groups: new Map(), proposers: [], holders: new Set<string>(), faultDomains: 0 };
  expect(parsePolicy(yaml, 1, roster, 2)).toEqual({
    fault: "nests deeper than a policy needs",
    faults: [{ fault: "nests deeper than a policy needs", line: 2 }],
  });
});
