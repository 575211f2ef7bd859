import type { Event } from "@ostraka/agents/kernel";
import { describe, expect, test } from "vitest";
import { compileRules } from "./index.ts";
import type { RuleHit, RuleSet } from "./rule-set.ts";

const HEAD = "title: T\nid: t\nlevel: high\nlogsource: { product: aws, service: cloudtrail }\n";

function compiled(detection: string, placeholders?: Map<string, string[]>): RuleSet {
  const text = `${HEAD}detection:\n${detection.replace(/^/gm, "  ")}`;
  const options = placeholders === undefined ? {} : { placeholders };
  const result = compileRules([{ name: "t.yml", text }], options);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.rules;
}

function event(record: unknown): Event {
  return {
    id: "e",
    timeMs: 1_000,
    kind: "activity",
    service: "aws",
    count: 1,
    record: record as Record<string, unknown>,
    recordType: "aws.cloudtrail",
  };
}

function hits(rules: RuleSet, record: unknown): boolean {
  const found: RuleHit[] = [];
  rules.observe(event(record), found);
  return found.length > 0;
}

/** One selection, and values of field `f` that it takes and does not take. */
const ITEMS: readonly (readonly [string, readonly unknown[], readonly unknown[]])[] = [
  ["f: abc", ["abc", "ABC", ["x", "abc"]], ["abcd", "xabc", "", null, { a: "abc" }]],
  ["f|cased: abc", ["abc"], ["ABC"]],
  ["f: [a, b]", ["a", "B"], ["c"]],
  ["f: a*c", ["ac", "abc", "aXYZc"], ["acd", "bac"]],
  ["f: a?c", ["abc"], ["ac", "abbc"]],
  ["f: 'a\\*c'", ["a*c"], ["abc"]],
  ["f: 'a\\\\*c'", ["a\\xc"], ["a*c"]],
  ["f: '*'", ["", "x"], [null]],
  ["f|contains: bc", ["abcd", "bc"], ["bXc"]],
  ["f|startswith: ab", ["abc"], ["xab"]],
  ["f|endswith: [bc, x]", ["abc", "fox"], ["bcd"]],
  ["f|contains|all: [a, b]", ["xbxa"], ["xa"]],
  ["f|all: [a, b]", [["a", "b", "c"]], [["a"], "a"]],
  ["f: null", [null, undefined], ["", 0, {}, []]],
  ["f: [null, x]", [null, "x"], ["y"]],
  ["f: ''", [""], ["x", null]],
  ["f: 22", [22, "22", [1, 22]], [23, "022"]],
  ["f: true", [true, "true"], [false, 1]],
  ["f|re: '^a+$'", ["aaa"], ["aab", "AAA"]],
  ["f|re|i: '^a+$'", ["AAA"], ["b"]],
  ["f|re|s: 'a.b'", ["a\nb"], ["ab"]],
  ["f|re|m: '^b$'", ["a\nb"], ["ab"]],
  ["f|cidr: 10.0.0.0/8", ["10.1.2.3", "::ffff:10.1.2.3"], ["11.1.2.3", "10.1.2.3:80", 10, ""]],
  ["f|cidr: 'fd00::/8'", ["fd00::1"], ["fe80::1", "10.1.2.3"]],
  ["f|gte: 5", [5, "6", 1e9], [4, "x", "", null, true, Number.NaN]],
  ["f|lt: 5", [4, "-1"], [5, null]],
  ["f|exists: true", ["x", null, {}, []], [undefined]],
  ["f|exists: false", [undefined], [null, "x"]],
  ["f|neq: x", ["y", undefined], ["x"]],
  ["f|base64: foo", ["Zm9v"], ["foo"]],
  [
    "f|base64offset|contains: /bin/sh",
    ["eC9iaW4vc2g=", "L2Jpbi9zaA==", "eHgvYmluL3NoeA=="],
    ["L2Jpbi9z"],
  ],
  ["f|wide|base64: ab", ["YQBiAA=="], ["YWI="]],
  ["f|windash|contains: ' -enc '", ["p -enc x", "p /enc x", "p \u2013enc x"], ["p enc x"]],
  ["f|fieldref: g", ["same", "SAME"], ["other"]],
  ["f|fieldref|startswith: g", ["samething"], ["thesame"]],
];

