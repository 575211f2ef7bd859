// Rollouts in a real control machine, with a second reader that re-derives every entry: each step
// with what brings it about and what just does not.

import { isReject, RolloutStep } from "@ostraka/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MeshKit, Person } from "../../testkit/mesh-kit.ts";
import { testMesh } from "../../testkit/node-crypto.ts";
import { RolloutRun } from "../../testkit/rollout-run.ts";
import { isInCanary } from "./index.ts";

const kit: MeshKit = testMesh("rollout", { coordinators: 3, hosts: 4 });
const [pia] = kit.authors as [Person, Person];
const [first, second] = kit.coordinators as [Person, Person, Person];
const READY = { hosts: 10, ready: 9 };

function prepared(fields: object = {}): RolloutRun {
  const run = new RolloutRun(kit);
  run.publish("second");
  expect(run.rollOut(fields)).toBeTypeOf("number");
  return run;
}

/** A rollout whose canary has begun. */
function inCanary(fields: object = {}): RolloutRun {
  const run = prepared(fields);
  run.report(READY);
  run.tick();
  expect(run.step).toBe(RolloutStep.CANARY);
  return run;
}

function lastChange(run: RolloutRun) {
  const effects = run.run.entries("control").map((entry) => entry.effect);
  const changes = effects.flatMap((e) => (e.case === "rolloutChange" ? [e.value] : []));
  return changes.at(-1);
}

describe("an order", () => {
  test.each([
    ["as it should be", {}, undefined],
    ["of an epoch that was not published", { epoch: 3 }, "unknown-epoch"],
    ["of the epoch that is active", { epoch: 1 }, "unknown-epoch"],
    ["of other bytes", { policyHash: new Uint8Array(32) }, "unknown-epoch"],
    ["that asks for nobody to be ready", { readyPermille: 0 }, "malformed"],
    ["that asks for more than all", { readyPermille: 1_001 }, "malformed"],
    ["with two ways to choose the canary", { canaryLabels: ["a=b"] }, "malformed"],
    ["with a canary that lasts no time", { bakeMs: 0n }, "malformed"],
    [
      "with a dry run and nobody to run it",
      { canaryPermille: 0, bakeMs: 0n, isDryRun: true },
      "malformed",
    ],
    ["that watches for more than a week", { watchMs: 604_800_001n }, "malformed"],
    ["of another format", { format: 2 }, "unsupported-format"],
    ["that has lapsed", { notAfterMs: 1n }, "expired"],
  ])("%s", (_, fields, code) => {
    const run = new RolloutRun(kit);
    run.publish("second");
    const taken = run.run.command(run.order(fields));
    if (code === undefined) expect(taken).toBeTypeOf("number");
    else expect(taken).toBe(code);
  });

  test("of one author is short of the threshold, of an operator nobody's", () => {
    const run = new RolloutRun(kit);
    run.publish("second");
    expect(run.run.command(run.order({}, [pia]))).toBe("threshold-short");
    expect(run.run.command(run.order({}, kit.operators))).toBe("unknown-key");
  });

  test("is refused while another one runs, and taken after it", () => {
    const run = prepared();
    run.publish("third");
    expect(run.rollOut()).toBe("rollout-running");
    run.tick(60_000);
    expect(lastChange(run)).toMatchObject({ step: RolloutStep.ROLLED_BACK, why: "not-prepared" });
    expect(run.rollOut()).toBeTypeOf("number");
  });
});

describe("preparing", () => {
  test.each([
    [{ hosts: 10, ready: 9 }, RolloutStep.CANARY],
    [{ hosts: 10, ready: 8 }, RolloutStep.PREPARE],
    [{ hosts: 0, ready: 0 }, RolloutStep.PREPARE],
  ])("at 900 of a thousand, %j: step %s", (fields, step) => {
    const run = prepared();
    run.report(fields);
    run.tick();
    expect(run.step).toBe(step);
  });

  test("takes a majority's word, never one coordinator's", () => {
    const run = prepared();
    run.report(READY, [first]);
    run.tick();
    expect(run.step).toBe(RolloutStep.PREPARE);
    run.report({ hosts: 10, ready: 0 }, [second]);
    run.tick();
    expect(run.step).toBe(RolloutStep.PREPARE);
    run.report(READY, [second]);
    run.tick();
    expect(run.step).toBe(RolloutStep.CANARY);
  });

  test("that is not done in time ends, and nothing has changed", () => {
    const run = prepared();
    run.tick(59_000);
    expect(run.step).toBe(RolloutStep.PREPARE);
    run.tick(1_000);
    expect(run.step).toBeUndefined();
    expect(run.mesh.view.epoch).toBe(1);
    expect(run.mesh.policies.newestEpoch).toBe(2);
  });

  test("without a canary goes on to the activation", () => {
    const run = prepared({ canaryPermille: 0, bakeMs: 0n });
    run.report(READY);
    run.tick();
    expect(run.step).toBe(RolloutStep.ACTIVE);
    expect(run.mesh.view.epoch).toBe(2);
  });
});

