// A NATS cluster that comes back with older disks and goes on from there: the journals are forked,
// and coordinators have read different messages at one position. One alone comes back by itself;
// a majority whose answers NATS has lost goes on by the repair that `status` names. Either way
// nothing answered OK is lost, and all ledgers and deny sets are one (I3, I4).

import type { AdminClient } from "@ostraka/coordinator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { natsVersion } from "../../../integration/nats-server.ts";
import { untilAlike, untilSameDenySets } from "../../kit/alike.ts";
import { expectAsTold, expectSameLedgers } from "../../kit/compare-ledgers.ts";
import { hasProc } from "../../kit/processes.ts";
import { type MeshPart, Three } from "../../kit/three.ts";
import { until } from "../../kit/up-run.ts";
import { Writer, type Written } from "../../kit/writer.ts";

const START_MS = 120_000;
const PART_MS = 240_000;
const WAIT_MS = 60_000;
/** Messages of a journal that one alone has read are enough to differ. */
const ASTRAY = 3n;
const WRITES = 4;

const isAble = hasProc && natsVersion() !== undefined;
if (!isAble)
  process.stderr.write("skipped: needs /proc and nats-server (apt install nats-server)\n");

describe.skipIf(!isAble)("a journal that NATS has forked", () => {
  let three: Three;
  const book: Written[] = [];
  let isGood = false;
  beforeAll(async () => {
    three = await Three.start(2);
  }, START_MS);
  afterAll(async () => {
    if (!isGood) process.stderr.write(`${three?.lastWords}\n`);
    await three?.[Symbol.asyncDispose]();
  });

  it(
    "takes one coordinator astray, which comes back to what the others have sealed by itself",
    async () => {
      const [first, second, third] = three.coordinators as [MeshPart, MeshPart, MeshPart];
      await write();
      await untilAlike(three);
      await stopAll([first, second, third]);
      const back = await keepServers();
      await astray(third);
      await third.kill();
      await back();
      await Promise.all([first.start(), second.start()]);
      await write();
      await third.start();
      await untilAlike(three);
      expect(third.log).toContain("went-back");
      await write();
      await untilAlike(three);
      await untilSameDenySets(three);
    },
    PART_MS,
  );

  it(
    "is gone on from by the repair that status names, and loses no answer",
    async () => {
      const [first, second, third] = three.coordinators as [MeshPart, MeshPart, MeshPart];
      await stopAll([first, second, third]);
      const back = await keepServers();
      await Promise.all([first.start(), second.start()]);
      await write();
      await Promise.all([first.kill(), second.kill()]);
      // NATS forgets what two have answered OK, and the third reads what comes instead.
      await back();
      await astray(third);
      await Promise.all([first.start(), second.start()]);
      await repairAsTold();
      await untilAlike(three);
      await write();
      await untilAlike(three);
      await untilSameDenySets(three);
      await three.stopAll();
      expectAsTold(three.crypto, expectSameLedgers(three.coordinators), book);
      const file = `${three.stand.dir}/ledger.jsonl`;
      const { data } = three.stand;
      const exported = await three.stand.run("ledger", "export", "--data", data, "--out", file);
      expect(exported.code, exported.stderr).toBe(0);
      const genesis = ["--genesis", `${data}/genesis.json`];
      const verified = await three.stand.run("ledger", "verify", file, ...genesis);
      expect(verified.code, verified.stdout + verified.stderr).toBe(0);
      isGood = true;
    },
    PART_MS,
  );

  /** People write until some of it was answered OK, and all of it is known. */
  async function write(): Promise<void> {
    const writer = new Writer(three);
    writer.start();
    try {
      await until(() => writer.done >= WRITES, WAIT_MS, "writes are answered OK");
    } finally {
      await writer.stop();
      book.push(...writer.book);
    }
    await writer.settle();
  }

  /** Kills every server, keeps its disk and starts it. @returns how all come back with that one. */
  async function keepServers(): Promise<() => Promise<void>> {
    const { servers } = three;
    await Promise.all(servers.map((server) => server.kill()));
    const backs = servers.map((server) => server.keepStore());
    await Promise.all(servers.map((server) => server.start()));
    return async () => {
      await Promise.all(servers.map((server) => server.kill()));
      for (const back of backs) back();
      await Promise.all(servers.map((server) => server.start()));
    };
  }

  /** Starts a coordinator alone and waits until it has read what nobody else has, twice. */
  async function astray(part: MeshPart): Promise<void> {
    await part.start();
    const client = three.each[three.coordinators.indexOf(part)] as AdminClient;
    let from: readonly bigint[] | undefined;
    const isAstray = async () => {
      const positions = await positionsAt(client);
      from ??= positions;
      return positions?.every((at, i) => at >= (from?.[i] ?? 0n) + ASTRAY) ?? false;
    };
    await until(isAstray, WAIT_MS, `${part.name} has read on alone`);
  }

  async function positionsAt(client: AdminClient): Promise<readonly bigint[] | undefined> {
    const status = await client.mesh.getStatus({}).catch(() => undefined);
    return status?.ledgers.map(({ position }) => position);
  }

  /** Runs what `status` says, word for word with a person's name, until no journal is damaged. */
  async function repairAsTold(): Promise<void> {
    const { stand } = three;
    const repaired = new Set<string>();
    const isWhole = async () => {
      const said = (await stand.run("status", "--data", stand.data)).stdout;
      const told = /ostraka (journal repair --ledger (\w+) --as) OPERATOR/.exec(said);
      if (told === null) return repaired.size > 0 && !said.includes("JOURNAL_DAMAGED");
      const words = (told[1] as string).split(" ");
      const ended = await stand.run(...words, "olga", "--data", stand.data);
      expect(ended.code, `${said}\n${ended.stdout}\n${ended.stderr}`).toBe(0);
      repaired.add(told[2] as string);
      return false;
    };
    await until(isWhole, 2 * WAIT_MS, "status names no damage any more");
    expect([...repaired]).toContain("control");
  }

  async function stopAll(parts: readonly MeshPart[]): Promise<void> {
    await Promise.all(parts.map((part) => part.stop()));
  }
});
