import type { Event } from "@ostraka/agents/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileRules } from "./index.ts";
import type { RuleHit } from "./rule-set.ts";
import { lower, matchPattern, readPattern } from "./text-pattern.ts";

/** Selections of a few words over three fields, so that rules share shelves and values. */
const WORD = fc.constantFrom("a", "b", "c", "A", "b*", "*");
const FIELD = fc.constantFrom("f", "g", "h");
const SELECTION = fc.dictionary(
  FIELD,
  fc.oneof(WORD, fc.array(WORD, { minLength: 1, maxLength: 3 })),
  {
    minKeys: 1,
    maxKeys: 3,
  },
);
const CONDITION = fc.constantFrom(
  "s and t",
  "s or t",
  "s and not t",
  "not s and t",
  "not (s or t)",
);

function ruleOf([s, t, condition]: [unknown, unknown, string], n: number): string {
  const detection = JSON.stringify({ s, t, condition });
  return `title: R${n}\nid: r${n}\nlogsource: { product: aws, service: cloudtrail }\ndetection: ${detection}\n`;
}

function idsHit(texts: readonly string[], record: Record<string, unknown>): string[] {
  const result = compileRules(texts.map((text, n) => ({ name: `${n}.yml`, text })));
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  const hits: RuleHit[] = [];
  const event = { id: "e", timeMs: 1, kind: "activity", service: "aws", count: 1, record };
  result.rules.observe({ ...event, recordType: "aws.cloudtrail" } as Event, hits);
  return hits.map(({ id }) => id);
}

describe("the index", () => {
  test("leaves out no rule that hits, tries none twice, and keeps the order of the set", () => {
    const rule = fc.tuple(SELECTION, SELECTION, CONDITION);
    const value = fc.oneof(
      fc.constantFrom("a", "b", "c", "bx"),
      fc.array(fc.constantFrom("a", "b")),
    );
    const record = fc.dictionary(FIELD, value);
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 12 }), record, (rules, fields) => {
        const texts = rules.map(ruleOf);
        const together = idsHit(texts, fields);
        // The dumb twin: each rule alone, where there is nothing to leave out.
        const alone = texts.flatMap((text) => idsHit([text], fields));
        expect(together).toEqual(alone);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a text pattern", () => {
  test("takes what the same words as an expression take", () => {
    const letter = fc.constantFrom("a", "b", "*", "?", "\\*");
    const pattern = fc.array(letter, { maxLength: 8 }).map((letters) => letters.join(""));
    const text = fc.array(fc.constantFrom("a", "b", "*"), { maxLength: 10 }).map((t) => t.join(""));
    fc.assert(
      fc.property(pattern, text, fc.boolean(), fc.boolean(), (source, value, start, end) => {
        const isOpen = { isOpenStart: start, isOpenEnd: end };
        const taken = matchPattern(readPattern(source, true), isOpen)(value);
        const words = source.replace(/\\\*|[*?]/g, (w) => ({ "*": ".*", "?": "." })[w] ?? "\\*");
        const twin = new RegExp(`^${start ? ".*" : ""}${words}${end ? ".*" : ""}$`, "s");
        expect(taken).toBe(twin.test(value));
      }),
      { numRuns: 2_000 },
    );
  });

  test("in lower case has as many places as before", () => {
    expect(lower("\u0130X")).toHaveLength(2);
    expect(lower("\u0130X").endsWith("x")).toBe(true);
  });
});
