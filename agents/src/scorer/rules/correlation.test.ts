import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { compileRules } from "./index.ts";
import type { RuleHit, RuleSet } from "./rule-set.ts";

const MINUTE = 60_000;

function base(id: string): string {
  return `title: ${id}
id: ${id}
level: low
logsource: { product: aws, service: cloudtrail }
detection:
  s: { eventName: ${id} }
  condition: s
`;
}

function setOf(correlation: string, ids: readonly string[] = ["a", "b", "c"]): RuleSet {
  const text = [...ids.map(base), `title: C\nid: corr\nlevel: high\n${correlation}`].join("---\n");
  const result = compileRules([{ name: "t.yml", text }]);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.rules;
}

let serial = 0;

function happens(
  rules: RuleSet,
  eventName: string,
  atMs: number,
  record: Record<string, unknown> = {},
  more: Partial<Event> = {},
): string[] {
  const hits: RuleHit[] = [];
  const address = "address:198.51.100.7" as SubjectText;
  const event: Event = {
    ...{ id: `e${serial++}`, timeMs: 1_000_000 + atMs, kind: "activity", service: "aws", count: 1 },
    ...{ address, recordType: "aws.cloudtrail", record: { eventName, who: "w", ...record } },
    ...more,
  };
  rules.observe(event, hits);
  return hits.map(({ id, speaksOf }) => `${id}:${speaksOf}`);
}

const COUNT = `correlation:
  type: event_count
  rules: [a]
  group-by: [who]
  timespan: 5m
  condition: { gte: 3 }
`;

describe("event_count", () => {
  test("fires at the count, once, and begins anew", () => {
    const rules = setOf(COUNT);
    const said = [0, 1, 2, 3, 4, 5].map((n) => happens(rules, "a", n * 1_000));
    expect(said).toEqual([[], [], ["corr:address"], [], [], ["corr:address"]]);
  });

  test("does not fire when the window is a millisecond too short", () => {
    const rules = setOf(COUNT);
    happens(rules, "a", 0);
    happens(rules, "a", MINUTE);
    expect(happens(rules, "a", 5 * MINUTE + 1)).toEqual([]);
    expect(happens(rules, "a", 6 * MINUTE)).toEqual(["corr:address"]);
  });

  test("counts groups apart, and nothing without its group", () => {
    const rules = setOf(COUNT);
    for (const who of ["x", "y", "z"]) happens(rules, "a", 0, { who });
    for (let n = 0; n < 9; n++) expect(happens(rules, "a", n, { who: undefined })).toEqual([]);
    expect(happens(rules, "a", 1, { who: "x" })).toEqual([]);
    expect(happens(rules, "a", 2, { who: "x" })).toEqual(["corr:address"]);
  });

  test("takes events out of order within the window, and none from before it", () => {
    const rules = setOf(COUNT);
    happens(rules, "a", 5 * MINUTE);
    happens(rules, "a", -1);
    happens(rules, "a", 0);
    expect(happens(rules, "a", 2 * MINUTE)).toEqual(["corr:address"]);
  });

  test("never counts what two subjects did together, whatever it groups by", () => {
    const rules = setOf(COUNT);
    happens(rules, "a", 0);
    happens(rules, "a", 1);
    const other = { address: "address:203.0.113.9" as SubjectText };
    expect(happens(rules, "a", 2, {}, other)).toEqual([]);
    expect(happens(rules, "a", 3)).toEqual(["corr:address"]);
  });

  test("speaks of the account when it says so, and of a failed login's address all the same", () => {
    const rules = setOf(`ostraka: { subject: account }\n${COUNT}`);
    const account = "user:acme/dana" as SubjectText;
    for (const n of [0, 1]) happens(rules, "a", n, {}, { account });
    expect(happens(rules, "a", 2, {}, { account })).toEqual(["corr:account"]);
    for (const n of [3, 4]) happens(rules, "a", n, {}, { account, kind: "login-failed" });
    const failed = { account, kind: "login-failed" } as const;
    expect(happens(rules, "a", 5, {}, failed)).toEqual(["corr:address"]);
  });

  test("leaves its rules silent unless they are to hit as well", () => {
    expect(happens(setOf(COUNT), "a", 0)).toEqual([]);
    expect(happens(setOf(`${COUNT}  generate: true\n`), "a", 0)).toEqual(["a:address"]);
  });

  test("finds what it groups by and counts under the names that the logsource has for them", () => {
    const text = [
      "title: Web\nid: web\nlogsource: { category: webserver }",
      "detection: { s: { sc-status: 404 }, condition: s }\n---",
      "title: Corr\nid: corr\ncorrelation:\n  type: value_count\n  rules: [web]",
      "  group-by: [c-ip]\n  timespan: 1m\n  condition: { field: cs-uri-stem, gte: 2 }\n",
    ].join("\n");
    const result = compileRules([{ name: "t.yml", text }]);
    if (!result.ok) throw new Error(JSON.stringify(result.faults));
    const address = "address:203.0.113.9" as SubjectText;
    const ask = (n: number, path: string) => {
      const record = { ip: "203.0.113.9", path, status: 404 };
      const base = {
        id: String(n),
        timeMs: n,
        kind: "request",
        service: "http",
        count: 1,
      } as const;
      const hits: RuleHit[] = [];
      result.rules.observe({ ...base, address, record, recordType: "web.access" }, hits);
      return hits.map(({ id }) => id);
    };
    expect(ask(0, "/a")).toEqual([]);
    expect(ask(1, "/a")).toEqual([]);
    expect(ask(2, "/b")).toEqual(["corr"]);
  });

  test("keeps what is about to fire while somebody invents a million groups", () => {
    const rules = setOf(COUNT);
    happens(rules, "a", 0, { who: "near" });
    happens(rules, "a", 1, { who: "near" });
    for (let n = 0; n < 20_000; n++) happens(rules, "a", 2, { who: `invented ${n}` });
    expect(happens(rules, "a", 3, { who: "near" })).toEqual(["corr:address"]);
    const [rows] = rules.snapshot().groups as unknown[][][];
    expect(rows?.map((row) => row.length)).toEqual([4_096, 0]);
  });
});

