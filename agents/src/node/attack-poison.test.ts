// What a hostile member may say without stopping the machines: numbers at the edge of what the wire
// can carry, entries of the largest size. Such input is refused, never an assertion.

import { LIMITS, parseSubject, Stage, SubjectKind, type SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import type { HostPerson, Person } from "../../testkit/mesh-kit.ts";
import { testMesh } from "../../testkit/node-crypto.ts";
import { DEFAULT_POLICY_YAML } from "../policy/index.ts";

const kit = testMesh("attack poison", { hosts: 4 });
const [olga] = kit.operators as [Person];
const [ada, , sam] = kit.approvers as [Person, Person, Person];
const [h1, h2] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson];
const MALLORY = parseSubject("address:203.0.113.7") as SubjectText;
const MINUTE = 60_000;
const INT32_MAX = 2_147_483_647;

/** Machine version 2 under the default policy. */
function upgraded(): MachineRun {
  const run = MachineRun.joined(kit);
  run.upgrade();
  const { document, activation } = kit.policy(2, run.nowMs, DEFAULT_POLICY_YAML);
  expect(run.command(document)).toBeTypeOf("number");
  expect(run.command(activation)).toBeTypeOf("number");
  run.import();
  return run;
}

function say(run: MachineRun, host: HostPerson, fields: object = {}): string[] {
  const timeMs = BigInt(run.nowMs);
  const signal = {
    subject: MALLORY,
    fields: { timeMs, evidenceFromMs: timeMs, epoch: 2, ...fields },
  };
  return run.batch(kit.batch(host, kit.random(16), 0, [signal])).rejects.map((r) => r.code);
}

/** The sums that entries of the signals ledger say. */
function sums(run: MachineRun): number[] {
  return run
    .entries("signals")
    .flatMap(({ effect: { case: kind, value } }) =>
      kind === "inquiry" || kind === "suggestion" ? [value.sumMdb] : [],
    );
}

/** Both machines can still write down all that they hold. */
function expectSaved(run: MachineRun): void {
  run.tick();
  if (run.signals.importedIndex < run.control.book.index) run.import();
  expect(run.control.state().length).toBeGreaterThan(0);
  expect(run.signals.state().length).toBeGreaterThan(0);
}

describe("evidence at the edge of its field", () => {
  test.each([INT32_MAX, -INT32_MAX - 1, 0])("stops no machine: %i at one host", (evidenceMdb) => {
    const run = upgraded();
    say(run, h1, { evidenceMdb });
    run.tick();
    say(run, h2, { evidenceMdb: 40_000 });
    run.tick(20 * MINUTE);
    expectSaved(run);
  });

  test("beside an honest host's makes the largest sum that an entry can say", () => {
    const run = upgraded();
    say(run, h2, { evidenceMdb: 40_000, sharedSubjects: 9 });
    expect(say(run, h1, { evidenceMdb: INT32_MAX })).toEqual(["shared-address"]);
    expect(sums(run)).toEqual([INT32_MAX]);
    expectSaved(run);
  });

  test("counts of two hosts too, and below the edge nothing is lost", () => {
    const run = upgraded();
    say(run, h2, { evidenceMdb: INT32_MAX - 40_001, sharedSubjects: 4_294_967_295 });
    say(run, h1, { evidenceMdb: 40_000 });
    expect(sums(run).at(-1)).toBe(INT32_MAX - 1);
    expectSaved(run);
  });
});

describe("a pardon", () => {
  /** A lift with a pardon: the code of the proposal, or the index of the verdict. */
  function pardon(run: MachineRun, pardonBeforeMs: bigint): string | number | undefined {
    const wish = { case: "lift", value: { revocationIds: [kit.random(32)], pardonBeforeMs } };
    const { id, envelope, part } = kit.propose(olga, MALLORY, run.nowMs, { wish, epoch: 2 });
    const asked = run.command(envelope, [part]);
    if (typeof asked !== "number") return asked;
    for (const by of [ada, sam]) run.command(kit.approve(by, id, run.nowMs));
    return run.entries("control").at(-1)?.effect.case;
  }

  test("of what is still to come is refused: it would make its subject immune", () => {
    const run = upgraded();
    const atMost = BigInt(run.nowMs + LIMITS.signalAheadMsMax);
    for (const beforeMs of [2n ** 64n - 1n, 2n ** 53n, atMost + 1n]) {
      expect(pardon(run, beforeMs)).toBe("clock-off");
    }
    expect(pardon(run, atMost)).toBe("lift");
    expectSaved(run);
  });

  test("of all times, given under machine version 1, is still written down under the next", () => {
    const run = MachineRun.joined(kit);
    const wish = {
      case: "lift",
      value: { revocationIds: [kit.random(32)], pardonBeforeMs: 2n ** 64n - 1n },
    };
    const { id, envelope, part } = kit.propose(olga, MALLORY, run.nowMs, { wish });
    run.command(envelope, [part]);
    for (const by of [ada, sam]) run.command(kit.approve(by, id, run.nowMs));
    expect(run.entries("control").at(-1)?.effect.case).toBe("lift");
    run.upgrade();
    expectSaved(run);
  });
});

describe("a wish", () => {
  /** Scope items of so many bytes in all. */
  function items(bytes: number): string[] {
    const name = (i: number) => `${String(i).padStart(3, "0")}${"\u20ac".repeat(197)}`;
    return Array.from({ length: Math.floor(bytes / 597) }, (_, i) => name(i));
  }

  test("whose verdict would not fit into an entry is refused when it is proposed", () => {
    const run = upgraded();
    const propose = (bytes: number) => {
      const all = items(bytes);
      const [resources, actions, labels] = [0, 64, 128].map((from) => all.slice(from, from + 64));
      const scope = { resources, actions, labels };
      const value = { subjectKind: SubjectKind.ADDRESS, stage: Stage.SUSPEND, ttlMs: 3_600_000n };
      const wish = { case: "revoke", value: { ...value, scope } };
      const { id, envelope, part } = kit.propose(olga, MALLORY, run.nowMs, { wish, epoch: 2 });
      const asked = run.command(envelope, [part]);
      if (typeof asked !== "number") return asked;
      for (const by of [ada, sam]) run.command(kit.approve(by, id, run.nowMs));
      return Math.max(...run.records("control").map(({ entry }) => entry.length));
    };
    expect(propose(82_000)).toBeLessThan(LIMITS.entryBytesMax);
    // Its proposal would be an entry of its own, and its verdict none that anybody can read.
    expect(propose(99_000)).toBe("too-large");
  });
});
