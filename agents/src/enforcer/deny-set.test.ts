import { create } from "@bufbuild/protobuf";
import {
  DigestTrie,
  hex,
  Ledger,
  LIMITS,
  parseSubject,
  type Revocation,
  RevocationSchema,
  Stage,
  type SubjectText,
} from "@ostraka/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../testkit/node-crypto.ts";
import { type Access, DenySet, type Here } from "./index.ts";

const NOW = 1_767_225_600_000;
const HOUR = 3_600_000;
const MALLORY = parseSubject("user:test/mallory") as SubjectText;
const ADDRESS = parseSubject("address:203.0.113.7") as SubjectText;
const ALICE = parseSubject("user:test/alice") as SubjectText;
const HERE: Here = { host: "host-1", labels: () => ["tier=web", "zone=a"] };
const AT = { ledger: Ledger.CONTROL, index: 1 } as const;
const time = (ms = 0, wallMs = ms) => ({
  machineMs: NOW + ms,
  headMs: NOW + ms,
  wallMs: NOW + wallMs,
});
const id = (n: number) => nodeCrypto.sha256(Uint8Array.of(n));
const hexId = (n: number) => hex(id(n));

interface Wish {
  readonly stage?: Stage;
  readonly expiresMs?: number;
  readonly scope?: {
    hosts?: string[];
    resources?: string[];
    actions?: string[];
    labels?: string[];
  };
  readonly supersedes?: number[];
  readonly isDryRun?: boolean;
}

function revocation(n: number, wish: Wish = {}): Revocation {
  return create(RevocationSchema, {
    id: id(n),
    stage: wish.stage ?? Stage.SUSPEND,
    fromMs: BigInt(NOW),
    expiresMs: BigInt(wish.expiresMs ?? NOW + HOUR),
    scope: wish.scope ?? {},
    supersedes: (wish.supersedes ?? []).map(id),
    isDryRun: wish.isDryRun ?? false,
  });
}

const fresh = () => new DenySet(nodeCrypto, HERE);

/** Hex id of what denies, or nothing. */
function denied(set: DenySet, access: Partial<Access> = {}, at = time()): string | undefined {
  return set.decide({ subjects: [MALLORY], ...access }, at)?.id;
}

describe("a revocation", () => {
  test("denies its subject and no other, until it runs out", () => {
    const set = fresh();
    expect(set.add(revocation(1), MALLORY, AT)).toMatchObject({ id: hexId(1), index: 1 });
    expect(set.add(revocation(1), MALLORY, AT)).toBeUndefined();
    expect(denied(set)).toBe(hexId(1));
    expect(denied(set, { subjects: [ALICE] })).toBeUndefined();
    expect(denied(set, { subjects: [ALICE, ADDRESS, MALLORY] })).toBe(hexId(1));
    expect(denied(set, {}, time(HOUR - 1))).toBe(hexId(1));
    expect(denied(set, {}, time(HOUR))).toBeUndefined();
  });

  test("runs out at machine time, and never later than a minute on the own clock", () => {
    const set = fresh();
    set.add(revocation(1), MALLORY, AT);
    // Machine time stands still: the middle is gone.
    expect(denied(set, {}, time(0, HOUR + LIMITS.expirySlackMs - 1))).toBe(hexId(1));
    expect(denied(set, {}, time(0, HOUR + LIMITS.expirySlackMs))).toBeUndefined();
    // The own clock is slow: machine time rules.
    expect(denied(set, {}, time(HOUR, -HOUR))).toBeUndefined();
    expect(set.expire(time(HOUR - 1))).toEqual([]);
    expect(set.expire(time(HOUR)).map((h) => h.id)).toEqual([hexId(1)]);
    expect(set.size).toBe(0);
  });

  test("in dry run, or at the stage observe, is held and denies nothing", () => {
    const set = fresh();
    expect(set.add(revocation(1, { isDryRun: true }), MALLORY, AT)).toBeDefined();
    expect(set.add(revocation(2, { stage: Stage.OBSERVE }), MALLORY, AT)).toBeDefined();
    expect(denied(set)).toBeUndefined();
    expect(set.size).toBe(2);
  });

  test("of several the strongest stage answers, whatever came first and whichever subject", () => {
    const set = fresh();
    set.add(revocation(1, { stage: Stage.STEP_UP }), MALLORY, AT);
    set.add(revocation(2, { stage: Stage.TERMINATE }), MALLORY, AT);
    set.add(revocation(3, { stage: Stage.THROTTLE }), ADDRESS, AT);
    expect(denied(set)).toBe(hexId(2));
    expect(denied(set, { subjects: [ADDRESS, MALLORY] })).toBe(hexId(2));
    set.lift([id(2)], NOW + HOUR, MALLORY);
    expect(denied(set, { subjects: [MALLORY, ADDRESS] })).toBe(hexId(3));
  });
});

