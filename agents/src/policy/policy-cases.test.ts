// Cases beside a policy: what comes of each, and files that are no cases.

import { utf8 } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import type { Policy } from "../kernel/index.ts";
import { DEFAULT_POLICY_YAML, parsePolicy, type RosterFacts, runPolicyCases } from "./index.ts";

const ROSTER: RosterFacts = {
  groups: new Map([
    ["responders", new Set(["ada", "rui"])],
    ["security", new Set(["sam"])],
  ]),
  proposers: ["olga", "ada", "rui", "sam"],
  holders: new Set(["olga", "ada", "rui", "sam"]),
  faultDomains: 3,
};
const POLICY = parsePolicy(utf8(DEFAULT_POLICY_YAML), 1, ROSTER, 2) as Policy;

function outcome(given: string) {
  const yaml = `cases: [{ name: one, given: ${given}, expect: { verdict: none } }]`;
  const results = runPolicyCases(POLICY, utf8(yaml), ROSTER);
  if ("faults" in results) throw new Error(results.faults.join("; "));
  return results[0]?.made;
}

const signal = (host: string, at: string, more = "") =>
  `{ host: ${host}, domain: rack-${host}, evidenceMdb: 40000, at: ${at}${more} }`;
const seen = (...signals: string[]) =>
  `{ subject: "address:203.0.113.7", signals: [${signals.join(", ")}] }`;
const asked = (fields: string, approvals: string) =>
  `{ subject: "user:acme/alice", proposal: { by: olga, ${fields} }, approvals: [${approvals}] }`;

describe("signals", () => {
  test.each([
    ["two hosts in a window", seen(signal("a", "0s"), signal("b", "10m")), "revocation"],
    [
      "two hosts, a moment too far apart",
      seen(signal("a", "0s"), signal("b", "601s")),
      "suggestion",
    ],
    ["one host twice", seen(signal("a", "0s"), signal("a", "1s")), "suggestion"],
    [
      "two hosts of one domain",
      seen(signal("a", "0s"), signal("b", "1s").replace("rack-b", "rack-a")),
      "suggestion",
    ],
    [
      "below the line",
      seen(
        signal("a", "0s").replace("40000", "29999"),
        signal("b", "1s").replace("40000", "29999"),
      ),
      "none",
    ],
    [
      "an address that many share",
      seen(signal("a", "0s", ", sharedSubjects: 4"), signal("b", "1s")),
      "suggestion",
    ],
    [
      "an exempt address",
      seen(signal("a", "0s"), signal("b", "1s")).replace("203.0.113.7", "127.0.0.1"),
      "none",
    ],
    [
      "a kind that no rule speaks of",
      seen(signal("a", "0s"), signal("b", "1s")).replace("address:203.0.113.7", "user:acme/x"),
      "none",
    ],
  ])("%s", (_, given, verdict) => expect(outcome(given)?.verdict).toBe(verdict));

  test("the whole outcome is told", () => {
    expect(outcome(seen(signal("a", "0s"), signal("b", "1s")))).toEqual({
      verdict: "revocation",
      rule: "seen-on-two-hosts",
      stage: "suspend",
      ttlMs: 3_600_000,
    });
  });
});

describe("people", () => {
  const suspend = "wish: revoke, stage: suspend, for: 1h";
  const end = "wish: revoke, stage: terminate, for: 1h";
  test.each([
    ["one of each group", asked(suspend, "ada, sam"), "revocation"],
    ["one group alone", asked(suspend, "ada, rui"), "none"],
    ["ending sessions everywhere with one responder", asked(end, "ada, sam"), "none"],
    ["ending sessions everywhere with both", asked(end, "ada, rui, sam"), "revocation"],
    ["ending sessions on one host", asked(`${end}, hosts: [web-1]`, "ada, sam"), "revocation"],
    ["longer than the rule allows", asked(suspend.replace("1h", "25h"), "ada, sam"), "none"],
    [
      "a stage that no rule allows",
      asked("wish: revoke, stage: observe, for: 1h", "ada, sam"),
      "none",
    ],
    ["the proposer's own consent", asked(suspend, "ada, sam").replace("olga", "sam"), "none"],
    ["a stranger's proposal", asked(suspend, "ada, sam").replace("olga", "zoe"), "none"],
    ["a lift", asked("wish: lift", "ada, sam"), "lift"],
    ["a lift of one group", asked("wish: lift", "ada, rui"), "none"],
  ])("%s", (_, given, verdict) => expect(outcome(given)?.verdict).toBe(verdict));
});

test("a case is met by what it names and nothing else", () => {
  const yaml = (expect: string) =>
    `cases: [{ name: one, given: ${seen(signal("a", "0s"), signal("b", "1s"))}, expect: ${expect} }]`;
  const isMet = (expected: string) => {
    const results = runPolicyCases(POLICY, utf8(yaml(expected)), ROSTER);
    return "faults" in results ? results.faults : results[0]?.isMet;
  };
  expect(isMet("{ verdict: revocation }")).toBe(true);
  expect(isMet("{ verdict: revocation, for: 1h, stage: suspend }")).toBe(true);
  expect(isMet("{ verdict: revocation, for: 2h }")).toBe(false);
  expect(isMet("{ verdict: none }")).toBe(false);
});

test.each([
  ["nothing", ""],
  ["no cases", "cases: []"],
  ["a case without a name", "cases: [{ given: { subject: user:a/b, signals: [] }, expect: {} }]"],
  [
    "both kinds of given",
    `cases: [{ name: x, given: { ${"subject: user:a/b, proposal: {}, signals: []"} }, expect: { verdict: none } }]`,
  ],
  [
    "an unknown outcome",
    `cases: [{ name: x, given: ${asked("wish: lift", "")}, expect: { verdict: yes } }]`,
  ],
  ["an open bracket", "cases: ["],
  ["an alias", "a: &a 1\ncases: *a"],
])("a file of %s is no cases file", (_, yaml) => {
  expect(runPolicyCases(POLICY, utf8(yaml), ROSTER)).toHaveProperty("faults");
});
