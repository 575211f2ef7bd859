import { describe, expect, test } from "vitest";
import { compileRules } from "./index.ts";

const GOOD = `title: T
id: t
level: high
logsource: { product: aws, service: cloudtrail }
detection:
  s:
    eventName: X
  condition: s
`;

function faultsOf(text: string): string[] {
  const result = compileRules([{ name: "f.yml", text }]);
  if (result.ok) return [];
  return result.faults.map(({ source, line, why }) => `${source}:${line} ${why}`);
}

/** The good rule with one line replaced, and what is said of it: line and words. */
const MUTATIONS: readonly (readonly [string, string, number, string])[] = [
  ["level: high", "level: extreme", 3, "none of informational, low"],
  ["level: high", "levle: high", 3, "did you mean level?"],
  ["title: T", "title: [a]", 1, "one line of 1 to"],
  ["title: T", "description: T", 1, "needs a title"],
  ["logsource: { product: aws, service: cloudtrail }", "fields: []", 1, "needs a logsource"],
  ["product: aws", "product: windoze", 4, "did you mean windows?"],
  ["service: cloudtrail", "service: cloudtrial", 4, "did you mean cloudtrail?"],
  ["service: cloudtrail", "service: cloudtrail, category: dns", 4, "nothing here reads category"],
  ["product: aws", "produkt: aws", 4, "did you mean product?"],
  ["    eventName: X", "    eventName|contians: X", 7, "did you mean contains?"],
  ["    eventName: X", "    eventName|contains|startswith: X", 7, "do not go together"],
  ["    eventName: X", "    eventName|i: X", 7, "go with re alone"],
  ["    eventName: X", "    eventName|utf16le: X", 7, "follow it with base64"],
  ["    eventName: X", "    eventName|re: '(?=a)b'", 7, "look-around is not supported"],
  ["    eventName: X", "    eventName|re: '(a)\\1'", 7, "back references are not supported"],
  ["    eventName: X", "    eventName|re: '(a'", 7, "missing closing )"],
  ["    eventName: X", "    eventName|re: 'a{1000}{1000}'", 7, "nested repetition"],
  ["    eventName: X", "    eventName|re: '(a{100}){100}'", 7, "repeat count"],
  ["    eventName: X", "    eventName|cidr: 10.0.0.0/99", 7, "no block of addresses"],
  ["    eventName: X", "    eventName|gt: many", 7, "takes a number"],
  ["    eventName: X", "    eventName|exists: perhaps", 7, "true or false"],
  ["    eventName: X", "    eventName|expand: '%a%'", 7, "%a% is not given"],
  ["    eventName: X", "    eventName: []", 7, "empty list"],
  ["    eventName: X", "    eventName: { a: b }", 7, "must be plain"],
  ["  condition: s", "  condition: s and t", 8, 'no selection is named "t"'],
  ["  condition: s", "  condition: s and", 8, "ends where a selection is missing"],
  ["  condition: s", "  condition: (s", 8, "a ( without its )"],
  ["  condition: s", "  condition: s)", 8, "a ) without its ("],
  ["  condition: s", "  condition: s | count() > 5", 8, "write a correlation rule"],
  ["  condition: s", "  condition: 2 of s*", 8, "give 1 of or all of"],
  ["  condition: s", "  condition: 1 of filter_*", 8, "no selection is named filter_*"],
  ["  condition: s", "  condition: [1]", 8, 'no selection is named "1"'],
  ["  condition: s", "  timeframe: 5m\n  condition: s", 8, "write a correlation rule"],
  ["  condition: s", "  t:\n    a: b\n  condition: s", 8, 'selection "t" is in no condition'],
  ["  condition: s", "  s2: &x\n    a: b\n  s3: *x\n  condition: all of s*", 10, "an alias"],
  ["id: t", "id: t\nid: u", 3, "unique"],
  ["id: t", "id: t\nostraka: { quietDays: 0 }", 3, "whole subject-days"],
  ["id: t", "id: t\nostraka: { subject: everybody }", 3, "none of account, address, session"],
  ["id: t", "id: t\nostraka: { quiteDays: 9 }", 3, "did you mean quietDays?"],
];

describe("a rule with a fault", () => {
  test("is none when nothing is wrong", () => {
    expect(faultsOf(GOOD)).toEqual([]);
  });

  test.each(MUTATIONS)("%s as %j is refused at its line", (line, instead, at, words) => {
    const faults = faultsOf(GOOD.replace(line, () => instead));
    expect(faults.some((one) => one.startsWith(`f.yml:${at} `) && one.includes(words))).toBe(true);
  });

  test("takes the whole set with it, and every fault of it is told", () => {
    const bad = GOOD.replace("id: t", "id: u").replace("level: high", "level: odd");
    const result = compileRules([
      { name: "a.yml", text: GOOD },
      { name: "b.yml", text: `${bad}---\n${bad.replace("id: u", "id: v")}` },
    ]);
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.faults.map(({ line }) => line)).toEqual([3, 12]);
  });

  test("may have an id only once, over all files, and no other's name", () => {
    const twin = [
      { name: "a.yml", text: GOOD },
      { name: "b.yml", text: GOOD },
    ];
    const result = compileRules(twin);
    expect(!result.ok && result.faults[0]?.why).toContain("also that of a.yml:1");
  });
});

const CORRELATION = `title: C
id: c
correlation:
  type: event_count
  rules: [t]
  group-by: [a]
  timespan: 5m
  condition: { gte: 3 }
`;

const BAD_CORRELATIONS: readonly (readonly [string, string, number, string])[] = [
  ["event_count", "event_cuont", 13, "none of event_count"],
  ["rules: [t]", "rules: [nobody]", 14, 'no rule has the id or name "nobody"'],
  ["rules: [t]", "rules: [c]", 10, "about itself"],
  ["timespan: 5m", "timespan: 5 minutes", 16, "such as 30s"],
  ["timespan: 5m", "timespan: 90d", 16, "at most 31d"],
  ["{ gte: 3 }", "{ lte: 3 }", 17, "an upper bound alone"],
  ["{ gte: 3 }", "{ gte: 3000 }", 17, "from 1 to 1000"],
  ["{ gte: 3 }", "{ gte: 3, field: x }", 17, "only value_count has a field"],
  ["type: event_count", "type: value_count", 17, "needs condition.field"],
  ["type: event_count", "type: temporal", 13, "name two or more"],
  ["group-by", "groupby", 15, "did you mean group-by?"],
  ["group-by: [a]", "aliases: { x: { u: f } }", 10, 'is about "u", not in rules'],
];

describe("a correlation with a fault", () => {
  test("is none when nothing is wrong", () => {
    expect(faultsOf(`${GOOD}---\n${CORRELATION}`)).toEqual([]);
  });

  test.each(BAD_CORRELATIONS)("%s as %s is refused at its line", (part, instead, at, words) => {
    const faults = faultsOf(`${GOOD}---\n${CORRELATION.replace(part, () => instead)}`);
    expect(faults.some((one) => one.startsWith(`f.yml:${at} `) && one.includes(words))).toBe(true);
  });
});
