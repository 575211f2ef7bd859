import { LIMITS, Stage, SubjectKind, utf8 } from "@ostraka/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_POLICY_YAML,
  parseDuration,
  parsePolicy,
  parseStage,
  type RosterFacts,
  stageName,
} from "./index.ts";

const ROSTER: RosterFacts = {
  groups: new Map([
    ["responders", new Set(["ada", "rui"])],
    ["security", new Set(["sam"])],
  ]),
  proposers: ["olga", "ada", "rui", "sam"],
  holders: new Set(["olga", "ada", "rui", "sam", "pia"]),
  faultDomains: 3,
};

function parse(yaml: string) {
  return parsePolicy(utf8(yaml), 1, ROSTER, 2);
}

function faultOf(yaml: string): string {
  const policy = parse(yaml);
  return "fault" in policy ? policy.fault : "none";
}

const GOOD = `
version: 1
name: small
local: { signalLineMdb: 40000, leaseLineMdb: 30000, leaseFor: 10m, leaseStage: suspend }
exempt: [127.0.0.0/8]
signalRules:
  - { name: two, kinds: [address], hosts: 2, faultDomains: 2,
      window: 10m, lineMdb: 30000, stage: suspend, for: 1h }
approvalRules:
  - { name: kill, wish: revoke, kinds: [user], stages: [suspend], ttlMax: 24h,
      approvals: { group: security, atLeast: 1 } }
  - { name: lift, wish: lift, approvals: { group: security, atLeast: 1 } }
freshness: { lease: 15s, whenStale: hold }
`;

/** GOOD with one piece of text replaced; fails when the piece is not there. */
function changed(from: string, to: string): string {
  expect(GOOD).toContain(from);
  return faultOf(GOOD.replace(from, to));
}

describe("the default policy", () => {
  test("parses to what its comments promise", () => {
    const policy = parse(DEFAULT_POLICY_YAML);
    if ("fault" in policy) throw new Error(policy.fault);
    expect(policy.epoch).toBe(1);
    expect(policy.local).toEqual({
      signalLineMdb: 40_000,
      leaseLineMdb: 30_000,
      leaseMs: 600_000,
      leaseStage: "suspend",
    });
    expect(policy.signalRules).toEqual([
      {
        name: "seen-on-two-hosts",
        kinds: [SubjectKind.ADDRESS],
        hosts: 2,
        faultDomains: 2,
        windowMs: 600_000,
        lineMdb: 30_000,
        stage: Stage.SUSPEND,
        ttlMs: 3_600_000,
        sharedSubjectsMax: 3,
        suggestWhenShort: true,
        repeat: { withinMs: 604_800_000, stage: Stage.SUSPEND, ttlMs: 86_400_000 },
      },
    ]);
    expect(policy.governor?.overall).toEqual({ burst: 20, refillMs: 30_000 });
    expect(policy.governor?.caps).toEqual([
      { kind: SubjectKind.ADDRESS, subjects: 10_000, permilleMax: 10 },
    ]);
    expect(policy.inquiry?.sumLineMdb).toBe(60_000);
    expect(policy.retention?.snapshotEvery).toBe(5_000);
    expect(policy.suggestionMs).toBe(4 * 3_600_000);
    expect(policy.approvalRules[0]?.escalations?.[0]?.when.text).toContain("scopeHosts == 0");
    expect(policy.approvalRules.map(({ name, wish }) => [name, wish])).toEqual([
      ["kill-switch", "revoke"],
      ["lift", "lift"],
    ]);
    expect(policy.approvalRules[0]?.approvals).toEqual({
      all: [
        { group: "responders", atLeast: 1 },
        { group: "security", atLeast: 1 },
      ],
    });
    expect(policy.exemptBlocks).toHaveLength(2);
    expect(policy.freshnessLeaseMs).toBe(15_000);
  });

  test("has lines at which two hosts' signals can reach the rule", () => {
    const policy = parse(DEFAULT_POLICY_YAML);
    if ("fault" in policy) throw new Error(policy.fault);
    for (const rule of policy.signalRules) {
      expect(rule.lineMdb).toBeLessThanOrEqual(policy.local.signalLineMdb);
    }
  });
});

