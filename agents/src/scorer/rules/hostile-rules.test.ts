import type { Event } from "@ostraka/agents/kernel";
import { describe, expect, test } from "vitest";
import { compileRules } from "./index.ts";
import type { RuleHit, RuleSet } from "./rule-set.ts";

function rulesOf(item: string): RuleSet {
  const text = `title: T
logsource: { product: aws, service: cloudtrail }
detection:
  s:
    ${item}
  condition: s
`;
  const result = compileRules([{ name: "t.yml", text }]);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.rules;
}

function hits(rules: RuleSet, record: unknown, more: Partial<Event> = {}): number {
  const found: RuleHit[] = [];
  const event = {
    ...{ id: "e", timeMs: 1, kind: "activity", service: "aws", count: 1 },
    ...{ record, recordType: "aws.cloudtrail", ...more },
  } as Event;
  rules.observe(event, found);
  return found.length;
}

function why(text: string): string {
  const result = compileRules([{ name: "t.yml", text }]);
  return result.ok ? "" : (result.faults[0]?.why ?? "");
}

/** Work that grows with the square of the value would take minutes at this length. */
const MEGABYTE = 1_048_576;

describe("hostile text in a rule file", () => {
  test.each([
    ["of ten megabytes", "a: b\n".repeat(2_000_000), "at most 1048576 are read"],
    ["of brackets in brackets", "[".repeat(100_000), "nested deeper"],
    ["of braces in braces", `a: ${"{a: ".repeat(50_000)}`, "nested deeper"],
    ["of lists on one line", `${"- ".repeat(100_000)}a`, "nested deeper"],
    ["of blocks in blocks", deepBlocks(1_200), "nested"],
    ["of aliases that unfold", bomb(), "an alias"],
    ["that is no mapping", "- a\n- b\n", "a rule is a mapping"],
    ["that is no YAML", "a: 'b\n", "Missing closing"],
    ["of a tag", "title: !!js/function 'x'\n", "Unresolved tag"],
    ["with a control character in its title", 'title: "a\\u001b[2Kb"\n', "one line of 1 to 256"],
  ])("%s is refused with a sentence", (_what, text, words) => {
    expect(why(text)).toContain(words);
  });

  test("of nothing is an empty set", () => {
    expect(why("")).toBe("");
    expect(why("# only a comment\n---\n")).toBe("");
  });
});

function deepBlocks(depth: number): string {
  return Array.from({ length: depth }, (_, i) => `${" ".repeat(i)}a:`).join("\n");
}

function bomb(): string {
  const levels = Array.from({ length: 20 }, (_, i) => {
    const before = i === 0 ? "x" : `*a${i - 1}`;
    return `a${i}: &a${i} [${Array.from({ length: 9 }, () => before).join(", ")}]`;
  });
  return levels.join("\n");
}

describe("a hostile event", () => {
  test("costs a catastrophic expression no more than its length", () => {
    const rules = rulesOf("f|re: '^(a+)+$'");
    expect(hits(rules, { f: `${"a".repeat(MEGABYTE)}!` })).toBe(0);
    expect(hits(rules, { f: "aaaa" })).toBe(1);
    // What lies past the end of what is looked at is not taken for the end of the value.
    expect(hits(rules, { f: "a".repeat(MEGABYTE) })).toBe(0);
  });

  test("costs a pattern of many stars no more than its length", () => {
    const rules = rulesOf(`f: '${"*a".repeat(50)}*b'`);
    expect(hits(rules, { f: "a".repeat(MEGABYTE) })).toBe(0);
    expect(hits(rules, { f: `${"a".repeat(60)}b` })).toBe(1);
  });

  test("is looked at up to a megabyte of each text, and said so", () => {
    const rules = rulesOf("f|contains: needle");
    expect(hits(rules, { f: `${"x".repeat(MEGABYTE - 10)}needle` })).toBe(1);
    expect(hits(rules, { f: `${"x".repeat(MEGABYTE)}needle` })).toBe(0);
  });

  test.each([
    ["a record that is a text", "text"],
    ["a record that is a list", [1, 2]],
    ["a record that is null", null],
    ["a record that is missing", undefined],
    ["values that are no text", { f: [Number.NaN, { g: 1 }, null, undefined, [], true, 10n] }],
  ])("with %s is no hit and no error", (_what, record) => {
    expect(hits(rulesOf("f: x"), record)).toBe(0);
    expect(hits(rulesOf("'|re': x+y"), record)).toBe(0);
  });

  test("that nests without end is looked at to a depth, and no further", () => {
    let deep: unknown = "needle";
    for (let n = 0; n < 5_000; n++) deep = n % 2 === 0 ? [deep] : { f: deep };
    expect(hits(rulesOf("'|re': needle"), { f: deep })).toBe(0);
    expect(hits(rulesOf("f: needle"), { f: deep })).toBe(0);
    const round: Record<string, unknown> = { f: "y" };
    round["self"] = round;
    round["list"] = [round, round];
    expect(hits(rulesOf("self.self.self.f: y"), round)).toBe(1);
    expect(hits(rulesOf("list.list.f: x"), round)).toBe(0);
  });

  test("with a list of a million elements is looked at in its first thousand", () => {
    const list = Array.from({ length: 1_000_000 }, () => "x");
    list[1_000] = "y";
    list[2_000] = "z";
    expect(hits(rulesOf("f: y"), { f: list })).toBe(1);
    expect(hits(rulesOf("f: z"), { f: list })).toBe(0);
  });

  test("about which no rule is costs no look at its record", () => {
    const trap = new Proxy({}, { get: () => expect.fail("looked"), has: () => true });
    expect(hits(rulesOf("f: x"), trap, { recordType: "okta.systemlog" })).toBe(0);
  });
});