describe("a canary", () => {
  const hostsOf = (run: RolloutRun) => [...run.mesh.view.hosts()];

  test("is as many hosts as the share says, the same ones for everybody", () => {
    const run = inCanary({ canaryPermille: 500 });
    const canary = run.mesh.rollouts.canaryAt(run.mesh.controlIndex);
    if (canary === undefined) throw new Error("no canary");
    const inside = hostsOf(run).filter((host) => isInCanary(kit.crypto, canary, host));
    for (const host of hostsOf(run)) {
      const epoch = inside.includes(host) ? 2 : 1;
      expect(run.mesh.view.epochFor(host)).toBe(epoch);
      expect(run.edge.epochOf(host.key)).toBe(epoch);
    }
    const all = { ...canary, permille: 1_000 };
    expect(hostsOf(run).every((host) => isInCanary(kit.crypto, all, host))).toBe(true);
  });

  test("by labels is the hosts with all of them", () => {
    const run = inCanary({ canaryPermille: 0, canaryLabels: ["tier=edge"] });
    const [host] = hostsOf(run);
    if (host === undefined) throw new Error("no host");
    expect(run.mesh.view.epochFor(host)).toBe(1);
    expect(run.mesh.view.epochFor({ ...host, labels: ["a=b", "tier=edge"] })).toBe(2);
  });

  test("in a dry run judges by a policy that only shows", () => {
    const run = inCanary({ isDryRun: true });
    expect(run.mesh.view.policyOf(2)?.isDryRun).toBe(true);
    expect(run.mesh.view.policyOf(2)).toBe(run.mesh.view.policyOf(2));
    run.tick(10_000);
    expect(run.step).toBe(RolloutStep.ACTIVE);
    expect(run.mesh.view.policyOf(2)?.isDryRun).toBeUndefined();
  });

  test("bakes for its time, then the epoch is active for all", () => {
    const run = inCanary();
    const sinceMs = run.mesh.rollouts.running?.sinceMs ?? 0;
    run.tick(sinceMs + 9_999 - run.run.nowMs);
    expect(run.step).toBe(RolloutStep.CANARY);
    expect(run.mesh.view.epoch).toBe(1);
    run.tick(1);
    expect(run.step).toBe(RolloutStep.ACTIVE);
    expect(run.mesh.view.epoch).toBe(2);
    run.tick(10_000);
    expect(run.step).toBeUndefined();
    expect(lastChange(run)).toMatchObject({ step: RolloutStep.DONE });
    expect(run.refused).toEqual([]);
  });
});

describe("guardrails", () => {
  const ready = { ...READY };
  test.each([
    ["revocations", { revocations: 6 }, { revocations: 5 }],
    ["lifts", { lifts: 3 }, { lifts: 2 }],
    ["errors", { errors: 11 }, { errors: 10 }],
  ])("%s: one more than allowed rolls back, as many as allowed do not", (why, over, at) => {
    const run = inCanary();
    run.report({ ...ready, ...at });
    run.tick();
    expect(run.step).toBe(RolloutStep.CANARY);
    run.report({ ...ready, ...over });
    run.tick();
    expect(run.step).toBeUndefined();
    expect(lastChange(run)).toMatchObject({ step: RolloutStep.ROLLED_BACK, why, restoredEpoch: 3 });
  });

  test("count only errors that came after the first host acted under the epoch", () => {
    const run = prepared();
    run.report({ ...ready, errors: 100 });
    run.tick();
    run.report({ ...ready, errors: 110 });
    run.tick();
    expect(run.step).toBe(RolloutStep.CANARY);
    run.report({ ...ready, errors: 111 });
    run.tick();
    expect(run.step).toBeUndefined();
  });

  test("one coordinator alone crosses none", () => {
    const run = inCanary();
    run.report({ ...ready, revocations: 100 }, [first]);
    run.tick();
    expect(run.step).toBe(RolloutStep.CANARY);
  });

  test("bring the old content back as a newer epoch, also after the activation", () => {
    const run = inCanary();
    run.tick(10_000);
    run.report({ ...ready, revocations: 6 });
    run.tick();
    const { view } = run.mesh;
    expect(view.epoch).toBe(3);
    expect(view.policyOf(3)).toEqual({ ...view.policyOf(1), epoch: 3 });
    expect(view.policyOf(2)?.name).toBe("second");
    expect(run.edge.view.epoch).toBe(3);
    // What the mesh has turned its back on counts no more, at once.
    const [host] = view.hosts();
    if (host === undefined) throw new Error("no host");
    expect(view.epochsOf(host, run.run.nowMs)).toEqual([3]);
  });

  test("that are nought watch nothing", () => {
    const run = inCanary({ guardrails: {} });
    run.report({ ...ready, revocations: 1_000, lifts: 1_000, errors: 1_000 });
    run.tick();
    expect(run.step).toBe(RolloutStep.CANARY);
  });

  test("watch no longer than they were told to", () => {
    const run = inCanary();
    run.tick(10_000);
    run.tick(10_000);
    run.report({ ...ready, revocations: 1_000 }, kit.coordinators, 2);
    run.tick();
    expect(run.mesh.view.epoch).toBe(2);
  });
});

