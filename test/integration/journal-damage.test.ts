// A journal's stream in a real NATS server, damaged in every way that a broker can: what is
// noticed, how soon and in which words, and how deciding goes on in the next generation.

import { cpSync, rmSync } from "node:fs";
import { inboxPrefix } from "@ostraka/host";
import {
  addressSubject,
  channelsOf,
  decode,
  type Entry,
  EntrySchema,
  encodeNew,
  Ledger,
  LIMITS,
  RepairOrderSchema,
  type SubjectText,
  signEnvelope,
} from "@ostraka/proto";
import { type JournalStatus, Outcome } from "@ostraka/proto/gen/admin";
import { connect, credsAuthenticator, type NatsConnection } from "nats";
import { afterEach, describe, expect, test } from "vitest";
import { eventually, MeshFixture, submitOk, type TestCoordinator } from "./mesh-fixture.ts";
import { natsVersion } from "./nats-server.ts";

const SUBJECT = addressSubject("203.0.113.7") as SubjectText;
const HOUR_MS = 3_600_000;

describe.skipIf(natsVersion() === undefined)("a damaged journal (needs nats-server)", () => {
  let mesh: MeshFixture;
  let nats: NatsConnection | undefined;
  afterEach(async () => {
    await nats?.close();
    nats = undefined;
    await mesh[Symbol.asyncDispose]();
  });

  /** Somebody with a coordinator's rights at the broker, and bad intentions. */
  async function intruder(): Promise<NatsConnection> {
    nats = await connect({
      servers: mesh.nats.url,
      authenticator: credsAuthenticator(Buffer.from(mesh.natsCreds())),
      inboxPrefix: inboxPrefix(mesh.signer("coordinator-1").publicKey),
    });
    return nats;
  }

  function stream(generation = 1): string {
    return channelsOf(mesh.genesis.mesh).stream(Ledger.CONTROL, generation);
  }

  async function journal(one: TestCoordinator): Promise<JournalStatus> {
    const { journals } = await one.admin.journal.getStatus({});
    return journals.find(({ ledger }) => ledger === Ledger.CONTROL) as JournalStatus;
  }

  async function damaged(one: TestCoordinator, words: RegExp): Promise<void> {
    await eventually(async () => words.test((await journal(one)).damage), `it says ${words}`);
  }

  /** One that has entered what a new mesh enters by itself. */
  async function start(name = "coordinator-1"): Promise<TestCoordinator> {
    const one = await mesh.startCoordinator(name);
    await eventually(async () => (await entries(one)).includes("version"), "version 2 is entered");
    return one;
  }

  async function entries(one: TestCoordinator): Promise<(string | undefined)[]> {
    const ledger = Ledger.CONTROL;
    const { records } = await one.admin.ledger.listEntries({ ledger, pageSize: 500 });
    return records
      .map(({ entry }) => decode(EntrySchema, entry, LIMITS.entryBytesMax) as Entry)
      .map(({ effect }) => effect.case)
      .filter((effect) => effect !== "refusals");
  }

  function order(generation: number) {
    const nowMs = Date.now();
    const body = encodeNew(RepairOrderSchema, {
      format: 1,
      ledger: Ledger.CONTROL,
      generation,
      createdMs: BigInt(nowMs),
      notAfterMs: BigInt(nowMs + HOUR_MS),
    });
    return signEnvelope(mesh.genesis.mesh, "repair", body, mesh.signer("olga"));
  }

  async function repaired(all: readonly TestCoordinator[], generation: number): Promise<void> {
    for (const one of all) {
      const answer = await one.admin.journal.submitRepair({ order: order(generation) });
      expect([answer.outcome, answer.code]).toEqual([Outcome.OK, ""]);
    }
    for (const one of all) {
      await eventually(async () => {
        const { generation: now, damage } = await journal(one);
        return now === generation && damage === "";
      }, `generation ${generation} is open`);
    }
  }

  test("deleted: noticed at a tick, repaired from the own copy, and nothing OK is lost", async () => {
    mesh = await MeshFixture.make();
    const one = await start();
    const [policy, activation] = mesh.commands.policy();
    await submitOk(one.admin, policy);
    await (await (await intruder()).jetstreamManager()).streams.delete(stream());
    await damaged(one, /journal ends at c:0/);
    const { notes } = await one.admin.mesh.getStatus({});
    expect(notes.join("\n")).toContain("ostraka journal repair --ledger control");
    await repaired([one], 2);
    await submitOk(one.admin, activation);
    expect(await entries(one)).toEqual(["genesis", "version", "policy", "opening", "activation"]);
    // It starts again in its generation, as from any other.
    await one.end("SIGKILL");
    const again = await mesh.startCoordinator();
    const asked = mesh.commands.revoke(SUBJECT);
    await submitOk(again.admin, asked.envelope, [asked.part]);
    expect((await journal(again)).generation).toBe(2);
  });

  test("brought back from an old copy: noticed at once, and the old stream is kept", async () => {
    mesh = await MeshFixture.make();
    const one = await start();
    const [policy, activation] = mesh.commands.policy();
    await mesh.nats.kill();
    cpSync(mesh.nats.storeDir, `${mesh.dir}/old`, { recursive: true });
    await mesh.nats.start();
    await submitOk(one.admin, policy);
    await submitOk(one.admin, activation);
    await mesh.nats.kill();
    rmSync(mesh.nats.storeDir, { recursive: true });
    cpSync(`${mesh.dir}/old`, mesh.nats.storeDir, { recursive: true });
    await mesh.nats.start();
    await damaged(one, /journal ends at c:\d+, we applied/);
    await repaired([one], 2);
    const asked = mesh.commands.revoke(SUBJECT);
    await submitOk(one.admin, asked.envelope, [asked.part]);
    expect((await entries(one)).slice(-3)).toEqual(["activation", "opening", "proposal"]);
    const manager = await (await intruder()).jetstreamManager();
    const retired = channelsOf(mesh.genesis.mesh).retired(Ledger.CONTROL, 1);
    expect((await manager.streams.info(stream())).config.subjects).toEqual([retired]);
  });

  test("made anew and grown past ours with other messages: noticed at a tick", async () => {
    mesh = await MeshFixture.make();
    const one = await start();
    await submitOk(one.admin, mesh.commands.policy()[0]);
    const client = await intruder();
    const { streams } = await client.jetstreamManager();
    const { config, state } = await streams.info(stream());
    await streams.delete(stream());
    await streams.add(config);
    const channel = channelsOf(mesh.genesis.mesh).journal(Ledger.CONTROL, new Uint8Array(32));
    for (let n = 0; n < state.last_seq + 20; n++) client.publish(channel, Uint8Array.of(n));
    await client.flush();
    await damaged(one, /message c:\d+ is not the one we applied|journal ends at/);
    await repaired([one], 2);
  });

  test.each([
    ["altered", /message c:3 in the stream is not the one we applied/],
    ["missing", /message c:3 is gone from the stream/],
  ])("%s inside: found by the scrub, named by position", async (how, words) => {
    mesh = await MeshFixture.make();
    const one = await start();
    await submitOk(one.admin, mesh.commands.policy()[0]);
    const client = await intruder();
    const { streams } = await client.jetstreamManager();
    const { config } = await streams.info(stream());
    // The very same messages at the very same places, but for one.
    const last = (await streams.info(stream())).state.last_seq;
    const messages = [];
    for (let seq = 1; seq <= last; seq++)
      messages.push(await streams.getMessage(stream(), { seq }));
    await streams.delete(stream());
    await streams.add({ ...config, deny_delete: false });
    for (const { seq, subject, data } of messages) {
      client.publish(subject, seq === 3 && how === "altered" ? Uint8Array.of(3) : data);
    }
    await client.flush();
    if (how === "missing") await streams.deleteMessage(stream(), 3);
    await streams.update(stream(), { deny_delete: true });
    await damaged(one, words);
    const status = await journal(one);
    expect(status.position).toBeGreaterThan(3n);
  });

  test("three coordinators go on together, also one that was away meanwhile", async () => {
    mesh = await MeshFixture.make({ coordinators: 3 });
    const names = ["coordinator-1", "coordinator-2", "coordinator-3"] as const;
    const all = await Promise.all(names.map((name) => start(name)));
    const [one, two, three] = all as [TestCoordinator, TestCoordinator, TestCoordinator];
    const [policy, activation] = mesh.commands.policy();
    await submitOk(one.admin, policy);
    await three.end("SIGKILL");
    await submitOk(one.admin, activation);
    await mesh.nats.kill();
    mesh.nats.wipe();
    await mesh.nats.start();
    await damaged(one, /journal ends at c:0/);
    await damaged(two, /journal ends at c:0/);
    await repaired([one, two], 2);
    const asked = mesh.commands.revoke(SUBJECT);
    await submitOk(two.admin, asked.envelope, [asked.part]);
    const back = await mesh.startCoordinator("coordinator-3");
    await eventually(async () => {
      const { generation, damage } = await journal(back);
      return generation === 2 && damage === "" && (await entries(back)).includes("proposal");
    }, "the third one follows");
    expect(await entries(back)).toEqual(await entries(one));
  });
});