describe("a fault", () => {
  test("there is none in the small document", () => expect(faultOf(GOOD)).toBe("none"));

  test.each([
    ["name: small", "name: small\nextra: 1", 'policy: unknown key "extra"'],
    ["hosts: 2,", "hosts: 2, host: 2,", 'signalRules[0]: unknown key "host"'],
    [
      "atLeast: 1 } }\n  - { name: lift",
      "atLeast: 1, x: 1 } }\n  - { name: lift",
      "approvalRules[0].approvals",
    ],
    ["wish: lift, ", "wish: lift, why: x, ", 'approvalRules[1]: unknown key "why"'],
    ["whenStale: hold", "whenStale: hold, x: y", 'freshness: unknown key "x"'],
    ["leaseStage: suspend", "leaseStage: terminate", "local.leaseStage: must be"],
    ["leaseFor: 10m", "leaseFor: 2h", "local.leaseFor: must lie between"],
    ["leaseFor: 10m", "leaseFor: 600000", "local.leaseFor: must be a duration"],
    ["whenStale: hold", "whenStale: deny", "freshness.whenStale"],
    ["version: 1", "version: 2", "version: must be 1"],
    ["version: 1", 'version: "1"', "version: must be 1"],
    ["name: small", "name: Small", "name: must be a lower-case name"],
    ["kinds: [address]", "kinds: []", "signalRules[0].kinds: must not be empty"],
    ["kinds: [address]", "kinds: [adress]", "signalRules[0].kinds[0]: must be one of"],
    ["stages: [suspend]", "stages: [suspended]", "approvalRules[0].stages[0]: must be one of"],
    ["stage: suspend,", "stage: [suspend],", "signalRules[0].stage: must be one of"],
    ["for: 1h", "for: 31d", "signalRules[0].for: must lie between"],
    ["ttlMax: 24h", "ttlMax: 0s", "approvalRules[0].ttlMax: must be a duration"],
    ["window: 10m", "window: 2d", "signalRules[0].window: must lie between"],
    ["exempt: [127.0.0.0/8]", "exempt: [127.0.0.1/8]", "exempt[0]: must be an address"],
    ["exempt: [127.0.0.0/8]", "exempt: 127.0.0.0/8", "exempt: must be a list"],
    ["exempt: [127.0.0.0/8]", "exempt: [[]]", "exempt[0]: must be an address"],
    ["name: kill", "name: two", "policy: two rules have one name"],
    ["wish: revoke", "wish: destroy", "approvalRules[0].wish: must be revoke or lift"],
  ])("in %j → %j is named with its place", (from, to, fault) => {
    expect(changed(from, to)).toContain(fault);
  });

  test.each([
    ["a fraction", "30000.5"],
    ["a double that is whole", "30000.0"],
    ["a double in disguise", "3e4"],
    ["more than any host can have", "1000001"],
    ["less than a false alarm in ten", "9999"],
    ["a huge integer", "99999999999999999999"],
    ["infinity", ".inf"],
    ["no number", ".nan"],
    ["an exponent out of range", "1e999"],
    ["a text", '"30000"'],
    ["nothing", "~"],
    ["a truth", "true"],
    ["a negative", "-30000"],
    ["a list", "[30000]"],
  ])("a line that is %s is refused", (_, value) => {
    const fault = changed("lineMdb: 30000,", `lineMdb: ${value},`);
    expect(fault).toContain("signalRules[0].lineMdb: must be a whole number");
  });

  test.each(["0", "1", "65"])("%s hosts is below the floor or above the table", (hosts) => {
    expect(changed("hosts: 2,", `hosts: ${hosts},`)).toContain("signalRules[0].hosts");
  });

  test("a document without a lift has no way back and is refused", () => {
    const line = "  - { name: lift, wish: lift, approvals: { group: security, atLeast: 1 } }\n";
    expect(changed(line, "")).toContain("approvalRules: must hold a rule with wish: lift");
  });
});

describe("approval trees", () => {
  const treeFault = (tree: string) =>
    changed(
      "approvals: { group: security, atLeast: 1 } }\n  - { name: lift",
      `approvals: ${tree} }\n  - { name: lift`,
    );
  const at = "approvalRules[0].approvals";

  test.each([
    ["{ group: responders, atLeast: 2 }", "none"],
    ["{ group: responders, atLeast: 3 }", `${at}.atLeast: must be a whole number from 1 to 2`],
    ["{ group: responders, atLeast: 0 }", `${at}.atLeast`],
    ["{ group: responders }", at],
    ["{ group: respondents, atLeast: 1 }", 'no group "respondents" in the roster'],
    ["{ all: [] }", `${at}.all: must not be empty`],
    ["{ any: [] }", `${at}.any: must not be empty`],
    ["{ atLeast: 1, of: [] }", `${at}.of: must not be empty`],
    ["{ atLeast: 2, of: [{ group: security, atLeast: 1 }] }", `${at}.atLeast`],
    ["{ atLeast: 1, of: [{ group: security, atLeast: 1 }] }", "none"],
    ["{ all: [{ any: [{ group: security, atLeast: 2 }] }] }", `${at}.all[0].any[0].atLeast`],
    ["{ all: [{ group: security, atLeast: 1 }], any: [] }", at],
    ["security", `${at}: must be a mapping`],
    ["[]", `${at}: must be a mapping`],
    ["~", `${at}: must be a mapping`],
  ])("%s: %s", (tree, fault) => expect(treeFault(tree)).toContain(fault));

  test("are bounded in depth and in breadth", () => {
    const leaf = "{ group: security, atLeast: 1 }";
    const deep = (n: number) => `${"{ all: [".repeat(n)}${leaf}${"] }".repeat(n)}`;
    expect(treeFault(deep(8))).toBe("none");
    expect(treeFault(deep(9))).toContain("is deeper than 8");
    expect(treeFault(deep(2_000))).not.toBe("none");
    const wide = (n: number) => `{ any: [${new Array<string>(n).fill(leaf).join(", ")}] }`;
    expect(treeFault(wide(LIMITS.scopeItemsMax))).toBe("none");
    expect(treeFault(wide(LIMITS.scopeItemsMax + 1))).toContain("has more than");
  });
});

