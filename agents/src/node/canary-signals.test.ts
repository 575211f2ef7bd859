// Signals while a rollout runs, in the real machines: under which epochs a host's signals count,
// never two together (I6), what a dry run makes of a warrant, and that a sidecar re-derives each
// verdict.

import { isReject, parseSubject, RolloutStep, type SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import type { HostPerson } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { RolloutRun } from "../../testkit/rollout-run.ts";
import { checkVerdict } from "./verdict-check.ts";

const kit = testMesh("canary-signals", { hosts: 4 });
const [h1, h2, h3] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson, HostPerson];
const MALLORY = parseSubject("address:203.0.113.7") as SubjectText;

/** A rollout whose canary is every host. */
function inCanary(fields: object = {}): RolloutRun {
  const run = new RolloutRun(kit);
  run.publish("second");
  run.rollOut({ canaryPermille: 1_000, isDryRun: true, guardrails: {}, ...fields });
  run.report({ hosts: 10, ready: 10 });
  run.tick();
  expect(run.step).toBe(RolloutStep.CANARY);
  run.run.import();
  return run;
}

/** A host speaks of the subject under an epoch: reject codes, if any. */
function speak(run: RolloutRun, host: HostPerson, epoch: number): string[] {
  const now = BigInt(run.run.nowMs);
  const fields = { epoch, timeMs: now, evidenceFromMs: now };
  const batch = kit.batch(host, kit.random(16), 0, [{ subject: MALLORY, fields }]);
  return run.run.batch(batch).rejects.map(({ code }) => code);
}

function revocations(run: RolloutRun) {
  return run.run
    .entries("signals")
    .flatMap(({ effect }) => (effect.case === "revocation" ? [effect.value] : []));
}

/** What a sidecar makes of the newest entry of the signals ledger. */
function recheck(run: RolloutRun) {
  const entry = run.run.entries("signals").at(-1);
  const record = run.run.records("signals").at(-1);
  if (entry === undefined || record === undefined) throw new Error("no entry");
  return checkVerdict(nodeCrypto, run.edge, entry, record.privates);
}

describe("in a canary", () => {
  test("a dry run decides, records and enforces nothing; a sidecar finds the same", () => {
    const run = inCanary();
    expect([...speak(run, h1, 2), ...speak(run, h2, 2)]).toEqual([]);
    expect(revocations(run)).toMatchObject([{ epoch: 2, isDryRun: true }]);
    expect(recheck(run)).toMatchObject({ kind: "revocation", subject: MALLORY });
  });

  test("that is no dry run it is a revocation like any other", () => {
    const run = inCanary({ isDryRun: false });
    speak(run, h1, 2);
    speak(run, h2, 2);
    expect(revocations(run)).toMatchObject([{ epoch: 2, isDryRun: false }]);
  });

  test("one signal of each epoch makes nothing: epochs never mix", () => {
    const run = inCanary();
    expect([...speak(run, h1, 1), ...speak(run, h2, 2)]).toEqual([]);
    expect(revocations(run)).toEqual([]);
    // The second one of the old epoch completes the old rule, and only the old one.
    expect(speak(run, h3, 1)).toEqual([]);
    expect(revocations(run)).toMatchObject([{ epoch: 1, isDryRun: false, hostCount: 2 }]);
    expect(recheck(run)).toMatchObject({ kind: "revocation" });
  });

  test("a host outside it does not count under the new epoch, nor does a sidecar take it so", () => {
    const run = inCanary({ canaryPermille: 0, canaryLabels: ["tier=edge"] });
    expect(speak(run, h1, 2)).toEqual(["wrong-epoch"]);
    expect(speak(run, h1, 1)).toEqual([]);
    const whole = inCanary();
    speak(whole, h1, 2);
    speak(whole, h2, 2);
    const entry = whole.run.entries("signals").at(-1);
    const privates = whole.run.records("signals").at(-1)?.privates ?? [];
    if (entry === undefined) throw new Error("no entry");
    const judged = checkVerdict(nodeCrypto, run.edge, entry, privates);
    expect(judged !== undefined && isReject(judged)).toBe(true);
  });
});

describe("around an activation", () => {
  test("a window that was opened before it may complete after it, for its own length", () => {
    const run = inCanary();
    expect(speak(run, h1, 1)).toEqual([]);
    run.tick(10_000);
    expect(run.step).toBe(RolloutStep.ACTIVE);
    run.run.import();
    expect(speak(run, h2, 1)).toEqual([]);
    expect(revocations(run)).toMatchObject([{ epoch: 1 }]);
    expect(recheck(run)).toMatchObject({ kind: "revocation" });
    run.tick(600_000 + 1_000);
    run.run.import();
    expect(speak(run, h3, 1)).toEqual(["wrong-epoch"]);
  });

  test("what was rolled back counts no more, and what is restored counts", () => {
    const run = inCanary({ guardrails: { revocationsMax: 1 } });
    expect(speak(run, h1, 2)).toEqual([]);
    run.report({ hosts: 10, ready: 10, revocations: 2 });
    run.tick();
    run.run.import();
    expect(speak(run, h2, 2)).toEqual(["wrong-epoch"]);
    expect([...speak(run, h2, 3), ...speak(run, h3, 3)]).toEqual([]);
    expect(revocations(run)).toMatchObject([{ epoch: 3, isDryRun: false }]);
  });
});