describe("value_count", () => {
  const rules = () =>
    setOf(`correlation:
  type: value_count
  rules: [a]
  group-by: [who]
  timespan: 5m
  condition: { field: host, gte: 3 }
`);

  test("fires at so many different values", () => {
    const set = rules();
    const said = ["x", "y", "X", "x", "z"].map((host, n) => happens(set, "a", n, { host }));
    expect(said).toEqual([[], [], [], [], ["corr:address"]]);
  });

  test("forgets a value that has left the window", () => {
    const set = rules();
    happens(set, "a", 0, { host: "x" });
    happens(set, "a", 4 * MINUTE, { host: "y" });
    expect(happens(set, "a", 6 * MINUTE, { host: "z" })).toEqual([]);
    expect(happens(set, "a", 7 * MINUTE, { host: "x" })).toEqual(["corr:address"]);
  });
});

function temporal(type: string, more = ""): RuleSet {
  return setOf(`correlation:
  type: ${type}
  rules: [a, b, c]
  group-by: [who]
  timespan: 5m
${more}`);
}

describe("temporal", () => {
  test("fires when all of its rules have hit in one window, in any order", () => {
    const rules = temporal("temporal");
    const said = ["c", "a", "a", "b"].map((name, n) => happens(rules, name, n));
    expect(said.at(-1)).toEqual(["corr:address"]);
    happens(rules, "a", 10 * MINUTE);
    happens(rules, "b", 11 * MINUTE);
    expect(happens(rules, "c", 16 * MINUTE)).toEqual([]);
  });

  test("reads a group under another name where an alias says so", () => {
    const aliases = "  aliases: { person: { a: who, b: user, c: who } }\n";
    const text = temporal("temporal", aliases);
    // Grouped by the plain name, rule b has none of it.
    happens(text, "a", 0);
    happens(text, "b", 1, { who: undefined, user: "w" });
    expect(happens(text, "c", 2)).toEqual([]);
    const aliased = setOf(`correlation:
  type: temporal
  rules: [a, b]
  group-by: [person]
  timespan: 5m
  aliases: { person: { a: who, b: user } }
`);
    happens(aliased, "a", 0);
    expect(happens(aliased, "b", 1, { who: undefined, user: "w" })).toEqual(["corr:address"]);
  });
});

