// What machines may do by themselves: buckets, caps, subjects that rise together, and whom they
// never touch.

import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { Stage, SubjectKind, type SubjectText } from "@ostraka/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import { testMesh } from "../../testkit/node-crypto.ts";
import type { GovernorPolicy, MeshView, Policy, SignalRule } from "../kernel/index.ts";
import { Governor, type HoldWhy } from "./governor.ts";

const { view } = MachineRun.joined(testMesh("governor"));
const policy = view.policyOf(1) as Policy;
const NOBODY = {
  perKind: [],
  caps: [],
  breakGlass: new Set<SubjectText>(),
  holderSubjects: new Map<string, SubjectText>(),
  dependants: new Map<SubjectText, readonly SubjectText[]>(),
} satisfies GovernorPolicy;
const RULE: SignalRule = {
  name: "two-hosts",
  kinds: [SubjectKind.ADDRESS],
  hosts: 2,
  faultDomains: 2,
  windowMs: 60_000,
  lineMdb: 30_000,
  stage: Stage.SUSPEND,
  ttlMs: 3_600_000,
};
const NOW_MS = 1_767_225_600_000;

function governed(governor: Partial<GovernorPolicy>): Policy {
  return { ...policy, governor: { ...NOBODY, ...governor } };
}

function address(n: number): SubjectText {
  return `address:198.51.100.${n}` as SubjectText;
}

interface Act {
  readonly subject: SubjectText;
  readonly hosts?: readonly string[];
  readonly rule?: SignalRule;
  readonly isDryRun?: boolean;
}

/** Judges as the machine does: what is let through is entered. */
class Bench {
  readonly governor = new Governor();
  readonly inForce = new Set<string>();
  nowMs = NOW_MS;
  readonly #policy: Policy;
  readonly #view: MeshView;
  nextId = 0;

  constructor(by: Policy, of = view) {
    this.#policy = by;
    this.#view = of;
  }

