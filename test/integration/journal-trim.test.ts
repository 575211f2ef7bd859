// A journal's stream forgets its oldest messages on a real nats-server, although nothing may be
// deleted or purged from it: exactly as far as it was told, also while messages come, and a trim
// that was cut short leaves nothing behind.

import { type Bus, connectBus } from "@ostraka/host";
import { utf8 } from "@ostraka/proto";
import { connect, DiscardPolicy } from "nats";
import { afterEach, describe, expect, test } from "vitest";
import { natsVersion, startNats } from "./nats-server.ts";

const STREAM = "JOURNAL";
const CHANNEL = "journal.>";
const silent = () => undefined;
const LOG = { debug: silent, info: silent, warn: silent, error: silent };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function stand(): Promise<{ bus: Bus; url: string }> {
  const nats = await startNats();
  closing.push(() => nats[Symbol.asyncDispose]());
  const bus = await connectBus({
    urls: [nats.url],
    name: "trim",
    inboxPrefix: "_INBOX_trim",
    log: LOG,
  });
  closing.push(() => bus.close());
  await bus.openJournal(STREAM, [CHANNEL], { replicas: 1 });
  return { bus, url: nats.url };
}

async function fill(bus: Bus, count: number, label = "m"): Promise<void> {
  for (let i = 0; i < count; i++) {
    await bus.publishJournal("journal.a", utf8(`${label} ${i}`), `${label}/${i}`);
  }
}

describe.skipIf(natsVersion() === undefined)("trimming a journal", () => {
  test("takes exactly what was asked and leaves the settings as they were", async () => {
    const { bus } = await stand();
    await fill(bus, 400);
    expect(await bus.trimJournal(STREAM, 100, 300)).toBe(true);
    expect(await bus.journalBounds(STREAM)).toMatchObject({ first: 101, last: 400 });
    expect(await bus.readMessage(STREAM, 100)).toBeUndefined();
    expect(await bus.readMessage(STREAM, 101)).toBeDefined();
    // Read back and checked: limits would be named.
    await bus.openJournal(STREAM, [CHANNEL], { replicas: 1 });
    await fill(bus, 50, "later");
    expect(await bus.journalBounds(STREAM)).toMatchObject({ first: 101, last: 450 });
    expect(await bus.trimJournal(STREAM, 90, 300)).toBe(true);
    expect(await bus.journalBounds(STREAM)).toMatchObject({ first: 101, last: 450 });
  });

  test("is put off when what may go lies too near to what must", async () => {
    const { bus } = await stand();
    await fill(bus, 200);
    expect(await bus.trimJournal(STREAM, 100, 120)).toBe(false);
    expect(await bus.trimJournal(STREAM, 100, 201)).toBe(false);
    expect(await bus.journalBounds(STREAM)).toMatchObject({ first: 1, last: 200 });
    expect(await bus.trimJournal("ELSEWHERE", 1, 200)).toBe(false);
  });

  test("never takes more than it may while messages pour in", async () => {
    const { bus } = await stand();
    await fill(bus, 1_500);
    let isPouring = true;
    const pour = (async () => {
      for (let i = 0; isPouring; i++) {
        await bus.publishJournal("journal.a", utf8(`pour ${i}`), `pour/${i}`);
      }
    })();
    const deadlineMs = Date.now() + 20_000;
    while (!(await bus.trimJournal(STREAM, 300, 1_400)) && Date.now() < deadlineMs);
    isPouring = false;
    await pour;
    const bounds = await bus.journalBounds(STREAM);
    expect(bounds?.first).toBeGreaterThan(300);
    expect(bounds?.first).toBeLessThanOrEqual(1_401);
  });

  test("that was cut short is ended by whoever looks next", async () => {
    const { bus, url } = await stand();
    await fill(bus, 30);
    const connection = await connect({ servers: url });
    closing.push(() => connection.close());
    const manager = await connection.jetstreamManager();
    const limitOf = async () => (await manager.streams.info(STREAM)).config.max_msgs;
    const { config } = await manager.streams.info(STREAM);
    const limited = { ...config, discard: DiscardPolicy.Old, max_msgs: 20 };
    await manager.streams.update(STREAM, limited);
    expect(await limitOf()).toBe(20);
    expect(await bus.journalBounds(STREAM)).toMatchObject({ first: 11, last: 30 });
    expect(await limitOf()).toBe(-1);
    await manager.streams.update(STREAM, limited);
    await bus.openJournal(STREAM, [CHANNEL], { replicas: 1 });
    expect(await limitOf()).toBe(-1);
    await fill(bus, 30, "later");
    expect(await bus.journalBounds(STREAM)).toMatchObject({ first: 11, last: 60 });
  });

  test("what an earlier generation holds runs out when it was retired, and never before", async () => {
    const { bus } = await stand();
    await fill(bus, 20);
    const retired = { stream: STREAM, channel: "retired.1" };
    expect(await bus.expireRetired(retired)).toBe(false);
    expect(await bus.journalBounds(STREAM)).toMatchObject({ first: 1, last: 20 });
    await bus.claimJournal("JOURNAL_2", [CHANNEL], [retired]);
    await expect.poll(() => bus.expireRetired(retired), { timeout: 10_000 }).toBe(true);
    expect(await bus.journalBounds(STREAM)).toMatchObject({ first: 21, last: 20 });
    expect(await bus.expireRetired({ ...retired, stream: "ELSEWHERE" })).toBe(true);
  });
});
