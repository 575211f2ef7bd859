// What machine version 2 brought to policy documents: its fields, what they come to, what no roster
// could ever meet, and that version 1 knows none of it.

import { Stage, SubjectKind, type SubjectText, utf8 } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import type { Policy } from "../kernel/index.ts";
import { parsePolicy, type RosterFacts } from "./index.ts";

const ROSTER: RosterFacts = {
  groups: new Map([
    ["responders", new Set(["ada", "rui"])],
    ["security", new Set(["sam"])],
    ["lone", new Set(["sam"])],
  ]),
  proposers: ["olga", "ada", "rui", "sam"],
  holders: new Set(["olga", "ada", "rui", "sam", "pia"]),
  faultDomains: 3,
};

const BASE = `
version: 1
name: small
local: { signalLineMdb: 40000, leaseLineMdb: 30000, leaseFor: 10m, leaseStage: suspend }
signalRules:
  - name: two
    kinds: [address]
    hosts: 2
    faultDomains: 2
    window: 10m
    lineMdb: 30000
    stage: suspend
    for: 1h
    #signal
approvalRules:
  - name: kill
    wish: revoke
    kinds: [user]
    stages: [suspend]
    ttlMax: 24h
    approvals: { group: security, atLeast: 1 }
    #kill
  - name: lift
    wish: lift
    approvals: { group: security, atLeast: 1 }
    #lift
freshness: { lease: 15s, whenStale: hold }
#top
`;

function parse(yaml: string, version = 2, roster = ROSTER) {
  return parsePolicy(utf8(yaml), 1, roster, version);
}

/** BASE with lines at a mark, indented as it stands. */
function withLines(mark: "signal" | "kill" | "lift" | "top", ...lines: string[]): string {
  const indent = mark === "top" ? "" : "    ";
  return BASE.replace(`${indent}#${mark}`, lines.map((line) => indent + line).join("\n"));
}

function policyOf(yaml: string): Policy {
  const policy = parse(yaml);
  if ("fault" in policy) throw new Error(policy.fault);
  return policy;
}

function faultOf(yaml: string, version = 2, roster = ROSTER): string {
  const policy = parse(yaml, version, roster);
  return "fault" in policy ? policy.fault : "none";
}

const V2 = [
  ["signal", 'when: kind == "address"'],
  ["signal", "escalations: [{ when: sharedSubjects > 1, hosts: 3, faultDomains: 3 }]"],
  ["signal", "sharedSubjectsMax: 3"],
  ["signal", "suggestWhenShort: true"],
  ["signal", "repeat: { within: 7d, stage: terminate, for: 1d }"],
  ["kill", "when: ttlMs < day"],
  [
    "kill",
    "escalations: [{ when: scopeHosts == 0, approvals: { group: responders, atLeast: 2 } }]",
  ],
  [
    "kill",
    "withEvidence: { hosts: 2, faultDomains: 2, lineMdb: 30000, approvals: { group: lone, atLeast: 1 } }",
  ],
  ["top", "governor: { overall: { burst: 5, refill: 10s } }"],
  [
    "top",
    "inquiry: { sumLineMdb: 60000, floorMdb: 1, for: 30s, perHost: { burst: 1, refill: 1s } }",
  ],
  ["top", "retention: { snapshotEvery: 10, journal: 1h, privates: 1h, receipts: 1h }"],
  ["top", "suggestionFor: 4h"],
] as const;