describe("epochs (I6)", () => {
  test("a direct activation overtakes a rollout, and none below its epoch is taken", () => {
    const run = new RolloutRun(kit);
    run.publish("second");
    run.publish("third");
    run.rollOut();
    const yaml = (epoch: number) => run.mesh.policies.documentOf(epoch)?.yaml as Uint8Array;
    const activate = (epoch: number) =>
      run.run.command(
        kit.policy(epoch, run.run.nowMs, Buffer.from(yaml(epoch)).toString()).activation,
      );
    expect(activate(2)).toBe("epoch-not-next");
    expect(run.step).toBe(RolloutStep.PREPARE);
    expect(activate(3)).toBeTypeOf("number");
    expect(run.step).toBeUndefined();
    run.follow();
    expect(run.edge.view.epoch).toBe(3);
  });

  test("a window of the last epoch may close for its own length, then no more", () => {
    const run = inCanary();
    run.tick(10_000);
    const { view } = run.mesh;
    const [host] = view.hosts();
    if (host === undefined) throw new Error("no host");
    const windowMs = 600_000;
    expect(view.epochsOf(host, run.run.nowMs + windowMs)).toEqual([2, 1]);
    expect(view.epochsOf(host, run.run.nowMs + windowMs + 1)).toEqual([2]);
  });

  test("a step that nobody took is refused by who re-derives it", () => {
    const run = inCanary();
    run.tick(10_000);
    const entries = run.run.entries("control");
    const entry = entries.at(-1);
    if (entry?.effect.case !== "rolloutChange") throw new Error("no change");
    const fresh = new RolloutRun(kit);
    // Before any rollout, out of turn, or in other words.
    expect(fresh.edge.faultOf(entry, [])).toEqual({ reject: "no-rollout" });
    const early = inCanary();
    const before = { ...entry, machineTimeMs: entry.machineTimeMs - 10_000n };
    expect(early.edge.faultOf(before, [])).toEqual({ reject: "no-rollout" });
    expect(early.edge.faultOf(entry, [])).toBeUndefined();
    const forged = {
      ...entry,
      effect: {
        case: "rolloutChange" as const,
        value: { ...entry.effect.value, restoredEpoch: 9 },
      },
    };
    expect(isReject(early.edge.faultOf(forged, []))).toBe(true);
  });

  test("under any history no host goes back, no epoch names two policies, both readers agree", () => {
    const acts = fc.oneof(
      fc.record({ act: fc.constant("tick" as const), ms: fc.integer({ min: 500, max: 15_000 }) }),
      fc.record({ act: fc.constant("publish" as const) }),
      fc.record({
        act: fc.constant("rollout" as const),
        canaryPermille: fc.constantFrom(0, 300, 700),
        isDryRun: fc.boolean(),
      }),
      fc.record({
        act: fc.constant("report" as const),
        ready: fc.integer({ min: 7, max: 10 }),
        revocations: fc.constantFrom(0, 0, 6),
      }),
      fc.record({ act: fc.constant("activate" as const), back: fc.integer({ min: 0, max: 2 }) }),
    );
    const small = testMesh("rollout-any", { coordinators: 1, hosts: 3 });
    fc.assert(
      fc.property(fc.array(acts, { minLength: 5, maxLength: 25 }), (history) => {
        const run = new RolloutRun(small);
        const named = new Map<number, string>();
        for (const step of history) {
          const { policies } = run.mesh;
          if (step.act === "tick") run.tick(step.ms);
          if (step.act === "publish") run.publish(`p${policies.nextEpoch}`);
          if (step.act === "rollout") {
            const { canaryPermille } = step;
            const isDryRun = step.isDryRun && canaryPermille > 0;
            run.rollOut({ canaryPermille, isDryRun, bakeMs: canaryPermille > 0 ? 3_000n : 0n });
          }
          if (step.act === "report") run.report(step);
          if (step.act === "activate") {
            const epoch = policies.newestEpoch - step.back;
            const yaml = policies.documentOf(epoch)?.yaml;
            if (yaml === undefined) continue;
            const text = Buffer.from(yaml).toString();
            run.run.command(small.policy(epoch, run.run.nowMs, text).activation);
          }
          run.follow();
          for (let epoch = 1; epoch <= policies.newestEpoch; epoch++) {
            const name = policies.documentOf(epoch)?.policy.name ?? "";
            expect(named.get(epoch) ?? name).toBe(name);
            named.set(epoch, name);
          }
        }
        expect(run.refused).toEqual([]);
        for (const epochs of run.acted.values()) {
          expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
        }
        expect(run.edge.view.epoch).toBe(run.mesh.view.epoch);
      }),
      { seed: 6, numRuns: 60 },
    );
  });
});
