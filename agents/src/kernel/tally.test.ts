import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ApprovalTree, type Ballot, hasApprovals, hasHosts, isCountable } from "./index.ts";

/** Every list of up to `length` picks of `options`, orders and repeats included. */
function* lists<T>(options: readonly T[], length: number): Iterable<T[]> {
  yield [];
  if (length === 0) return;
  for (const first of options)
    for (const rest of lists(options, length - 1)) yield [first, ...rest];
}

/** Every subset. */
function* subsets<T>(options: readonly T[]): Iterable<T[]> {
  for (let bits = 0; bits < 2 ** options.length; bits++) {
    yield options.filter((_, i) => (bits >> i) % 2 === 1);
  }
}

describe("hosts and fault domains", () => {
  /** The dumb twin: strike repeats by walking back, count what is left. */
  function dumb(ballots: readonly Ballot[], k: number, d: number): boolean {
    let hosts = 0;
    let domains = 0;
    for (let i = 0; i < ballots.length; i++) {
      let isNewHost = true;
      let isNewDomain = true;
      for (let j = 0; j < i; j++) {
        if (ballots[j]?.host === ballots[i]?.host) isNewHost = false;
        if (ballots[j]?.faultDomain === ballots[i]?.faultDomain) isNewDomain = false;
      }
      if (isNewHost) hosts++;
      if (isNewDomain) domains++;
    }
    return hosts >= 2 && hosts >= k && domains >= d;
  }

  test("agree with the dumb twin for every placement of up to seven hosts", () => {
    let compared = 0;
    // Every way to place seven hosts in three domains, every subset of them speaking.
    const names = ["h1", "h2", "h3", "h4", "h5", "h6", "h7"];
    for (const places of lists(["r1", "r2", "r3"], 7)) {
      if (places.length !== 7) continue;
      for (const speaking of subsets(names.map((_, i) => i))) {
        const ballots = speaking.map((i) => ({
          host: names[i] as string,
          faultDomain: places[i] as string,
        }));
        const [k, d] = [compared % 8, compared % 4];
        if (hasHosts(ballots, k, d) !== dumb(ballots, k, d)) {
          expect.fail(`k=${k} d=${d} ${JSON.stringify(ballots)}`);
        }
        compared++;
      }
    }
    expect(compared).toBe(3 ** 7 * 2 ** 7);
  });

  test("count a host once however often it speaks", () => {
    const ballots = lists(
      [
        { host: "h1", faultDomain: "r1" },
        { host: "h2", faultDomain: "r1" },
        { host: "h3", faultDomain: "r2" },
      ],
      5,
    );
    for (const some of ballots) {
      for (const k of [1, 2, 3]) {
        for (const d of [1, 2]) expect(hasHosts(some, k, d)).toBe(dumb(some, k, d));
      }
    }
  });

  test("never pass below the floor of two hosts, whatever the rule says", () => {
    expect(hasHosts([{ host: "h1", faultDomain: "r1" }], 1, 1)).toBe(false);
    expect(hasHosts([], 0, 0)).toBe(false);
    const two = [
      { host: "h1", faultDomain: "r1" },
      { host: "h2", faultDomain: "r1" },
    ];
    expect(hasHosts(two, 0, 1)).toBe(true);
    expect(hasHosts(two, 0, 2)).toBe(false);
  });
});