describe("a field of version 2", () => {
  test("there is none in the base", () => {
    expect(faultOf(BASE)).toBe("none");
    expect(faultOf(BASE, 1)).toBe("none");
  });

  test.each(V2)(
    "in %s: %s: parses from version 2 on, and is an unknown key before",
    (mark, line) => {
      expect(faultOf(withLines(mark, line))).toBe("none");
      expect(faultOf(withLines(mark, line), 1)).toContain("unknown key");
    },
  );

  test("in local: learnedShare: is a share of at most half the budget, unknown before", () => {
    const withShare = (text: string) =>
      BASE.replace("leaseStage: suspend }", `leaseStage: suspend, learnedShare: ${text} }`);
    expect(policyOf(withShare("12.5%")).local.learnedPermille).toBe(125);
    expect(policyOf(BASE).local).not.toHaveProperty("learnedPermille");
    expect(faultOf(withShare("10%"), 1)).toContain('unknown key "learnedShare"');
    expect(faultOf(withShare("50%"))).toBe("none");
    expect(faultOf(withShare("50.1%"))).toContain("local.learnedShare: must be at most 50%");
    expect(faultOf(withShare("0.1"))).toContain("local.learnedShare");
  });

  test("comes to integers and maps", () => {
    const policy = policyOf(
      withLines(
        "top",
        "governor:",
        "  overall: { burst: 5, refill: 10s }",
        "  perKind: [{ kind: user, burst: 1, refill: 1m }]",
        "  caps: [{ kind: user, subjects: 400, atMost: 0.5% }]",
        "  risingTogether: { subjects: 8, within: 1m }",
        "  breakGlass: [user:acme/root]",
        "  holders: [{ holder: ada, subject: user:acme/ada }]",
        "  dependants: [{ of: service:db, stops: [workload:web] }]",
      ),
    );
    const root = "user:acme/root" as SubjectText;
    expect(policy.governor).toEqual({
      overall: { burst: 5, refillMs: 10_000 },
      perKind: [{ kind: SubjectKind.USER, bucket: { burst: 1, refillMs: 60_000 } }],
      caps: [{ kind: SubjectKind.USER, subjects: 400, permilleMax: 5 }],
      risingTogether: { subjects: 8, withinMs: 60_000 },
      breakGlass: new Set([root]),
      holderSubjects: new Map([["ada", "user:acme/ada"]]),
      dependants: new Map([["service:db", ["workload:web"]]]),
    });
    expect(
      policyOf(withLines("signal", "repeat: { within: 7d, stage: terminate, for: 1d }")),
    ).toMatchObject({
      signalRules: [
        { repeat: { withinMs: 604_800_000, stage: Stage.TERMINATE, ttlMs: 86_400_000 } },
      ],
    });
  });

  test("that is left out is absent, as it was under version 1", () => {
    expect(parse(BASE, 2)).toEqual(parse(BASE, 1));
  });

  test("a lift that names kinds was passed over by version 1 and is a mistake now", () => {
    const yaml = withLines("lift", "kinds: [user]");
    expect(faultOf(yaml, 1)).toBe("none");
    expect(faultOf(yaml)).toContain('approvalRules[1]: unknown key "kinds"');
  });
});

describe("a rule that the roster can never meet is refused", () => {
  const escalated = (tree: string) =>
    withLines("kill", `escalations: [{ when: scopeHosts == 0, approvals: ${tree} }]`);

  test.each([
    ["two of a group of two", "{ group: responders, atLeast: 2 }", "none"],
    [
      "three of a group of two",
      "{ group: responders, atLeast: 3 }",
      "approvalRules[0].escalations[0].approvals.atLeast: must be a whole number from 1 to 2",
    ],
    [
      "two leaves that one person would have to stand for",
      "{ all: [{ group: security, atLeast: 1 }, { group: lone, atLeast: 1 }] }",
      "approvalRules[0].escalations[0].approvals: no proposal could ever be approved",
    ],
    ["a group that is not there", "{ group: ghosts, atLeast: 1 }", 'no group "ghosts"'],
  ])("an escalation to %s: %s", (_, tree, fault) => {
    expect(faultOf(escalated(tree))).toContain(fault);
  });

  test("where everybody who may propose is needed to approve", () => {
    const all = "{ all: [{ group: responders, atLeast: 2 }, { group: security, atLeast: 1 }] }";
    const without: RosterFacts = { ...ROSTER, proposers: ["ada", "rui", "sam"] };
    expect(faultOf(escalated(all), 2, ROSTER)).toBe("none");
    expect(faultOf(escalated(all), 2, without)).toContain("who proposes does not count");
  });

  test("a lift of whom nobody is left locks everyone out", () => {
    const lonely: RosterFacts = { ...ROSTER, proposers: ["sam"] };
    expect(faultOf(BASE, 2, lonely)).toContain("approvals: no proposal could ever be approved");
    expect(faultOf(BASE, 1, lonely)).toBe("none");
  });

  test.each([
    ["signal", "escalations: [{ when: hosts > 1, hosts: 4, faultDomains: 4 }]", "the roster has 3"],
    [
      "signal",
      "escalations: [{ when: hosts > 1, hosts: 2, faultDomains: 3 }]",
      "2 hosts cannot lie",
    ],
    [
      "kill",
      "withEvidence: { hosts: 4, faultDomains: 4, lineMdb: 30000, approvals: { group: lone, atLeast: 1 } }",
      "the roster has 3 fault domains",
    ],
  ] as const)("more fault domains than there are, in %s: %s", (mark, line, fault) => {
    expect(faultOf(withLines(mark, line))).toContain(fault);
  });

  test("version 1 took more domains than there are, and goes on taking them", () => {
    const yaml = BASE.replace("faultDomains: 2", "faultDomains: 4").replace("hosts: 2", "hosts: 4");
    expect(faultOf(yaml, 1)).toBe("none");
    expect(faultOf(yaml)).toContain("signalRules[0].faultDomains: the roster has 3");
  });
});

