// A coordinator that lost its disk, after the streams of a real nats-server have forgotten what its
// snapshots hold: it takes up what the others have, counts again, and no journal is damaged by it.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_POLICY_YAML } from "@ostraka/agents/node";
import { type Bus, openSqliteStoreReadOnly } from "@ostraka/host";
import {
  addressSubject,
  channelsOf,
  LEDGERS,
  Ledger,
  type SubjectText,
  utf8,
} from "@ostraka/proto";
import { afterEach, describe, expect, test } from "vitest";
import { eventually, MeshFixture, submitOk, type TestCoordinator } from "./mesh-fixture.ts";
import { natsVersion } from "./nats-server.ts";

const SUBJECT = addressSubject("203.0.113.7") as SubjectText;
const WAIT_MS = 60_000;
const YAML = DEFAULT_POLICY_YAML.replace("snapshotEvery: 5000", "snapshotEvery: 20").replace(
  "journal: 30d",
  "journal: 1s",
);

describe.skipIf(natsVersion() === undefined)("a wiped coordinator (needs nats-server)", () => {
  let mesh: MeshFixture;
  let bus: Bus;
  afterEach(async () => {
    await bus?.close();
    await mesh[Symbol.asyncDispose]();
  });

  const stream = (ledger: Ledger.CONTROL | Ledger.SIGNALS) =>
    channelsOf(mesh.genesis.mesh).stream(ledger);

  async function statusOf(one: TestCoordinator) {
    const status = await one.admin.mesh.getStatus({});
    return { ...status, damage: status.ledgers.map(({ damage }) => damage).join("") };
  }

  /** Position of the newest head of coordinator-3, as another one has heard it. */
  async function headsOfThird(one: TestCoordinator): Promise<Map<Ledger, bigint>> {
    const { coordinatorList } = await one.admin.mesh.getStatus({});
    const third = coordinatorList.find(({ name }) => name === "coordinator-3");
    return new Map(third?.heads.map(({ ledger, position }) => [ledger, position]));
  }

  /** What nobody can read fills both journals: snapshots come, and the streams forget. */
  async function passTime(): Promise<void> {
    const { publicKey } = mesh.signer("coordinator-1");
    let n = 0;
    await eventually(
      async () => {
        for (const ledger of LEDGERS) {
          const channel = channelsOf(mesh.genesis.mesh).journal(ledger, publicKey);
          for (let i = 0; i < 30; i++, n++) await bus.publishJournal(channel, utf8("x"), `x/${n}`);
        }
        const bounds = await Promise.all(LEDGERS.map((l) => bus.journalBounds(stream(l))));
        return bounds.every((b) => (b?.first ?? 0) > 1);
      },
      "both streams have forgotten their beginning",
      WAIT_MS,
    );
  }

  test("comes back from a peer's snapshot and is needed at once", async () => {
    mesh = await MeshFixture.make({ coordinators: 3 });
    const names = ["coordinator-1", "coordinator-2", "coordinator-3"];
    const [one, two, three] = (await Promise.all(
      names.map((name) => mesh.startCoordinator(name)),
    )) as [TestCoordinator, TestCoordinator, TestCoordinator];
    await eventually(async () => (await statusOf(one)).machineVersion === 2, "version 2 is active");
    for (const command of mesh.commands.policy(1, YAML)) await submitOk(one.admin, command);
    bus = await mesh.watch();
    await passTime();
    for (const running of [one, two, three]) expect((await statusOf(running)).damage).toBe("");

    await three.end("SIGKILL");
    const store = join(mesh.dir, "coordinators", "coordinator-3", "state.sqlite");
    for (const end of ["", "-wal", "-shm", ".lock"]) rmSync(`${store}${end}`, { force: true });
    const again = await mesh.startCoordinator("coordinator-3");
    await eventually(
      async () => {
        const [ours, theirs] = await Promise.all([statusOf(again), statusOf(one)]);
        const isEven = ours.ledgers.every(
          (ledger, i) => ledger.index === theirs.ledgers[i]?.index && ledger.position > 0n,
        );
        return ours.damage === "" && isEven;
      },
      "the wiped one stands where the others do",
      WAIT_MS,
    );

    // It speaks again once it has read the heads of both others.
    const spokenTo = await headsOfThird(one);
    await eventually(async () => {
      const now = await headsOfThird(one);
      return LEDGERS.every((ledger) => (now.get(ledger) ?? 0n) > (spokenTo.get(ledger) ?? 0n));
    }, "the wiped one signs heads again");

    // Without coordinator-2 a majority needs the one that was wiped.
    await two.end("SIGKILL");
    const asked = mesh.commands.revoke(SUBJECT);
    const answer = await submitOk(one.admin, asked.envelope, [asked.part]);
    await eventually(async () => {
      const { ledgers } = await statusOf(again);
      return ledgers.some((l) => l.ledger === Ledger.CONTROL && l.sealedIndex >= answer.index);
    }, "the entry is sealed by the one that was wiped");
    await again.end("SIGTERM");
    const rows = openSqliteStoreReadOnly(store);
    const [first] = rows.scan("journal/c/");
    expect(Number(first?.[0].slice(-16))).toBeGreaterThan(1);
    rows.close();
  });
});