describe("a line of a selection", () => {
  test.each(ITEMS)("%s takes what it says and nothing beside", (item, taken, left) => {
    const rules = compiled(`s:\n  ${item}\ncondition: s`);
    for (const f of taken) expect([f, hits(rules, { f, g: "same" })]).toEqual([f, true]);
    for (const f of left) expect([f, hits(rules, { f, g: "same" })]).toEqual([f, false]);
  });

  test("fills placeholders with each of their values, and refuses one that is not given", () => {
    const admins = new Map([["admins", ["ann", "ben"]]]);
    const rules = compiled("s:\n  f|expand: 'user-%admins%'\ncondition: s", admins);
    expect(hits(rules, { f: "user-ben" })).toBe(true);
    expect(hits(rules, { f: "user-cat" })).toBe(false);
    expect(() => compiled("s:\n  f|expand: '%admins%'\ncondition: s")).toThrow("is not given");
  });
});

describe("a field", () => {
  const rules = compiled("s:\n  a.b.c: x\ncondition: s");

  test("is a path into nested records, through any element of an array", () => {
    expect(hits(rules, { a: { b: { c: "x" } } })).toBe(true);
    expect(hits(rules, { a: [{ b: [{ c: "y" }, { c: "x" }] }] })).toBe(true);
    expect(hits(rules, { a: { b: "x" } })).toBe(false);
  });

  test("may be a name with dots in it", () => {
    expect(hits(rules, { a: { "b.c": "x" } })).toBe(true);
    expect(hits(rules, { "a.b.c": "x" })).toBe(true);
  });

  test("that every object has is there only when the record has it", () => {
    const proto = compiled("s:\n  __proto__.constructor|exists: true\ncondition: s");
    expect(hits(proto, { a: 1 })).toBe(false);
    expect(hits(compiled("s:\n  constructor|exists: true\ncondition: s"), {})).toBe(false);
    const own = JSON.parse('{"__proto__": {"constructor": "x"}}');
    expect(hits(proto, own)).toBe(true);
  });
});

const TRUTH = { a: "1", b: "1" };
const SELECTIONS = "sel_a:\n  a: 1\nsel_b:\n  b: 1\nnot_here:\n  c: 1\n_hidden:\n  d: 1\n";

describe("a condition", () => {
  test.each([
    ["sel_a and sel_b and not not_here and not _hidden", true],
    ["sel_a and not_here or sel_b and not _hidden", true],
    ["sel_a and (not_here or _hidden) or not sel_b", false],
    ["1 of sel_* and not not_here and not _hidden", true],
    ["all of sel_* and not not_here and not _hidden", true],
    ["all of them or _hidden", false],
    ["1 of them and not _hidden", true],
    ["not 1 of sel_* and not_here and _hidden", false],
    ["sel_a AND sel_b AND NOT not_here and not _hidden", true],
    ["not not sel_a and sel_b or not_here or _hidden", true],
  ])("%s", (condition, expected) => {
    expect(hits(compiled(`${SELECTIONS}condition: ${condition}`), TRUTH)).toBe(expected);
  });

  test("that is a list holds when any of them does", () => {
    const rules = compiled(
      `${SELECTIONS}condition:\n  - not_here and _hidden\n  - sel_a and sel_b`,
    );
    expect(hits(rules, TRUTH)).toBe(true);
    expect(hits(rules, { a: "1" })).toBe(false);
  });
});

describe("a selection", () => {
  test("that is a list of mappings holds when one of them holds as a whole", () => {
    const rules = compiled("s:\n  - a: 1\n    b: 2\n  - c: 3\ncondition: s");
    expect(hits(rules, { a: 1, b: 2 })).toBe(true);
    expect(hits(rules, { c: 3 })).toBe(true);
    expect(hits(rules, { a: 1, c: 2 })).toBe(false);
  });

  test("of keywords looks into every value, at any depth", () => {
    const rules = compiled("k:\n  - mimikatz\n  - 'xm?ig'\ncondition: k");
    expect(hits(rules, { deep: { list: ["run MimiKatz.exe"] } })).toBe(true);
    expect(hits(rules, { a: "xmrig" })).toBe(true);
    expect(hits(rules, { mimikatz: "no value" })).toBe(false);
  });

  test("of keywords that must all be there", () => {
    const rules = compiled("k:\n  '|all':\n    - alpha\n    - beta\ncondition: k");
    expect(hits(rules, { a: "alpha", b: "the beta" })).toBe(true);
    expect(hits(rules, { a: "alpha" })).toBe(false);
  });
});