describe("numbers that would bound nothing are refused", () => {
  test.each([
    ["caps: [{ kind: user, subjects: 400, atMost: 0.2% }]", "is less than one of 400 subjects"],
    ["caps: [{ kind: user, subjects: 500, atMost: 0.2% }]", "none"],
    ["caps: [{ kind: user, subjects: 400, atMost: 50% }]", "none"],
    ["caps: [{ kind: user, subjects: 400, atMost: 50.1% }]", "must be at most 50%"],
    ["caps: [{ kind: user, subjects: 0, atMost: 1% }]", "must be a whole number from 1"],
    ["caps: [{ kind: user, subjects: 400, atMost: 5 }]", "must be a share"],
    ["overall: { burst: 0, refill: 1s }", "must be a whole number from 1"],
    ["risingTogether: { subjects: 1, within: 1m }", "must be a whole number from 2"],
    ["holders: [{ holder: ghost, subject: user:acme/g }]", 'no holder "ghost" in the roster'],
    ["breakGlass: [nobody]", "must be a subject"],
    [
      "holders: [{ holder: ada, subject: user:acme/a }, { holder: ada, subject: user:acme/b }]",
      "names one of them twice",
    ],
  ])("governor: { %s }: %s", (line, fault) => {
    expect(faultOf(withLines("top", `governor: { ${line} }`))).toContain(fault);
  });

  test("an inquiry's floor lies below its line", () => {
    const inquiry = (floor: number) =>
      `inquiry: { sumLineMdb: 60000, floorMdb: ${floor}, for: 30s, perHost: { burst: 1, refill: 1s } }`;
    expect(faultOf(withLines("top", inquiry(60_000)))).toBe("none");
    expect(faultOf(withLines("top", inquiry(60_001)))).toContain("must not lie above sumLineMdb");
  });

  test("all conditions together are bounded", () => {
    const term = `kind in ["${"x".repeat(100)}", "${"y".repeat(100)}", "${"z".repeat(100)}"]`;
    const rule = (i: number) =>
      `  - { name: r${i}, kinds: [address], hosts: 2, faultDomains: 2, window: 10m, lineMdb: 30000, stage: suspend, for: 1h, when: '${term}' }`;
    const many = (n: number) =>
      BASE.replace(
        "signalRules:",
        `signalRules:\n${Array.from({ length: n }, (_, i) => rule(i)).join("\n")}`,
      );
    expect(faultOf(many(5))).toBe("none");
    expect(faultOf(many(60))).toContain("all conditions together cost up to");
  });
});

test("every mistake is told, each with its line", () => {
  const yaml = withLines("signal", "when: now > 1", "sharedSubjectsMax: 0", "colour: red");
  const policy = parse(yaml);
  if (!("fault" in policy)) throw new Error("taken");
  const lineOf = (text: string) => yaml.split("\n").findIndex((line) => line.includes(text)) + 1;
  expect(policy.faults.map(({ fault, line }) => [line, fault.split(":")[0]])).toEqual([
    [lineOf("- name: two"), "signalRules[0]"],
    [lineOf("when: now"), "signalRules[0].when"],
    [lineOf("sharedSubjectsMax"), "signalRules[0].sharedSubjectsMax"],
  ]);
  expect(policy.fault).toBe(policy.faults[0]?.fault);
});