describe("a scope", () => {
  test.each([
    ["no scope", {}, true],
    ["this host", { hosts: ["host-1"] }, true],
    ["this host among others", { hosts: ["host-0", "host-1"] }, true],
    ["another host", { hosts: ["host-2"] }, false],
    ["a label of this host", { labels: ["zone=a"] }, true],
    ["both labels of this host", { labels: ["tier=web", "zone=a"] }, true],
    ["a label that it has not", { labels: ["tier=web", "zone=b"] }, false],
    ["this host with a label that it has not", { hosts: ["host-1"], labels: ["x=y"] }, false],
  ] as const)("of %s reaches this host: %j %s", (_, scope, isHeld) => {
    const set = fresh();
    const wish = { scope: structuredClone(scope) as NonNullable<Wish["scope"]> };
    expect(set.add(revocation(1, wish), MALLORY, AT) !== undefined).toBe(isHeld);
    expect(denied(set) !== undefined).toBe(isHeld);
  });

  test("of resources and actions denies those, and what a request does not say", () => {
    const set = fresh();
    const scope = { resources: ["/admin", "/pay"], actions: ["write"] };
    set.add(revocation(1, { scope }), MALLORY, AT);
    expect(denied(set, { resource: "/admin", action: "write" })).toBe(hexId(1));
    expect(denied(set, { resource: "/admin", action: "read" })).toBeUndefined();
    expect(denied(set, { resource: "/public", action: "write" })).toBeUndefined();
    expect(denied(set, { resource: "/admin" })).toBe(hexId(1));
    expect(denied(set, {})).toBe(hexId(1));
    expect(denied(set, { resource: "/admin/x", action: "write" })).toBeUndefined();
  });
});

describe("an end", () => {
  test("by a lift is final, also for what comes after it", () => {
    const set = fresh();
    set.add(revocation(1), MALLORY, AT);
    expect(set.lift([id(1), id(2)], NOW + 2 * HOUR, MALLORY).map((h) => h.id)).toEqual([hexId(1)]);
    expect(set.add(revocation(1), MALLORY, AT)).toBeUndefined();
    expect(set.add(revocation(2), MALLORY, AT)).toBeUndefined();
    expect(denied(set)).toBeUndefined();
  });

  test("in the name of another subject ends nothing: nobody consented to that", () => {
    const set = fresh();
    set.add(revocation(1), MALLORY, AT);
    expect(set.lift([id(1)], NOW + HOUR, ALICE)).toEqual([]);
    set.add(revocation(2, { supersedes: [1] }), ALICE, AT);
    expect(denied(set)).toBe(hexId(1));
    set.lift([id(3)], NOW + HOUR, ALICE);
    expect(set.add(revocation(3), MALLORY, AT)).toBeDefined();
  });

  test("by one that supersedes holds after that one has run out", () => {
    const set = fresh();
    const short = revocation(2, { supersedes: [1], expiresMs: NOW + 1_000 });
    set.add(short, MALLORY, AT);
    set.expire(time(1_000));
    expect(set.add(revocation(1, { expiresMs: NOW + 24 * HOUR }), MALLORY, AT)).toBeUndefined();
    expect(denied(set, {}, time(1_000))).toBeUndefined();
  });

  test("by one that supersedes holds on hosts that it does not reach", () => {
    const set = fresh();
    set.add(revocation(1), MALLORY, AT);
    const elsewhere = revocation(2, { supersedes: [1], scope: { hosts: ["host-2"] } });
    expect(set.add(elsewhere, MALLORY, AT)).toBeUndefined();
    expect(set.size).toBe(0);
  });

  test("is forgotten once nothing of its id can be in force", () => {
    const set = fresh();
    set.lift([id(1)], NOW + HOUR, MALLORY);
    set.expire(time(HOUR));
    expect(set.add(revocation(1, { expiresMs: NOW + 2 * HOUR }), MALLORY, AT)).toBeDefined();
  });
});

describe("a local lease", () => {
  const lease = (untilMs: number, stage = Stage.SUSPEND) => ({
    id: "lease-1",
    subject: MALLORY,
    stage,
    untilMs,
  });

  test("denies until its time on the own clock", () => {
    const set = fresh();
    set.lease(lease(NOW + 1_000));
    expect(denied(set, {}, time(HOUR, 999))).toBe("lease-1");
    expect(denied(set, {}, time(0, 1_000))).toBeUndefined();
    set.expire(time(0, 1_000));
    expect([...set.leases()]).toEqual([]);
  });

  test("gives way to a verdict of its own stage and above, not to a milder one", () => {
    const set = fresh();
    set.lease(lease(NOW + HOUR));
    set.add(revocation(1, { stage: Stage.STEP_UP }), MALLORY, AT);
    expect(denied(set)).toBe("lease-1");
    set.add(revocation(2), MALLORY, AT);
    expect(denied(set)).toBe(hexId(2));
  });

  test("ends with a lift of its subject, is no part of the digest, and is renewed in place", () => {
    const set = fresh();
    const before = hex(set.digest());
    set.lease(lease(NOW + 1_000));
    set.lease(lease(NOW + 5_000));
    expect(hex(set.digest())).toBe(before);
    expect([...set.leases()]).toHaveLength(1);
    expect(denied(set, {}, time(4_000))).toBe("lease-1");
    set.add(revocation(1), MALLORY, AT);
    set.lift([id(1)], NOW + HOUR, MALLORY);
    expect(denied(set)).toBeUndefined();
    set.lease(lease(NOW + 5_000));
    expect(set.endLease(MALLORY)).toBe(true);
    expect(set.endLease(MALLORY)).toBe(false);
    expect(denied(set)).toBeUndefined();
  });
});