describe("temporal_ordered", () => {
  test("wants the order, and takes the latest beginning that still leads on", () => {
    const rules = temporal("temporal_ordered");
    for (const [n, name] of ["c", "b", "a", "c"].entries()) {
      expect(happens(rules, name, n)).toEqual([]);
    }
    happens(rules, "a", MINUTE);
    happens(rules, "b", 2 * MINUTE);
    happens(rules, "a", 4 * MINUTE);
    happens(rules, "b", 5 * MINUTE);
    // From the first a it would be too long; the second one leads here in time.
    expect(happens(rules, "c", 8 * MINUTE)).toEqual(["corr:address"]);
  });
});

describe("a correlation of correlations", () => {
  test("fires when what it is about has fired", () => {
    const text = [
      base("a"),
      base("b"),
      `title: Burst\nid: burst\n${COUNT}`,
      "title: Chain\nid: chain\nlevel: critical\ncorrelation:\n  type: temporal_ordered\n" +
        "  rules: [burst, b]\n  group-by: [who]\n  timespan: 1h\n",
    ].join("---\n");
    const result = compileRules([{ name: "t.yml", text }]);
    if (!result.ok) throw new Error(JSON.stringify(result.faults));
    for (const n of [0, 1, 2]) expect(happens(result.rules, "a", n)).toEqual([]);
    expect(happens(result.rules, "b", 3)).toEqual(["chain:address"]);
  });
});

describe("the state of correlations", () => {
  test("goes on from a snapshot exactly as if it had never stopped", () => {
    for (const type of ["event_count", "temporal", "temporal_ordered"]) {
      const open = () => (type === "event_count" ? setOf(COUNT) : temporal(type));
      const [whole, first] = [open(), open()];
      const names = ["a", "b", "a", "c", "a", "b", "a", "c", "b", "a"];
      const play = (set: RuleSet, from: number, to: number) =>
        names.slice(from, to).map((name, n) => happens(set, name, (from + n) * 20_000));
      play(whole, 0, 5);
      play(first, 0, 5);
      const second = open();
      expect(second.restore(JSON.parse(JSON.stringify(first.snapshot())))).toBe(true);
      expect(play(second, 5, 10)).toEqual(play(whole, 5, 10));
      expect(second.snapshot()).toEqual(whole.snapshot());
    }
  });

  test("of another set, or damaged, is refused and changes nothing", () => {
    const rules = setOf(COUNT);
    happens(rules, "a", 0);
    happens(rules, "a", 1);
    const good = JSON.parse(JSON.stringify(rules.snapshot()));
    expect(setOf(`${COUNT}# other\n`).restore(good)).toBe(false);
    const damage = [
      null,
      "text",
      { ...good, version: 0 },
      { ...good, groups: [] },
      { ...good, groups: [[[], [["key", 1, ["x"], []]]]] },
      { ...good, groups: [[[], [["key", 1, [1, 2, 3, 4], []]]]] },
      { ...good, groups: [[[], [["key", 1.5, [1], []]]]] },
    ];
    for (const one of damage) expect(rules.restore(one)).toBe(false);
    expect(happens(rules, "a", 2)).toEqual(["corr:address"]);
  });
});
