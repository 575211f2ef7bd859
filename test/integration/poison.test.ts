// A coordinator process whose machine fails at one message: dies, dies again, then starts and
// passes over it by its own word, where it is the only coordinator. A supervisor is played by the
// test.

import { decode, type Entry, EntrySchema, Ledger, LIMITS } from "@ostraka/proto";
import { afterEach, describe, expect, test } from "vitest";
import { eventually, MeshFixture, submitOk, type TestCoordinator } from "./mesh-fixture.ts";
import { natsVersion } from "./nats-server.ts";

const STARTS_MAX = 6;

describe.skipIf(natsVersion() === undefined)("a failing machine (needs nats-server)", () => {
  let mesh: MeshFixture;
  afterEach(async () => {
    await mesh[Symbol.asyncDispose]();
  });

  async function entries(one: TestCoordinator): Promise<Entry[]> {
    const ledger = Ledger.CONTROL;
    const { records } = await one.admin.ledger.listEntries({ ledger, pageSize: 500 });
    return records.map(({ entry }) => decode(EntrySchema, entry, LIMITS.entryBytesMax) as Entry);
  }

  async function positionOf(one: TestCoordinator): Promise<number> {
    const { journals } = await one.admin.journal.getStatus({});
    const control = journals.find(({ ledger }) => ledger === Ledger.CONTROL);
    return Number(control?.position);
  }

  async function effects(one: TestCoordinator): Promise<(string | undefined)[]> {
    return (await entries(one)).map(({ effect }) => effect.case);
  }

  test("ends its process twice, is then not asked again, and the entry says so", async () => {
    mesh = await MeshFixture.make();
    const first = await mesh.startCoordinator();
    const [policy, activation] = mesh.commands.policy();
    await submitOk(first.admin, policy);
    await eventually(async () => (await effects(first)).includes("version"), "version 2");
    const at = (await positionOf(first)) + 3;
    await first.end("SIGTERM");
    const env = { OSTRAKA_ASSERT_AT: `c:${at}` };
    let deaths = 0;
    let last: TestCoordinator | undefined;
    for (let n = 0; n < STARTS_MAX && last === undefined; n++) {
      const one = await mesh.startCoordinator("coordinator-1", env).catch(() => undefined);
      const hasPassed = async () =>
        one?.child.exitCode !== null || (await positionOf(one).catch(() => 0)) > at;
      await eventually(hasPassed, "it is over or past the message");
      if (one === undefined || one.child.exitCode !== null) deaths++;
      else last = one;
    }
    expect(deaths).toBe(2);
    const survivor = last as TestCoordinator;
    await eventually(async () => (await effects(survivor)).includes("poison"), "it is entered");
    const poison = (await entries(survivor)).find(({ effect }) => effect.case === "poison");
    expect(Number(poison?.position)).toBe(at);
    await submitOk(survivor.admin, activation);
    // Another start asks the machine for nothing that it has passed over.
    await survivor.end("SIGKILL");
    const again = await mesh.startCoordinator("coordinator-1", env);
    await eventually(async () => (await positionOf(again)) > at, "it stands past the message");
    expect(again.child.exitCode).toBeNull();
  });
});
