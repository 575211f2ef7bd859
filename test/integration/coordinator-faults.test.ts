// What survives at a coordinator: a kill between commit and publishing, NATS killed and back, a
// journal that was deleted, a parent that is gone.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PHASES } from "@ostraka/agents/node";
import { inboxPrefix } from "@ostraka/host";
import {
  addressSubject,
  channelsOf,
  decode,
  type Entry,
  EntryRecordSchema,
  EntrySchema,
  Ledger,
  LIMITS,
  type SubjectText,
} from "@ostraka/proto";
import { Outcome } from "@ostraka/proto/gen/admin";
import { afterEach, describe, expect, test } from "vitest";
import { eventually, MeshFixture, submit, submitOk, type TestCoordinator } from "./mesh-fixture.ts";
import { natsVersion, until } from "./nats-server.ts";

const SUBJECT = addressSubject("203.0.113.7") as SubjectText;

function crashAt(crash: string | undefined): Readonly<Record<string, string>> {
  return crash === undefined ? {} : { OSTRAKA_CRASH_AT: crash };
}

describe.skipIf(natsVersion() === undefined)("a coordinator in trouble (needs nats-server)", () => {
  let mesh: MeshFixture;
  afterEach(async () => {
    await mesh[Symbol.asyncDispose]();
  });

  async function entries(one: TestCoordinator): Promise<Entry[]> {
    const ledger = Ledger.CONTROL;
    const { records } = await one.admin.ledger.listEntries({ ledger, pageSize: 500 });
    return records.map(({ entry }) => decode(EntrySchema, entry, LIMITS.entryBytesMax) as Entry);
  }

  /** Waits until the coordinator has brought its mesh to the newest machine version. */
  async function versioned(one: TestCoordinator): Promise<void> {
    const isThere = async () => (await entries(one)).some((e) => e.effect.case === "version");
    await eventually(isThere, "the version is entered");
  }

  /** What people have brought about, without what machines add at their ticks. */
  async function effectsByPeople(one: TestCoordinator) {
    const byMachines = ["version", "refusals", "coverage"];
    const effects = (await entries(one)).map(({ effect }) => effect.case ?? "nothing");
    return effects.filter((effect) => !byMachines.includes(effect));
  }

  test("killed between commit and publishing, it publishes when it starts again, ONCE", async () => {
    mesh = await MeshFixture.make();
    let one = await mesh.startCoordinator();
    for (const command of mesh.commands.policy()) await submitOk(one.admin, command);
    await versioned(one);
    await one.end("SIGTERM");

    // Genesis, policy, activation and version are 1 to 4: it dies with entry 5 committed.
    one = await mesh.startCoordinator("coordinator-1", { OSTRAKA_CRASH_AT: "publish:5" });
    const bus = await mesh.watch();
    const published: number[] = [];
    const verdicts = channelsOf(mesh.genesis.mesh).verdicts(Ledger.CONTROL);
    const subscription = bus.subscribe(verdicts, (bytes) => {
      const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
      const entry = decode(EntrySchema, record?.entry ?? new Uint8Array(), LIMITS.entryBytesMax);
      published.push(Number(entry?.index));
    });
    const asked = mesh.commands.revoke(SUBJECT);
    const lost = one.admin.command.submit({ command: asked.envelope, privates: [asked.part] });
    await expect(lost).rejects.toMatchObject({ code: "OSTRAKA_UNREACHABLE" });
    if (one.child.signalCode === null) await once(one.child, "exit");
    expect(one.child.signalCode).toBe("SIGKILL");
    expect(published).not.toContain(5);

    one = await mesh.startCoordinator();
    await eventually(async () => published.includes(5), "entry 5 is published");
    const answer = await submitOk(one.admin, asked.envelope, [asked.part]);
    expect(answer.index).toBe(5n);
    expect((await entries(one)).filter(({ effect }) => effect.case === "proposal")).toHaveLength(1);
    subscription.close();
    await bus.close();
  });

  test("killed BEFORE any phase of its output, it enters the command ONCE", async () => {
    mesh = await MeshFixture.make();
    let one = await mesh.startCoordinator();
    for (const command of mesh.commands.policy()) await submitOk(one.admin, command);
    await versioned(one);
    await one.end("SIGTERM");
    const crashes = PHASES.map((phase, i) => `${phase}:${5 + i}`);
    one = await mesh.startCoordinator("coordinator-1", crashAt(crashes[0]));
    for (const [i, crash] of crashes.entries()) {
      const asked = mesh.commands.revoke(SUBJECT);
      const request = { command: asked.envelope, privates: [asked.part] };
      // Whatever the caller was told, the bytes are the same when they are sent again.
      await Promise.all([
        one.admin.command.submit(request).catch((error: unknown) => error),
        one.child.signalCode ?? once(one.child, "exit"),
      ]);
      expect(one.child.signalCode).toBe("SIGKILL");
      one = await mesh.startCoordinator("coordinator-1", crashAt(crashes[i + 1]));
      const answer = await submitOk(one.admin, asked.envelope, [asked.part]);
      expect([crash, answer.index]).toEqual([crash, BigInt(5 + i)]);
    }
    const indices = (await entries(one)).map((entry) => Number(entry.index));
    expect(indices).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test("NATS killed and started again, it goes on", async () => {
    mesh = await MeshFixture.make();
    const one = await mesh.startCoordinator();
    const [policy, activation] = mesh.commands.policy();
    await submitOk(one.admin, policy);
    await mesh.nats.kill();
    await eventually(async () => {
      const status = await one.admin.mesh.getStatus({});
      return !status.isBusConnected && status.notes.some((note) => note.startsWith("NATS is gone"));
    }, "it notices that NATS is gone");
    const refused = one.admin.command.submit({ command: activation });
    await expect(refused).rejects.toMatchObject({ code: "OSTRAKA_UNREACHABLE" });
    await mesh.nats.start();
    await submitOk(one.admin, activation);
    const { ledgers, isBusConnected } = await one.admin.mesh.getStatus({});
    expect(isBusConnected).toBe(true);
    expect(ledgers.map(({ damage }) => damage)).toEqual(["", ""]);
    expect(await effectsByPeople(one)).toEqual(["genesis", "policy", "activation"]);
  });

  test("a NATS server that lost everything is damage, and status says what to do", async () => {
    mesh = await MeshFixture.make();
    const one = await mesh.startCoordinator();
    const [policy, activation] = mesh.commands.policy();
    await submitOk(one.admin, policy);
    await mesh.nats.kill();
    mesh.nats.wipe();
    await mesh.nats.start();
    await eventually(async () => {
      const { ledgers } = await one.admin.mesh.getStatus({});
      return ledgers.every(({ damage }) => damage.startsWith("JOURNAL_DAMAGED: "));
    }, "both ledgers are damaged");
    const { notes } = await one.admin.mesh.getStatus({});
    expect(notes.join("\n")).toMatch(/JOURNAL_DAMAGED: journal ends at c:0.*deciding has stopped/s);
    const refused = one.admin.command.submit({ command: activation });
    await expect(refused).rejects.toMatchObject({ code: "OSTRAKA_JOURNAL_DAMAGED" });
    expect(await effectsByPeople(one)).toEqual(["genesis", "policy"]);
    // Starting again does not make a new history either.
    await one.end("SIGTERM");
    const again = await mesh.startCoordinator();
    await eventually(async () => {
      const { ledgers } = await again.admin.mesh.getStatus({});
      return ledgers.every(({ damage }) => damage.startsWith("JOURNAL_DAMAGED: "));
    }, "both ledgers are damaged still");
  });

  test("a stream deleted under it is damage", async () => {
    mesh = await MeshFixture.make();
    const one = await mesh.startCoordinator();
    await submitOk(one.admin, mesh.commands.policy()[0]);
    const { connect, credsAuthenticator } = await import("nats");
    const authenticator = credsAuthenticator(Buffer.from(mesh.natsCreds()));
    const prefix = inboxPrefix(mesh.signer("coordinator-1").publicKey);
    const nats = await connect({ servers: mesh.nats.url, authenticator, inboxPrefix: prefix });
    const streams = (await nats.jetstreamManager()).streams;
    for (const name of await streams.names().next()) {
      if (name.endsWith("_CONTROL")) await streams.delete(name);
    }
    await eventually(async () => {
      const { ledgers } = await one.admin.mesh.getStatus({});
      return ledgers[0]?.damage.startsWith("JOURNAL_DAMAGED: ") === true;
    }, "the control ledger is damaged");
    await nats.close();
  });

  test("an unclear outcome becomes clear by sending the same bytes again", async () => {
    mesh = await MeshFixture.make();
    const one = await mesh.startCoordinator();
    const [policy, activation] = mesh.commands.policy();
    await submitOk(one.admin, policy);
    await mesh.nats.freeze();
    const unclear = await one.admin.command.submit({ command: activation, waitMs: 1 });
    expect(unclear.outcome).toBe(Outcome.UNKNOWN);
    expect(unclear.id).toEqual(mesh.crypto.sha256(activation.body));
    await mesh.nats.thaw();
    const clear = await submit(one.admin, activation);
    expect(clear.outcome).toBe(Outcome.OK);
    expect(await effectsByPeople(one)).toEqual(["genesis", "policy", "activation"]);
  });

  test("a command refused too early is entered when it is sent again in time", async () => {
    mesh = await MeshFixture.make();
    const one = await mesh.startCoordinator();
    const [policy, activation] = mesh.commands.policy();
    const early = await submit(one.admin, activation);
    expect([early.outcome, early.code]).toEqual([Outcome.REFUSED, "unknown-epoch"]);
    await submitOk(one.admin, policy);
    await submitOk(one.admin, activation);
    expect(await effectsByPeople(one)).toEqual(["genesis", "policy", "activation"]);
  });

  test("it ends when the process that it names as its parent is gone", async () => {
    mesh = await MeshFixture.make();
    const parent = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const env = { OSTRAKA_PARENT_PID: String(parent.pid) };
    const one = await mesh.startCoordinator("coordinator-1", env);
    const ended = once(one.child, "exit");
    parent.kill("SIGKILL");
    expect((await ended)[0]).toBe(0);
  });

  test("told to stop while it waits for NATS, it stops", async () => {
    mesh = await MeshFixture.make();
    await mesh.nats.kill();
    const config = join(mesh.dir, "coordinators", "coordinator-1", "config.yaml");
    const code =
      'const { runCoordinator } = await import("@ostraka/coordinator");' +
      `process.exitCode = await runCoordinator(["--config", ${JSON.stringify(config)}]);`;
    const cwd = fileURLToPath(new URL("..", import.meta.url));
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], { cwd });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
    });
    await until(() => said.includes("waiting for NATS"), "it waits");
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect((await ended)[0]).toBe(0);
  });

  test("three coordinators decide by a majority and say who is missing without one", async () => {
    mesh = await MeshFixture.make({ coordinators: 3 });
    const all = await Promise.all([1, 2, 3].map((n) => mesh.startCoordinator(`coordinator-${n}`)));
    const [one, two, three] = all as [TestCoordinator, TestCoordinator, TestCoordinator];
    const [policy, activation] = mesh.commands.policy();
    await submitOk(one.admin, policy);
    await three.end("SIGKILL");
    const answer = await submitOk(two.admin, activation);
    const { head } = await two.admin.ledger.getSealedHead({ ledger: Ledger.CONTROL });
    expect(head?.seals).toHaveLength(2);
    await two.end("SIGKILL");
    await eventually(async () => {
      const { notes } = await one.admin.mesh.getStatus({});
      return notes.some((note) => note.includes("seals 1 of 2, missing coordinator-2"));
    }, "it names who is missing");
    const again = await mesh.startCoordinator("coordinator-2");
    const repeated = await submitOk(again.admin, activation);
    expect(repeated.index).toBe(answer.index);
  });
});
