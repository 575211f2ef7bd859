// Differences of policies in words: every kind of change, which way it points, and that the other
// way round it points the other way.

import type { Policy } from "@ostraka/agents/kernel";
import { DEFAULT_POLICY_YAML, parsePolicy, type RosterFacts } from "@ostraka/agents/node";
import { utf8 } from "@ostraka/proto";
import { describe, expect, it } from "vitest";
import { policyChanges } from "./policy-diff.ts";
import { compareTrees } from "./tree-order.ts";

const ROSTER: RosterFacts = {
  groups: new Map([
    ["responders", new Set(["ada", "rui"])],
    ["security", new Set(["sam"])],
  ]),
  proposers: ["olga", "ada", "rui", "sam"],
  holders: new Set(["olga", "ada", "rui", "sam"]),
  faultDomains: 3,
};

function policyOf(yaml: string): Policy {
  const policy = parsePolicy(utf8(yaml), 1, ROSTER, 2);
  if ("fault" in policy) throw new Error(policy.fault);
  return policy;
}

const BASE = policyOf(DEFAULT_POLICY_YAML);

function changed(from: string, to: string): Policy {
  expect(DEFAULT_POLICY_YAML).toContain(from);
  return policyOf(DEFAULT_POLICY_YAML.replace(from, to));
}

const CHANGES = [
  ["    hosts: 2", "    hosts: 3", "harder", "hosts that must agree: 3 instead of 2"],
  ["faultDomains: 2", "faultDomains: 1", "easier", "fault domains: 1 instead of 2"],
  ["window: 10m", "window: 20m", "easier", "window: 20 min instead of 10 min"],
  ["lineMdb: 30000", "lineMdb: 35000", "harder", "line of each host: 35000 mdB instead"],
  ["for: 1h", "for: 2h", "easier", "how long it holds: 2 h instead of 1 h"],
  ["sharedSubjectsMax: 3", "sharedSubjectsMax: 9", "easier", "9 instead of 3"],
  ["kinds: [address]", "kinds: [address, user]", "easier", "kinds: also user"],
  ["ttlMax: 24h", "ttlMax: 12h", "harder", "longest time: 12 h instead of 1 d"],
  ["terminate]\n", "suspend]\n", "harder", "stages: no longer terminate"],
  ["  - ::1", "  - ::1\n  - 192.0.2.0/24", "harder", "exempt: also"],
  ["leaseFor: 10m", "leaseFor: 20m", "easier", "a local lease lasts: 20 min"],
  ["signalLineMdb: 40000", "signalLineMdb: 50000", "harder", "a host speaks: 50000 mdB"],
  ["{ burst: 20, refill: 30s }", "{ burst: 40, refill: 30s }", "easier", "machines at once: 40"],
  ["{ burst: 20, refill: 30s }", "{ burst: 20, refill: 60s }", "harder", "one more every: 1 min"],
  ["atMost: 1%", "atMost: 2%", "easier", "200 instead of 100"],
  ["breakGlass: []", "breakGlass: [user:acme/root]", "harder", "break-glass identities: 1"],
  ["journal: 30d", "journal: 60d", "other", "journals are kept: 60 d"],
  ["suggestWhenShort: true", "suggestWhenShort: false", "other", "become suggestions: no"],
  ["within: 7d", "within: 1d", "other", "a second offence: within 1 d"],
] as const;

describe("a difference in words", () => {
  it.each(CHANGES)("%s → %s is %s: %s", (from, to, direction, words) => {
    const after = changed(from, to);
    const [change, ...others] = policyChanges(BASE, after, ROSTER);
    expect(others).toEqual([]);
    expect(change?.direction).toBe(direction);
    expect(change?.what).toContain(words);
    const [back] = policyChanges(after, BASE, ROSTER);
    const opposite = { easier: "harder", harder: "easier", other: "other" } as const;
    expect(back?.direction).toBe(opposite[direction]);
  });

  it("finds none between a document and itself, nor in a comment", () => {
    expect(policyChanges(BASE, BASE, ROSTER)).toEqual([]);
    const commented = changed("name: default", "name: default # as ever");
    expect(policyChanges(BASE, commented, ROSTER)).toEqual([]);
  });

  it("names a rule that is new or gone", () => {
    const renamed = changed("name: kill-switch", "name: big-switch");
    expect(policyChanges(BASE, renamed, ROSTER)).toEqual([
      { direction: "harder", what: "people lose the rule kill-switch" },
      { direction: "easier", what: "people gain the rule big-switch" },
    ]);
  });

  it("says what a change of consent comes to, by trying every set of approvers", () => {
    const lighter = DEFAULT_POLICY_YAML.replace(
      `      all:
        - { group: responders, atLeast: 1 }
        - { group: security, atLeast: 1 }
    # What`,
      `      any:
        - { group: responders, atLeast: 1 }
        - { group: security, atLeast: 1 }
    # What`,
    );
    const [change] = policyChanges(BASE, policyOf(lighter), ROSTER);
    expect(change).toEqual({
      direction: "easier",
      what:
        "kill-switch, consent: 1 of responders or 1 of security instead of " +
        "1 of responders and 1 of security",
    });
  });
});

describe("trees", () => {
  const one = { group: "responders", atLeast: 1 };
  const two = { group: "responders", atLeast: 2 };
  const sam = { group: "security", atLeast: 1 };
  it.each([
    ["the same", one, one, "same"],
    ["one more of a group", one, two, "harder"],
    ["one less", two, one, "easier"],
    ["another group", one, sam, "other"],
    ["the same in other words", { all: [one, sam] }, { atLeast: 2, of: [sam, one] }, "same"],
    ["a branch that can be had instead", one, { any: [one, sam] }, "easier"],
  ] as const)("%s: %s", (_, before, after, order) => {
    expect(compareTrees([before], [after], ROSTER)).toBe(order);
  });

  it("of many approvers are only said to differ", () => {
    const many = new Set(Array.from({ length: 13 }, (_, i) => `p${i}`));
    const roster = { ...ROSTER, groups: new Map([["responders", many]]) };
    expect(compareTrees([one], [two], roster)).toBe("other");
  });
});
