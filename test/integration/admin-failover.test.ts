// Three coordinators, of which one dies or hangs: reads go on, a watch goes on without gap or
// repeat, a read that names an index is answered by who has it, and who is away is named.

import type { AdminClient } from "@ostraka/coordinator";
import {
  addressSubject,
  type Bytes,
  decode,
  EntrySchema,
  hex,
  Ledger,
  LIMITS,
  type SubjectText,
} from "@ostraka/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type AskedCoordinator,
  askCoordinators,
  furthestOf,
  stateOf,
  troublesOf,
} from "../../coordinator/cli/src/ask-coordinators.ts";
import { eventually, MeshFixture, submitOk, type TestCoordinator } from "./mesh-fixture.ts";
import { natsVersion } from "./nats-server.ts";

const NAMES = ["coordinator-1", "coordinator-2", "coordinator-3"] as const;

describe.skipIf(natsVersion() === undefined)("three coordinators (need nats-server)", () => {
  let mesh: MeshFixture;
  const running = new Map<string, TestCoordinator>();
  let client: AdminClient;
  let count = 0;

  beforeAll(async () => {
    mesh = await MeshFixture.make({ coordinators: 3 });
    await Promise.all(
      NAMES.map(async (name) => {
        running.set(name, await mesh.startCoordinator(name));
      }),
    );
    client = await mesh.connect(addresses());
    for (const command of mesh.commands.policy()) await submitOk(client, command);
  }, 60_000);
  afterAll(async () => {
    client?.close();
    await mesh[Symbol.asyncDispose]();
  });

  function addresses(): string[] {
    return NAMES.map((name) => running.get(name)?.api ?? "127.0.0.1:1");
  }

  /** Every coordinator asked by itself, as the command line asks. */
  async function ask(): Promise<AskedCoordinator[]> {
    const coordinators = NAMES.map((name) => ({
      name,
      api: running.get(name)?.api ?? "127.0.0.1:1",
      join: "",
    }));
    return await askCoordinators({ client, file: { coordinators, nats: [], sidecars: 0 } });
  }

  async function revoke(): Promise<{ id: Bytes; index: bigint }> {
    const asked = mesh.commands.revoke(addressSubject(`203.0.113.${++count}`) as SubjectText);
    await submitOk(client, asked.envelope, [asked.part]);
    await submitOk(client, mesh.commands.approval(asked.id, "ada"));
    const done = await submitOk(client, mesh.commands.approval(asked.id, "sam"));
    return { id: Uint8Array.from(done.verdictId), index: done.index + 1n };
  }

  async function restart(name: string): Promise<void> {
    running.set(name, await mesh.startCoordinator(name));
    client.close();
    client = await mesh.connect(addresses());
  }

  test("with all three up, each is well", async () => {
    await eventually(async () => {
      const asked = await ask();
      return asked.every(({ name }) => stateOf(name, troublesOf(asked)) === "well");
    }, "all are well");
    const list = async () => (await client.mesh.listCoordinators({})).coordinators;
    // A head of each ledger comes with the next ticks.
    const isHeard = async () => (await list()).every(({ heads }) => heads.length === 2);
    await eventually(isHeard, "each has signed a head of both ledgers");
    const coordinators = await list();
    expect(coordinators.map(({ name }) => name).sort()).toEqual([...NAMES]);
    expect(coordinators.filter(({ isSelf }) => isSelf)).toHaveLength(1);
    for (const { tickedMs, isDissenting } of coordinators) {
      expect([tickedMs > 0n, isDissenting]).toEqual([true, false]);
    }
  });

  test("a read that names an index is answered with it by every replica", async () => {
    const { id, index } = await revoke();
    for (const api of addresses()) {
      const read = { id, minIndex: { control: index, signals: 0n } };
      const { verdict } = await client.only(api).verdict.get(read);
      expect(verdict?.index).toBe(index);
    }
  });

  test("a token of one replica's page leads on at another", async () => {
    const made = [await revoke(), await revoke()];
    const minIndex = { control: made[1]?.index ?? 0n, signals: 0n };
    const [first, second] = addresses() as [string, string];
    const one = await client.only(first).verdict.list({ pageSize: 1, minIndex });
    const rest = await client.only(second).verdict.list({ pageToken: one.nextPageToken, minIndex });
    const ids = [...one.verdicts, ...rest.verdicts].map(({ id }) => hex(id));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.slice(-2)).toEqual(made.map(({ id }) => hex(id)));
  });

  test("a watch whose coordinator is killed goes on elsewhere without gap or repeat", async () => {
    const indices: bigint[] = [];
    const watching = await mesh.connect(addresses());
    const stop = new AbortController();
    const reading = (async () => {
      const options = { signal: stop.signal };
      for await (const { item } of watching.ledger.watchEntries({ ledger: 1 }, options)) {
        if (item.case !== "record") continue;
        const entry = decode(EntrySchema, item.value.entry, LIMITS.entryBytesMax);
        indices.push(entry?.index ?? 0n);
      }
    })();
    const before = await revoke();
    await eventually(async () => indices.includes(before.index), "the watch has come so far");
    await running.get("coordinator-1")?.end("SIGKILL");
    running.delete("coordinator-1");
    const after = await revoke();
    await eventually(async () => indices.includes(after.index), "the watch goes on");
    stop.abort();
    await reading;
    watching.close();
    expect(indices).toEqual(indices.map((_, i) => BigInt(i + 1)));
  }, 60_000);

  test("who is away is named though the other two decide on", async () => {
    const asked = await ask();
    const troubles = troublesOf(asked);
    expect(troubles.map(({ name, state }) => [name, state])).toEqual([["coordinator-1", "away"]]);
    expect(troubles[0]?.sentence).toMatch(/coordinator-1 at .* does not answer: start it/);
    expect(furthestOf(asked).coordinator).toMatch(/coordinator-[23]/);
    await revoke();
    await restart("coordinator-1");
    await eventually(async () => troublesOf(await ask()).length === 0, "all are well again");
  }, 60_000);

  test("a coordinator that hangs keeps no reader waiting for long", async () => {
    const hung = running.get("coordinator-2") as TestCoordinator;
    const first = [hung.api, ...addresses().filter((api) => api !== hung.api)];
    const watcher = await mesh.connect(first);
    const watching = watcher.ledger.watchEntries({ ledger: 1 })[Symbol.asyncIterator]();
    await watching.next();
    hung.child.kill("SIGSTOP");
    try {
      const reader = await mesh.connect(first);
      const read = await reader.ledger.getSealedHead({ ledger: Ledger.CONTROL });
      expect(read.head).toBeDefined();
      reader.close();
      const troubles = troublesOf(await ask());
      expect(stateOf("coordinator-2", troubles)).toBe("away");
      // The watch that it had finds out by itself.
      const { index } = await revoke();
      for (let at = 0n; at < index; ) at = (await watching.next()).value?.at?.control ?? 0n;
      await watching.return?.();
      watcher.close();
    } finally {
      hung.child.kill("SIGCONT");
    }
    await eventually(async () => troublesOf(await ask()).length === 0, "it has caught up");
  }, 60_000);
});
