import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { DEFAULT_SCORER_POLICY, openScorer, restoreScorer, type Signal } from "../index.ts";
import { compileRules, RuleBook } from "./index.ts";
import type { RuleSet } from "./rule-set.ts";

const LOGSOURCE = "logsource: { product: aws, service: cloudtrail }\n";

function rule(id: string, level: string, more = ""): string {
  const detection = `detection: { s: { eventName: ${id} }, condition: s }\n`;
  return `title: Rule ${id}\nid: ${id}\nlevel: ${level}\n${more}${LOGSOURCE}${detection}`;
}

const COUNT =
  "title: Count\nid: count\nlevel: critical\nostraka: { subject: account }\ncorrelation:\n" +
  "  { type: event_count, rules: [Low], group-by: [], timespan: 1h, condition: { gte: 3 } }\n";

function rulesOf(...texts: string[]): RuleSet {
  const result = compileRules([{ name: "t.yml", text: texts.join("---\n") }]);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.rules;
}

const ACCOUNT = "user:acme/dana" as SubjectText;
const ADDRESS = "address:198.51.100.7" as SubjectText;
let serial = 0;

function event(eventName: string, atMs: number, more: Partial<Event> = {}): Event {
  return {
    ...{ id: `e${serial++}`, timeMs: 1_700_000_000_000 + atMs, kind: "activity", service: "aws" },
    ...{ account: ACCOUNT, address: ADDRESS, count: 1 },
    ...{ recordType: "aws.cloudtrail", record: { eventName } },
    ...more,
  };
}

function scoring(rules: RuleSet) {
  const signals: Signal[] = [];
  const leases: SubjectText[] = [];
  const scorer = openScorer({ policy: DEFAULT_SCORER_POLICY, rules });
  const out = {
    signal: (signal: Signal) => signals.push(signal),
    lease: ({ subject }: { subject: SubjectText }) => leases.push(subject),
  };
  return { scorer, signals, leases, out };
}

describe("rules within the scorer", () => {
  test("one critical hit is a signal about the account that acted, with the rule as its reason", () => {
    const { scorer, signals, out } = scoring(rulesOf(rule("Critical", "critical")));
    scorer.step({ type: "event", event: event("Critical", 0) }, out);
    expect(signals.map(({ subject }) => subject)).toEqual([ACCOUNT]);
    const [reason] = signals[0]?.reasons ?? [];
    expect(reason?.detector).toBe("rule-hits");
    expect(`${reason?.seen}`).toContain('"Rule Critical" (critical)');
  });

  test("one high hit is a lease and no signal, and the next such day no more than that", () => {
    const { scorer, signals, leases, out } = scoring(rulesOf(rule("High", "high")));
    scorer.step({ type: "event", event: event("High", 0) }, out);
    expect(leases).toEqual([ACCOUNT]);
    for (let day = 1; day < 30; day++) {
      scorer.step({ type: "event", event: event("High", day * 86_400_000) }, out);
    }
    expect(signals).toEqual([]);
  });

  test("a failed login never speaks of the account it names, whatever the rule says", () => {
    const more = "ostraka: { subject: account }\n";
    const { scorer, signals, out } = scoring(rulesOf(rule("Critical", "critical", more)));
    const failed = { kind: "login-failed" } as const;
    const { address: _, ...nowhere } = event("Critical", 0, failed);
    scorer.step({ type: "event", event: nowhere }, out);
    expect(signals).toEqual([]);
    scorer.step({ type: "event", event: event("Critical", 1, failed) }, out);
    expect(signals.map(({ subject }) => subject)).toEqual([ADDRESS]);
  });

  test("the same event twice is one event to a count", () => {
    const { scorer, signals, out } = scoring(rulesOf(rule("Low", "informational"), COUNT));
    const one = event("Low", 0);
    for (let n = 0; n < 5; n++) scorer.step({ type: "event", event: one }, out);
    expect(signals).toEqual([]);
    for (const n of [1, 2]) scorer.step({ type: "event", event: event("Low", n) }, out);
    expect(signals.map(({ subject }) => subject)).toEqual([ACCOUNT]);
  });

  test("a scorer restored in the middle of a count goes on with it", () => {
    const texts = [rule("Low", "informational"), COUNT];
    const first = scoring(rulesOf(...texts));
    for (const n of [0, 1]) first.scorer.step({ type: "event", event: event("Low", n) }, first.out);
    const snapshot = first.scorer.snapshot();
    const again = (rules: RuleSet) => {
      const signals: Signal[] = [];
      const restored = restoreScorer(snapshot, { policy: DEFAULT_SCORER_POLICY, rules });
      const out = { signal: (signal: Signal) => signals.push(signal), lease: () => undefined };
      restored?.step({ type: "event", event: event("Low", 2) }, out);
      return signals.length;
    };
    expect(again(rulesOf(...texts))).toBe(1);
    // Another set has counted nothing; the rest of the scorer is restored all the same.
    expect(again(rulesOf(...texts, rule("More", "low")))).toBe(0);
  });

  test("another edition takes over between two events", () => {
    const book = new RuleBook(rulesOf(rule("Critical", "critical")));
    const { scorer, signals, out } = scoring(book);
    book.use(rulesOf(rule("Other", "critical")));
    scorer.step({ type: "event", event: event("Critical", 0) }, out);
    expect(signals).toEqual([]);
    scorer.step({ type: "event", event: event("Other", 1) }, out);
    expect(signals).toHaveLength(1);
  });
});