describe("YAML that two readers could read differently", () => {
  test.each([
    [
      "an alias",
      GOOD.replace("kinds: [user]", "kinds: &k [user]").replace("stages: [suspend]", "stages: *k"),
    ],
    ["a merge key", GOOD.replace("freshness: { lease: 15s", "freshness: { <<: { lease: 15s }")],
    ["a key twice", `${GOOD}name: other\n`],
    ["a key twice in a rule", GOOD.replace("hosts: 2,", "hosts: 2, hosts: 3,")],
    ["a tag of its own", GOOD.replace("stage: suspend,", "stage: !mine suspend,")],
    ["a binary tag", GOOD.replace("name: small", "name: !!binary c21hbGw=")],
    ["two documents", `${GOOD}---\n${GOOD}`],
    ["a key that is a list", GOOD.replace("name: small", "? [name]\n: small")],
    ["a prototype as a key", GOOD.replace("name: small", "name: small\n__proto__: { name: x }")],
    ["a constructor as a key", GOOD.replace("name: small", "name: small\nconstructor: 1")],
    ["tabs for indentation", GOOD.replace("  - { name: two", "\t- { name: two")],
    ["an open bracket", `${GOOD}\nx: [`],
    ["nothing", ""],
    ["a text", "policy"],
    ["a list", "- 1"],
  ])("%s is refused", (_, yaml) => expect(faultOf(yaml)).not.toBe("none"));

  test("an anchor bomb is refused before it unfolds", () => {
    const levels = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
    for (const [i, c] of [..."bcdefghi"].entries()) {
      const previous = "abcdefgh"[i];
      levels.push(`${c}: &${c} [${new Array(10).fill(`*${previous}`).join(", ")}]`);
    }
    expect(faultOf(`${GOOD}${levels.join("\n")}\n`)).not.toBe("none");
  });

  test("a document above its bound is refused unread, at the bound it is read", () => {
    const padded = (bytes: number) => `${GOOD}#${"x".repeat(bytes - utf8(GOOD).length - 1)}`;
    expect(faultOf(padded(LIMITS.policyBytesMax))).toBe("none");
    expect(faultOf(padded(LIMITS.policyBytesMax + 1))).toBe("document is too large");
  });

  test("ten thousand brackets are refused, not a crash", () => {
    expect(faultOf(`x: ${"[".repeat(10_000)}`)).not.toBe("none");
    expect(faultOf("{a: ".repeat(10_000))).not.toBe("none");
  });

  test("no text at all makes the reader throw", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: "binary" }), (text) => {
        expect(faultOf(text)).not.toBe("none");
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  test("bytes that are no UTF-8 are refused, not a crash", () => {
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80]]) {
      expect("fault" in parsePolicy(Uint8Array.from(bytes), 1, ROSTER, 1)).toBe(true);
    }
  });
});

test.each([
  ["90s", 90_000],
  ["10m", 600_000],
  ["1h", 3_600_000],
  ["7d", 604_800_000],
  ["250ms", 250],
  ["0s", undefined],
  ["01s", undefined],
  ["-1s", undefined],
  ["1.5h", undefined],
  ["1h30m", undefined],
  ["1 h", undefined],
  ["1h\n", undefined],
  ["9999999999d", undefined],
  ["", undefined],
  ["h", undefined],
])("the duration %j is %s ms", (text, ms) => expect(parseDuration(text)).toBe(ms));

test("names of stages and their numbers are each other's inverse", () => {
  const names = ["observe", "step-up", "throttle", "restrict", "suspend", "terminate"];
  for (const name of names) expect(stageName(parseStage(name) as Stage)).toBe(name);
  for (const name of ["", "Suspend", "toString", "constructor", "unspecified"]) {
    expect(parseStage(name)).toBeUndefined();
  }
  expect(stageName(Stage.UNSPECIFIED)).toBe("unspecified");
});