describe("approval trees", () => {
  // Two groups overlap in p3; p7 is in none.
  const GROUPS: Readonly<Record<string, readonly string[]>> = {
    p1: ["red"],
    p2: ["red"],
    p3: ["red", "blue"],
    p4: ["blue"],
    p5: ["blue", "green"],
    p6: ["green"],
    p7: [],
  };
  const PEOPLE = Object.keys(GROUPS);
  const groupsOf = (holder: string) => GROUPS[holder] ?? [];

  /**
   * The dumb twin: every set of people, as bits, that could be used up to satisfy a node. No two
   * branches of one node may use the same person.
   */
  function usedBy(node: ApprovalTree, consents: number): Set<number> {
    const sets = new Set<number>();
    if ("group" in node) {
      for (let bits = 0; bits < 2 ** PEOPLE.length; bits++) {
        if ((bits & ~consents) !== 0) continue;
        const used = PEOPLE.filter((_, i) => (bits >> i) % 2 === 1);
        const isFit = used.every((p) => groupsOf(p).includes(node.group));
        if (isFit && used.length === node.atLeast) sets.add(bits);
      }
      return sets;
    }
    const branches = "all" in node ? node.all : "any" in node ? node.any : node.of;
    const needed = "all" in node ? branches.length : "any" in node ? 1 : node.atLeast;
    for (const some of subsets(branches)) {
      if (some.length !== needed) continue;
      let unions = new Set([0]);
      for (const branch of some) {
        const next = new Set<number>();
        for (const own of usedBy(branch, consents)) {
          for (const others of unions) if ((own & others) === 0) next.add(own | others);
        }
        unions = next;
      }
      for (const union of unions) sets.add(union);
    }
    return sets;
  }

  function dumb(tree: ApprovalTree, approvers: readonly string[], proposer: string): boolean {
    let consents = 0;
    PEOPLE.forEach((p, i) => {
      if (p !== proposer && approvers.indexOf(p) >= 0) consents |= 1 << i;
    });
    return consents !== 0 && usedBy(tree, consents).size > 0;
  }

  /** The rule of machine version 1, as dumb: a person may stand for any number of leaves. */
  function dumbShared(tree: ApprovalTree, approvers: readonly string[], proposer: string): boolean {
    const consents = PEOPLE.filter((p) => p !== proposer && approvers.indexOf(p) >= 0);
    const holds = (node: ApprovalTree): boolean => {
      if ("group" in node) {
        let count = 0;
        for (const p of consents) if (groupsOf(p).includes(node.group)) count += 1;
        return count >= node.atLeast;
      }
      if ("all" in node) return node.all.every(holds);
      if ("any" in node) return node.any.some(holds);
      let count = 0;
      for (const branch of node.of) if (holds(branch)) count += 1;
      return count >= node.atLeast;
    };
    return consents.length >= 1 && holds(tree);
  }

  const red = (atLeast: number): ApprovalTree => ({ group: "red", atLeast });
  const blue = (atLeast: number): ApprovalTree => ({ group: "blue", atLeast });
  const green = (atLeast: number): ApprovalTree => ({ group: "green", atLeast });
  const TREES: ApprovalTree[] = [
    red(1),
    red(2),
    red(3),
    { all: [red(1), blue(1)] },
    { all: [red(2), blue(2)] },
    { any: [red(3), green(1)] },
    { any: [{ all: [red(1), green(1)] }, blue(3)] },
    { atLeast: 2, of: [red(1), blue(1), green(1)] },
    { atLeast: 2, of: [{ any: [red(2), green(2)] }, blue(1), { all: [red(1), green(1)] }] },
    { atLeast: 1, of: [{ atLeast: 2, of: [blue(1), blue(2)] }] },
  ];

  test.each(TREES.map((tree) => [JSON.stringify(tree), tree] as const))(
    "%s agrees with the dumb twin for every subset of seven and every proposer",
    (_, tree) => {
      for (const approvers of subsets(PEOPLE)) {
        for (const proposer of [...PEOPLE, "an operator"]) {
          const found = hasApprovals(tree, approvers, proposer, groupsOf);
          const before = hasApprovals(tree, approvers, proposer, groupsOf, 1);
          const isSame = found === dumb(tree, approvers, proposer);
          if (!isSame || before !== dumbShared(tree, approvers, proposer)) {
            expect.fail(`${approvers.join()} proposed by ${proposer}: ${found}, before ${before}`);
          }
        }
      }
    },
  );

  test("agree with the dumb twin on trees of any shape, with repeats and strangers", () => {
    const { tree } = fc.letrec<{ tree: ApprovalTree }>((tie) => {
      const branches = fc.array(tie("tree"), { minLength: 1, maxLength: 3 });
      return {
        tree: fc.oneof(
          { depthSize: "small", withCrossShrink: true },
          fc.record({
            group: fc.constantFrom("red", "blue", "green", "none"),
            atLeast: fc.integer({ min: 1, max: 3 }),
          }),
          fc.record({ all: branches }),
          fc.record({ any: branches }),
          fc.record({ atLeast: fc.integer({ min: 1, max: 3 }), of: branches }),
        ),
      };
    });
    const approvers = fc.array(fc.constantFrom(...PEOPLE, "stranger"), { maxLength: 9 });
    fc.assert(
      fc.property(tree, approvers, fc.constantFrom(...PEOPLE, "olga"), (shape, given, proposer) => {
        // A stranger consents to nothing: neither does the twin hear of one.
        const isAlone = given.every((p) => p === "stranger" || p === proposer);
        if (isAlone) return;
        expect(hasApprovals(shape, given, proposer, groupsOf)).toBe(dumb(shape, given, proposer));
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  test("never let one person stand for two leaves of one node, as version 1 did", () => {
    const both: ApprovalTree = { all: [red(1), blue(1)] };
    const either: ApprovalTree = { any: [red(1), blue(1)] };
    const two: ApprovalTree = { atLeast: 2, of: [red(1), blue(1), green(1)] };
    expect(hasApprovals(both, ["p3"], "p7", groupsOf)).toBe(false);
    expect(hasApprovals(both, ["p3"], "p7", groupsOf, 1)).toBe(true);
    expect(hasApprovals(both, ["p3", "p1"], "p7", groupsOf)).toBe(true);
    expect(hasApprovals(both, ["p3", "p4"], "p7", groupsOf)).toBe(true);
    expect(hasApprovals(both, ["p3", "p6"], "p7", groupsOf)).toBe(false);
    expect(hasApprovals(either, ["p3"], "p7", groupsOf)).toBe(true);
    expect(hasApprovals(two, ["p5"], "p7", groupsOf)).toBe(false);
    expect(hasApprovals(two, ["p5", "p3"], "p7", groupsOf)).toBe(true);
  });

  test("with more ways to be satisfied than are looked at are never satisfied", () => {
    const any = (n: number): ApprovalTree => ({ any: new Array<ApprovalTree>(n).fill(red(1)) });
    const huge: ApprovalTree = { all: [any(33), any(32)] };
    const fair: ApprovalTree = { all: [any(32), any(32)] };
    expect([isCountable(fair), isCountable(huge)]).toEqual([true, false]);
    expect(hasApprovals(fair, ["p1", "p2"], "p7", groupsOf)).toBe(true);
    expect(hasApprovals(huge, ["p1", "p2"], "p7", groupsOf)).toBe(false);
    const hidden: ApprovalTree = { any: [red(1), { all: [huge, { any: [] }] }] };
    expect(hasApprovals(hidden, ["p1"], "p7", groupsOf)).toBe(false);
    expect(hasApprovals(red(2 ** 31), ["p1"], "p7", groupsOf)).toBe(false);
  });

  test("need somebody besides the proposer, whatever the tree says", () => {
    const anybody: ApprovalTree = { any: [red(1)] };
    expect(hasApprovals(anybody, ["p1"], "p1", groupsOf)).toBe(false);
    expect(hasApprovals(anybody, ["p1", "p1"], "p1", groupsOf)).toBe(false);
    expect(hasApprovals({ atLeast: 0, of: [] }, [], "p1", groupsOf)).toBe(false);
    expect(hasApprovals(anybody, ["p1", "p2"], "p1", groupsOf)).toBe(true);
  });
});