  see(subject: SubjectText, ...hosts: readonly string[]): void {
    for (const host of hosts) this.governor.see(this.#policy, subject, host, this.nowMs);
  }

  judge({ subject, hosts = ["a", "b"], rule = RULE, isDryRun = false }: Act): HoldWhy | "enter" {
    const ballots = hosts.map((host) => ({ host, faultDomain: `rack-${host}` }));
    const isInForce = (id: string) => this.inForce.has(id);
    const warrant = { subject, rule, ballots, isDryRun };
    const why = this.governor.judge(this.#view, this.#policy, warrant, isInForce, this.nowMs);
    if (why !== undefined) return why;
    const id = `${this.nextId++}`;
    this.inForce.add(id);
    this.governor.enter(id, subject, isDryRun);
    return "enter";
  }

  expire(): void {
    this.governor.expire((id) => this.inForce.has(id), this.inForce.size, this.nowMs);
  }
}

describe("a governor", () => {
  test("holds nothing where the policy has none", () => {
    const bench = new Bench(policy);
    expect(policy.governor).toBeUndefined();
    for (let n = 0; n < 100; n++) expect(bench.judge({ subject: address(n) })).toBe("enter");
  });

  test("gives so many at once, and one more every so often", () => {
    const bench = new Bench(governed({ overall: { burst: 2, refillMs: 1_000 } }));
    const judge = () => bench.judge({ subject: address(1) });
    expect([judge(), judge(), judge()]).toEqual(["enter", "enter", "governor"]);
    bench.nowMs += 999;
    expect(judge()).toBe("governor");
    bench.nowMs += 1;
    expect([judge(), judge()]).toEqual(["enter", "governor"]);
  });

  test("has a bucket for each kind of subject", () => {
    const bucket = { burst: 1, refillMs: 60_000 };
    const bench = new Bench(governed({ perKind: [{ kind: SubjectKind.ADDRESS, bucket }] }));
    const user = "user:corp/mallory" as SubjectText;
    expect(bench.judge({ subject: address(1) })).toBe("enter");
    expect(bench.judge({ subject: address(2) })).toBe("governor");
    for (let n = 0; n < 3; n++) expect(bench.judge({ subject: user })).toBe("enter");
  });

  test("counts a host that has used up its share out, and lets the others go on", () => {
    const bench = new Bench(governed({ perHost: { burst: 1, refillMs: 60_000 } }));
    expect(bench.judge({ subject: address(1), hosts: ["a", "b"] })).toBe("enter");
    expect(bench.judge({ subject: address(2), hosts: ["a", "c"] })).toBe("governor");
    // A noisy host beside two that have their share must not hold them up.
    expect(bench.judge({ subject: address(2), hosts: ["a", "c", "d"] })).toBe("enter");
    const strict = {
      ...RULE,
      escalations: [{ when: { text: "true", holds: () => true }, hosts: 3, faultDomains: 2 }],
    };
    const hosts = ["a", "e", "f"];
    expect(bench.judge({ subject: address(3), hosts, rule: strict })).toBe("governor");
    expect(bench.judge({ subject: address(3), hosts })).toBe("enter");
  });

  test("takes no token for what it holds", () => {
    const overall = { burst: 1, refillMs: 60_000 };
    const perHost = { burst: 1, refillMs: 1_000 };
    const bench = new Bench(governed({ overall, perHost }));
    bench.judge({ subject: address(1), hosts: ["a", "b"] });
    expect(bench.judge({ subject: address(2), hosts: ["c", "d"] })).toBe("governor");
    bench.nowMs += 60_000;
    expect(bench.judge({ subject: address(2), hosts: ["c", "d"] })).toBe("enter");
  });

  test("never lets more of a kind be in force than its share, dry runs and the past aside", () => {
    const caps = [{ kind: SubjectKind.ADDRESS, subjects: 250, permilleMax: 10 }];
    const bench = new Bench(governed({ caps }));
    expect(bench.judge({ subject: address(0), isDryRun: true })).toBe("enter");
    expect(bench.judge({ subject: address(1) })).toBe("enter");
    expect(bench.judge({ subject: address(2) })).toBe("enter");
    expect(bench.judge({ subject: address(3) })).toBe("governor");
    expect(bench.judge({ subject: address(3), isDryRun: true })).toBe("enter");
    expect(bench.judge({ subject: "user:corp/eve" as SubjectText })).toBe("enter");
    bench.inForce.delete("1");
    expect(bench.judge({ subject: address(3) })).toBe("enter");
    expect(bench.judge({ subject: address(4) })).toBe("governor");
  });
});

describe("subjects that rise together", () => {
  const risingTogether = { subjects: 3, withinMs: 10_000 };

  test("wait for people, all of them, until fewer rise", () => {
    const bench = new Bench(governed({ risingTogether }));
    for (const n of [1, 2]) bench.see(address(n), "a", "b");
    expect(bench.judge({ subject: address(1) })).toBe("enter");
    bench.nowMs += 10_000;
    bench.see(address(3), "c", "d");
    expect(bench.judge({ subject: address(3) })).toBe("rising-together");
    expect(bench.judge({ subject: "user:corp/eve" as SubjectText })).toBe("rising-together");
    bench.nowMs += 1;
    expect(bench.judge({ subject: address(3) })).toBe("enter");
  });

  test("are not made by one host, nor kept up by it", () => {
    const bench = new Bench(governed({ risingTogether }));
    for (let n = 0; n < 50; n++) bench.see(address(n), "a", "a");
    expect(bench.judge({ subject: address(1) })).toBe("enter");
    for (const n of [1, 2, 3]) bench.see(address(n), "b");
    expect(bench.judge({ subject: address(1) })).toBe("rising-together");
    bench.nowMs += 10_001;
    for (const n of [1, 2, 3]) bench.see(address(n), "a");
    expect(bench.judge({ subject: address(1) })).toBe("enter");
  });
});

describe("whom machines never touch", () => {
  const glass = "user:corp/break-glass" as SubjectText;
  const idp = "service:corp/idp" as SubjectText;
  const vault = "service:corp/vault" as SubjectText;
  const ada = "user:corp/ada" as SubjectText;
  const olga = "user:corp/olga" as SubjectText;
  const bench = () =>
    new Bench(
      governed({
        breakGlass: new Set([glass]),
        holderSubjects: new Map([
          ["ada", ada],
          ["olga", olga],
        ]),
        dependants: new Map([
          [vault, [idp]],
          [idp, [glass, vault]],
        ]),
      }),
    );

  test.each<readonly [string, SubjectText, string]>([
    ["a break-glass identity", glass, "break-glass"],
    ["what stops one by way of another", vault, "break-glass"],
    ["an approver of the roster", ada, "undo-locked-out"],
    ["an operator who approves nothing", olga, "enter"],
    ["somebody else", "user:corp/mallory" as SubjectText, "enter"],
  ])("%s", (_, subject, expected) => {
    expect(bench().judge({ subject })).toBe(expected);
  });
});

type Step = { readonly n: number; readonly hosts: readonly string[]; readonly afterMs: number };

const step: fc.Arbitrary<Step> = fc.record({
  n: fc.nat(20),
  hosts: fc.subarray(["a", "b", "c", "d"], { minLength: 2 }),
  afterMs: fc.constantFrom(0, 0, 1, 300, 1_000, 5_000),
});

const FULL = governed({
  overall: { burst: 4, refillMs: 700 },
  perHost: { burst: 3, refillMs: 900 },
  perKind: [{ kind: SubjectKind.ADDRESS, bucket: { burst: 5, refillMs: 400 } }],
  caps: [{ kind: SubjectKind.ADDRESS, subjects: 100, permilleMax: 60 }],
  risingTogether: { subjects: 8, withinMs: 2_000 },
});

function play(bench: Bench, steps: readonly Step[]) {
  return steps.map(({ n, hosts, afterMs }) => {
    bench.nowMs += afterMs;
    bench.expire();
    // What is over goes out of force as machine time passes.
    if (afterMs >= 1_000) for (const id of [...bench.inForce].slice(0, 2)) bench.inForce.delete(id);
    bench.see(address(n), ...hosts);
    const why = bench.judge({ subject: address(n), hosts });
    return { why, atMs: bench.nowMs, inForce: bench.inForce.size };
  });
}

function saved({ governor }: Bench): Uint8Array {
  const w = new BinaryWriter();
  governor.save(w);
  return w.finish();
}

describe("over any history", () => {
  test("no interval gets more than its bucket allows, and no cap is passed", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const done = play(new Bench(FULL), steps);
        for (const { inForce } of done) expect(inForce).toBeLessThanOrEqual(6);
        const entered = done.filter(({ why }) => why === "enter").map(({ atMs }) => atMs);
        for (const [i, from] of entered.entries()) {
          for (const [j, to] of entered.slice(i).entries()) {
            expect(j + 1).toBeLessThanOrEqual(4 + Math.floor((to - from) / 700));
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test("one that was restored goes on as one that never stopped", () => {
    const steps = fc.array(step, { maxLength: 40 });
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const whole = new Bench(FULL);
        play(whole, before);
        const restored = new Bench(FULL);
        restored.governor.load(new BinaryReader(saved(whole)));
        restored.nowMs = whole.nowMs;
        for (const id of whole.inForce) restored.inForce.add(id);
        restored.nextId = whole.nextId;
        expect(play(restored, after)).toEqual(play(whole, after));
        expect(saved(restored)).toEqual(saved(whole));
      }),
      { numRuns: 100 },
    );
  });
});