describe("merging", () => {
  type Verdict =
    | { readonly type: "add"; readonly n: number; readonly supersedes: readonly number[] }
    | { readonly type: "lift"; readonly n: number };

  const verdict: fc.Arbitrary<Verdict> = fc.oneof(
    fc.record({
      type: fc.constant("add" as const),
      n: fc.integer({ min: 0, max: 9 }),
      supersedes: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 2 }),
    }),
    fc.record({ type: fc.constant("lift" as const), n: fc.integer({ min: 0, max: 9 }) }),
  );
  const subjectOf = (n: number) => [MALLORY, ADDRESS, ALICE][n % 3] as SubjectText;

  function apply(set: DenySet, one: Verdict): void {
    if (one.type === "lift") set.lift([id(one.n)], NOW + HOUR, subjectOf(one.n));
    else {
      const supersedes = one.supersedes.filter((n) => n !== one.n && n % 3 === one.n % 3);
      const wish = { supersedes };
      set.add(revocation(one.n, wish), subjectOf(one.n), AT);
    }
  }

  /** The dumb twin: everything ever revoked less everything ever ended. */
  function dumb(verdicts: readonly Verdict[]): number[] {
    const revoked = new Set<number>();
    const ended = new Set<number>();
    for (const one of verdicts) {
      if (one.type === "lift") ended.add(one.n);
      else {
        revoked.add(one.n);
        for (const n of one.supersedes) if (n !== one.n && n % 3 === one.n % 3) ended.add(n);
      }
    }
    return [...revoked].filter((n) => !ended.has(n));
  }

  test("is a union: any order, any number of repeats, one deny set and one digest", () => {
    const shuffled = fc
      .array(verdict, { maxLength: 25 })
      .chain((verdicts) =>
        fc.tuple(
          fc.constant(verdicts),
          fc.shuffledSubarray([...verdicts, ...verdicts], { minLength: 2 * verdicts.length }),
        ),
      );
    fc.assert(
      fc.property(shuffled, ([verdicts, order]) => {
        const set = fresh();
        for (const one of order) apply(set, one);
        const left = dumb(verdicts);
        expect([...set.all()].map((h) => h.id).sort()).toEqual(left.map(hexId).sort());
        const trie = new DigestTrie(nodeCrypto);
        for (const n of left) trie.add(id(n));
        expect(hex(set.digest())).toBe(hex(trie.digest()));
        for (const n of [0, 1, 2]) {
          const held = set.decide({ subjects: [subjectOf(n)] }, time());
          expect(held !== undefined).toBe(left.some((m) => m % 3 === n));
        }
      }),
      { seed: 21, numRuns: 400 },
    );
  });
});

describe("what is held against a few subjects", () => {
  const SUBJECTS = [MALLORY, ADDRESS, ALICE];
  const change = fc.record({
    verb: fc.constantFrom("add", "add", "add", "lift", "lease", "endLease", "expire"),
    n: fc.nat(12),
    ms: fc.nat(9),
    stage: fc.constantFrom(Stage.STEP_UP, Stage.SUSPEND, Stage.TERMINATE),
  });

  test("is that of a dumb twin after every change", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
        const set = fresh();
        const helds = new Map<number, { subject: SubjectText; stage: Stage; endMs: number }>();
        const leases = new Map<SubjectText, Stage>();
        const lifted = new Set<number>();
        for (const { verb, n, ms, stage } of changes) {
          const subject = SUBJECTS[n % 3] as SubjectText;
          if (verb === "add") {
            set.add(revocation(n, { stage, expiresMs: NOW + ms }), subject, AT);
            if (!lifted.has(n) && !helds.has(n)) helds.set(n, { subject, stage, endMs: ms });
          } else if (verb === "lift") {
            set.lift([id(n)], NOW + HOUR, subject);
            if (helds.delete(n)) leases.delete(subject);
            lifted.add(n);
          } else if (verb === "lease") {
            set.lease({ id: "lease", subject, stage, untilMs: NOW + HOUR });
            leases.set(subject, stage);
          } else if (verb === "endLease")
            expect(set.endLease(subject)).toBe(leases.delete(subject));
          else {
            set.expire(time(ms));
            for (const [key, { endMs }] of helds) if (endMs <= ms) helds.delete(key);
          }
          expect(set.size).toBe(helds.size);
          for (const asked of SUBJECTS) {
            const against = [...helds.values()].filter((h) => h.subject === asked && h.endMs > 4);
            const stages = [...against.map((h) => h.stage), leases.get(asked) ?? 0];
            const strongest = set.decide({ subjects: [asked] }, time(4))?.stage ?? 0;
            expect(strongest).toBe(Math.max(...stages));
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
