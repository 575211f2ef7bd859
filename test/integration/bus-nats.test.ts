// The bus against a real nats-server: who may speak where, what survives a broker's death, and what
// is said of a journal that has changed.

import { createServer, type Server } from "node:net";
import {
  type Bus,
  type BusLog,
  connectBus,
  coordinatorPermissions,
  createNatsAuthority,
  createNatsUserKey,
  credsFile,
  hostPermissions,
  inboxPrefix,
  type JournalGap,
  type NatsAuthority,
  type NatsPermissions,
  openNatsAuthority,
} from "@ostraka/host";
import { channelsOf, Ledger, type MeshId, pae, utf8 } from "@ostraka/proto";
import { connect, credsAuthenticator } from "nats";
import { afterEach, describe, expect, test } from "vitest";
import { natsVersion, startNats, until } from "./nats-server.ts";

const MESH = "ab".repeat(32) as MeshId;
const CHANNELS = channelsOf(MESH);
const HOST = new Uint8Array(32).fill(1);
const OTHER_HOST = new Uint8Array(32).fill(2);
const COORDINATOR = new Uint8Array(32).fill(3);
const SIGNALS = CHANNELS.stream(Ledger.SIGNALS);
const OWN_JOURNAL = CHANNELS.journal(Ledger.SIGNALS, HOST);
const CONTROL = CHANNELS.stream(Ledger.CONTROL);
const COMMANDS = CHANNELS.journal(Ledger.CONTROL, COORDINATOR);
const POLL = { timeout: 20_000 };

const open: Bus[] = [];
afterEach(async () => {
  for (const bus of open.splice(0)) await bus.close();
});

interface Said {
  readonly lines: string[];
  readonly log: BusLog;
}

function newLog(): Said {
  const lines: string[] = [];
  const write = (fields: object, message: string) => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
  };
  return { lines, log: { debug: write, info: write, warn: write, error: write } };
}

async function join(
  authority: NatsAuthority,
  url: string,
  key: Uint8Array,
  permissions: NatsPermissions,
  log: BusLog = newLog().log,
): Promise<Bus> {
  const user = createNatsUserKey();
  const jwt = authority.issueUser({ name: "member", publicKey: user.publicKey, permissions });
  const bus = await connectBus({
    urls: [url],
    creds: credsFile(jwt, user.seed),
    name: "member",
    inboxPrefix: inboxPrefix(key),
    log,
  });
  open.push(bus);
  return bus;
}

const asHost = (authority: NatsAuthority, url: string, log?: BusLog) =>
  join(authority, url, HOST, hostPermissions(CHANNELS, HOST), log);

const asCoordinator = (authority: NatsAuthority, url: string, log?: BusLog) =>
  join(authority, url, COORDINATOR, coordinatorPermissions(CHANNELS, COORDINATOR), log);

async function openSignals(bus: Bus): Promise<void> {
  await bus.openJournal(SIGNALS, [CHANNELS.journalAll(Ledger.SIGNALS)], { replicas: 1 });
}

async function openControl(bus: Bus): Promise<void> {
  await bus.openJournal(CONTROL, [CHANNELS.journalAll(Ledger.CONTROL)], { replicas: 1 });
}

async function fill(bus: Bus, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) {
    const ack = await bus.publishJournal(COMMANDS, utf8(`m${n}`), `id-${n}-${from}`);
    expect(ack).toEqual({ position: n });
  }
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const version = natsVersion();
if (version === undefined)
  process.stderr.write("skipped: no nats-server (apt install nats-server)\n");

describe.skipIf(version === undefined)("the bus", () => {
  test("carries a host's own journal, heads, requests and answers, nothing of others", async () => {
    const authority = openNatsAuthority(createNatsAuthority("acme").secretText());
    await using nats = await startNats(authority);
    const hostSaid = newLog();
    const host = await asHost(authority, nats.url, hostSaid.log);
    const coordinator = await asCoordinator(authority, nats.url);
    await openSignals(coordinator);

    expect(await host.publishJournal(OWN_JOURNAL, utf8("a"), "1")).toBeUndefined();
    await expect.poll(() => coordinator.lastPosition(SIGNALS), POLL).toBe(1);
    const foreign = CHANNELS.journal(Ledger.SIGNALS, OTHER_HOST);
    expect(await host.publishJournal(foreign, utf8("a"), "2")).toBeUndefined();
    const control = CHANNELS.journal(Ledger.CONTROL, HOST);
    expect(await host.publishJournal(control, utf8("a"), "3")).toBeUndefined();

    const heard: string[] = [];
    host.subscribe(CHANNELS.headsAll, (bytes) => heard.push(text(bytes)));
    coordinator.subscribe(CHANNELS.receiptsAll, (bytes) => heard.push(text(bytes)));
    coordinator.subscribe(CHANNELS.resyncAll, (bytes, reply) => reply?.(utf8(`re ${text(bytes)}`)));
    // An answer on the same connection tells that the subscriptions before it stand.
    await coordinator.lastPosition(SIGNALS);
    // Sent twice, an id is one message.
    for (const id of ["4", "4"]) await host.publishJournal(OWN_JOURNAL, utf8("b"), id);
    await expect.poll(() => coordinator.lastPosition(SIGNALS), POLL).toBe(2);
    expect(text((await host.request(CHANNELS.resync(HOST), utf8("x"), 5_000)) ?? utf8(""))).toBe(
      "re x",
    );
    host.publish(CHANNELS.heads(Ledger.SIGNALS, HOST), utf8("forged head"));
    host.publish(CHANNELS.receipts(OTHER_HOST), utf8("forged receipt"));
    host.publish(CHANNELS.receipts(HOST), utf8("receipt"));
    coordinator.publish(CHANNELS.heads(Ledger.SIGNALS, COORDINATOR), utf8("head"));
    await until(() => heard.length >= 2, "head and receipt came");
    expect([...heard].sort()).toEqual(["head", "receipt"]);

    const stolen: string[] = [];
    host.subscribe(CHANNELS.all, (bytes) => stolen.push(text(bytes)));
    host.subscribe(CHANNELS.acks(OTHER_HOST), (bytes) => stolen.push(text(bytes)));
    await until(() => hostSaid.lines.filter((l) => l.includes("subscription")).length >= 2, "told");
    coordinator.publish(CHANNELS.acks(OTHER_HOST), utf8("ack"));
    expect(await host.lastPosition(SIGNALS).catch((e: Error) => e.name)).toBe("OstrakaError");
    expect(stolen).toEqual([]);
    expect(hostSaid.lines.some((l) => l.includes("PERMISSIONS_VIOLATION"))).toBe(true);
  });

  test("acknowledges nothing that hosts publish: it could be made to land anywhere", async () => {
    const authority = createNatsAuthority("acme");
    await using nats = await startNats(authority);
    const coordinator = await asCoordinator(authority, nats.url);
    await openSignals(coordinator);
    await openControl(coordinator);
    const user = createNatsUserKey();
    const permissions = hostPermissions(CHANNELS, HOST);
    const jwt = authority.issueUser({ name: "thief", publicKey: user.publicKey, permissions });
    const thief = await connect({
      servers: nats.url,
      authenticator: credsAuthenticator(utf8(credsFile(jwt, user.seed))),
    });
    for (const reply of [COMMANDS, "$JS.API.META.LEADER.STEPDOWN"]) {
      thief.publish(OWN_JOURNAL, utf8("x"), { reply });
    }
    await thief.flush();
    await thief.close();
    await expect.poll(() => coordinator.lastPosition(SIGNALS), POLL).toBe(2);
    await fill(coordinator, 1, 1);
    expect(await coordinator.lastPosition(CONTROL)).toBe(1);
  });

  test("stops acknowledging on a stream that an earlier release made", async () => {
    await using nats = await startNats();
    const bus = await joinOpen(nats.url, "a");
    const made = await connect({ servers: nats.url });
    await openSignals(bus);
    const manager = await made.jetstreamManager();
    const { config } = await manager.streams.info(SIGNALS);
    expect(config.no_ack).toBe(true);
    await manager.streams.update(SIGNALS, { ...config, no_ack: false });
    await openSignals(bus);
    expect((await manager.streams.info(SIGNALS)).config.no_ack).toBe(true);
    await made.close();
  });

  test("drops what is too large for NATS and says so, and stays usable", async () => {
    await using nats = await startNats();
    const said = newLog();
    const bus = await joinOpen(nats.url, "a", said.log);
    const huge = new Uint8Array(2_000_000);
    bus.publish("x", huge);
    expect(await bus.request("x", huge, 5_000)).toBeUndefined();
    expect(await bus.publishJournal("x", huge, "1")).toBeUndefined();
    expect(said.lines.filter((line) => line.includes("cannot publish"))).toHaveLength(2);
    // An answer goes only into the inbox of whom the channel names.
    bus.subscribe("q.*", (bytes, reply) => reply?.(bytes));
    expect(await bus.request("q.a", utf8("still"), 5_000)).toEqual(utf8("still"));
    expect(await bus.request("q.b", utf8("still"), 100)).toBeUndefined();
  });

  test("refuses credentials that another operator signed", async () => {
    const authority = createNatsAuthority("acme");
    await using nats = await startNats(authority);
    await expect(asHost(createNatsAuthority("acme"), nats.url)).rejects.toMatchObject({
      code: "OSTRAKA_REFUSED",
    });
  });

  test("takes the first answer that is not empty, and says when nobody listens", async () => {
    await using nats = await startNats();
    const [asker, one, two] = await Promise.all(
      ["a", "b", "c"].map((name) => joinOpen(nats.url, name)),
    );
    one?.subscribe("q.a", (_bytes, reply) => reply?.(new Uint8Array()));
    two?.subscribe("q.a", (_bytes, reply) => reply?.(utf8("here")));
    await one?.request("flushed", utf8(""), 50);
    await two?.request("flushed", utf8(""), 50);
    expect(text((await asker?.request("q.a", utf8("?"), 5_000, 2)) ?? utf8(""))).toBe("here");
    expect(await asker?.request("nobody", utf8("?"), 60_000)).toBeUndefined();
  });

  test("keeps a journal in order over kill -9 of the broker, without loss or repeat", async () => {
    const authority = createNatsAuthority("acme");
    await using nats = await startNats(authority);
    const coordinator = await asCoordinator(authority, nats.url);
    await openControl(coordinator);
    const states: string[] = [];
    coordinator.onState((state) => states.push(state));
    const seen: string[] = [];
    const reader = coordinator.readJournal({
      stream: CONTROL,
      fromPosition: 1,
      onMessage: (position, bytes) => seen.push(`${position}:${text(bytes)}`),
    });
    await fill(coordinator, 1, 50);
    await until(() => reader.position === 50, "all 50 are read");
    for (let round = 1; round <= 2; round++) {
      await nats.kill();
      await until(() => !coordinator.isConnected, "the death is seen");
      expect(await coordinator.publishJournal(COMMANDS, utf8("x"), "x")).toBeUndefined();
      coordinator.publish(COMMANDS, utf8("dropped"));
      await nats.start();
      await until(() => coordinator.isConnected, "the broker is back");
      await fill(coordinator, 50 * round + 1, 50 * round + 50);
      await until(() => reader.position === 50 * round + 50, "the new ones are read");
    }
    expect(seen).toEqual(Array.from({ length: 150 }, (_, i) => `${i + 1}:m${i + 1}`));
    expect(states).toEqual([
      "connected",
      "disconnected",
      "reconnected",
      "disconnected",
      "reconnected",
    ]);
    expect(text((await coordinator.readMessage(CONTROL, 7))?.bytes ?? utf8(""))).toBe("m7");
    expect(await coordinator.readMessage(CONTROL, 151)).toBeUndefined();
    expect(await coordinator.lastPosition(CONTROL)).toBe(150);
    reader.close();
    await fill(coordinator, 151, 151);
    expect(seen).toHaveLength(150);
  });

  test("heals from a broker that freezes, and answers nothing known meanwhile", async () => {
    await using nats = await startNats();
    const bus = await joinOpen(nats.url, "a");
    await openControl(bus);
    const seen: number[] = [];
    const reader = bus.readJournal({
      stream: CONTROL,
      fromPosition: 1,
      onMessage: (position) => seen.push(position),
    });
    await fill(bus, 1, 3);
    await until(() => reader.position === 3, "3 are read");
    await nats.freeze();
    expect(await bus.publishJournal(COMMANDS, utf8("m4"), "frozen")).toBeUndefined();
    await expect(bus.lastPosition(CONTROL)).rejects.toMatchObject({ code: "OSTRAKA_UNREACHABLE" });
    await until(() => !bus.isConnected, "the freeze is seen");
    nats.thaw();
    await until(() => bus.isConnected, "the broker is back");
    // What was sent into the freeze arrived: the same id gets the same position.
    const ack = await bus.publishJournal(COMMANDS, utf8("m4"), "frozen");
    expect(ack).toEqual({ position: 4 });
    await until(() => reader.position === 4, "4 is read");
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  test("hands over a long journal in order to a slow start, with flow control", async () => {
    await using nats = await startNats();
    const bus = await joinOpen(nats.url, "a");
    await openControl(bus);
    const body = new Uint8Array(20_000);
    const acks = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => bus.publishJournal(COMMANDS, body, `n${i}`)),
    );
    expect(acks.filter((ack) => ack === undefined)).toEqual([]);
    const seen: number[] = [];
    bus.readJournal({ stream: CONTROL, fromPosition: 1, onMessage: (p) => seen.push(p) });
    await until(() => seen.length >= 1_000, "all are read");
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1));
    const late = Array.from({ length: 1_100 }, (_, i) => bus.publishJournal("no", body, `x${i}`));
    const refused = late.slice(1_024);
    expect(await Promise.all(refused)).toEqual(refused.map(() => undefined));
    await Promise.all(late);
  });

  test("gives a message id one position and reads from the middle on", async () => {
    await using nats = await startNats();
    const bus = await joinOpen(nats.url, "a");
    await openControl(bus);
    await fill(bus, 1, 5);
    expect(await bus.publishJournal(COMMANDS, utf8("m3"), "id-3-1")).toEqual({ position: 3 });
    const seen: number[] = [];
    bus.readJournal({ stream: CONTROL, fromPosition: 4, onMessage: (p) => seen.push(p) });
    await until(() => seen.length === 2, "4 and 5 are read");
    expect(seen).toEqual([4, 5]);
  });

  test("makes a journal's stream once and refuses one with other settings", async () => {
    await using nats = await startNats();
    const bus = await joinOpen(nats.url, "a");
    await Promise.all([openControl(bus), openControl(bus), openControl(bus)]);
    await expect(bus.openJournal(CONTROL, ["other.>"], { replicas: 1 })).rejects.toMatchObject({
      code: "OSTRAKA_DATA_MISMATCH",
      message: expect.stringContaining("subjects"),
    });
    expect(await bus.lastPosition("NONE")).toBeUndefined();
    expect(await bus.lastPosition(CONTROL)).toBe(0);
  });
});

async function joinOpen(url: string, name: string, log = newLog().log): Promise<Bus> {
  const bus = await connectBus({ urls: [url], name, inboxPrefix: `_INBOX_${name}`, log });
  open.push(bus);
  return bus;
}

describe.skipIf(version === undefined)("a journal that is not what it was", () => {
  async function readAndChange(change: (bus: Bus) => Promise<void>, wiped?: boolean) {
    await using nats = await startNats();
    const bus = await joinOpen(nats.url, "a");
    await openControl(bus);
    const seen: number[] = [];
    const gaps: JournalGap[] = [];
    bus.readJournal({
      stream: CONTROL,
      fromPosition: 1,
      onMessage: (position) => seen.push(position),
      onGap: (gap) => gaps.push(gap),
    });
    await fill(bus, 1, 5);
    await until(() => seen.length === 5, "5 are read");
    if (wiped) {
      await nats.kill();
      nats.wipe();
      await nats.start();
      await until(() => bus.isConnected, "the broker is back");
    }
    await change(bus);
    await until(() => gaps.some((gap) => gap.kind !== "absent"), "the change is told");
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    return gaps;
  }

  test("is told when NATS lost its disk and the stream was regrown past it", async () => {
    const gaps = await readAndChange(async (bus) => {
      await openControl(bus);
      await fill(bus, 1, 8);
    }, true);
    expect(gaps.at(-1)).toMatchObject({ kind: "replaced", expected: 6 });
  });

  test("is told when the stream was deleted and made anew under a living broker", async () => {
    const gaps = await readAndChange(async (bus) => {
      await bus.request(`$JS.API.STREAM.DELETE.${CONTROL}`, utf8(""), 5_000);
      await openControl(bus);
      await fill(bus, 1, 2);
    });
    expect(gaps.at(-1)).toMatchObject({ kind: "replaced", expected: 6 });
  });

  test("is told as absent while there is no stream, and goes on when it comes", async () => {
    await using nats = await startNats();
    const bus = await joinOpen(nats.url, "a");
    const gaps: JournalGap[] = [];
    const seen: number[] = [];
    bus.readJournal({
      stream: CONTROL,
      fromPosition: 1,
      onMessage: (position) => seen.push(position),
      onGap: (gap) => gaps.push(gap),
    });
    await until(() => gaps.length === 1, "absence is told");
    await openControl(bus);
    await fill(bus, 1, 3);
    await until(() => seen.length === 3, "3 are read");
    expect(gaps).toEqual([{ kind: "absent", expected: 1, first: 0, last: 0 }]);
  });

  test("cannot be purged, by whomever the request comes to be sent", async () => {
    await using nats = await startNats();
    const bus = await joinOpen(nats.url, "a");
    await openControl(bus);
    await fill(bus, 1, 3);
    const purge = `$JS.API.STREAM.PURGE.${CONTROL}`;
    const answer = text((await bus.request(purge, utf8('{"seq":3}'), 5_000)) ?? utf8(""));
    expect(answer).toContain("error");
    const seen: number[] = [];
    bus.readJournal({ stream: CONTROL, fromPosition: 1, onMessage: (p) => seen.push(p) });
    await until(() => seen.length === 3, "all are still there");
  });

  test("is told when messages were purged unread, or end before the reader", async () => {
    await using nats = await startNats();
    const bus = await joinOpen(nats.url, "a");
    // A stream of somebody else's making: ours cannot be purged.
    const subjects = [CHANNELS.journalAll(Ledger.CONTROL)];
    const config = utf8(JSON.stringify({ name: CONTROL, subjects, storage: "file" }));
    await bus.request(`$JS.API.STREAM.CREATE.${CONTROL}`, config, 5_000);
    await fill(bus, 1, 6);
    await bus.request(`$JS.API.STREAM.PURGE.${CONTROL}`, utf8('{"seq":4}'), 5_000);
    const gaps: JournalGap[] = [];
    const read = (fromPosition: number) =>
      bus.readJournal({
        stream: CONTROL,
        fromPosition,
        onMessage: () => {},
        onGap: (gap) => gaps.push(gap),
      });
    read(2);
    await until(() => gaps.length === 1, "the purge is told");
    read(9);
    await until(() => gaps.length === 2, "the roll-back is told");
    expect(gaps).toEqual([
      { kind: "missing", expected: 2, first: 4, last: 6 },
      { kind: "rolled-back", expected: 9, first: 4, last: 6 },
    ]);
  });
});

describe("a broker that is none", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** Greets with a nonce of its choosing and keeps what the client answers. */
  async function greetWith(nonce: string): Promise<{ url: string; got: () => string }> {
    let got = "";
    const server = createServer((socket) => {
      const info = {
        server_id: "X",
        version: "2.9.10",
        max_payload: 1_048_576,
        headers: true,
        nonce,
      };
      socket.write(`INFO ${JSON.stringify(info)}\r\n`);
      socket.on("data", (data) => {
        got += data.toString("utf8");
        if (got.includes("PING")) socket.write("PONG\r\n");
      });
      socket.on("error", () => {});
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    return { url: `nats://127.0.0.1:${port}`, got: () => got };
  }

  test("gets no signature over an envelope's bytes given as its nonce", async () => {
    const envelope = text(pae(`application/vnd.ostraka.tick.v1;mesh=${MESH}`, utf8("body")));
    const broker = await greetWith(envelope);
    await expect(asHost(createNatsAuthority("acme"), broker.url)).rejects.toMatchObject({
      code: "OSTRAKA_REFUSED",
      message: expect.stringContaining("nothing was signed"),
    });
    expect(broker.got()).not.toContain('"sig"');
  });

  test("gets a signature over a plain nonce", async () => {
    const broker = await greetWith("Y2hhbGxlbmdlIQ");
    await asHost(createNatsAuthority("acme"), broker.url);
    expect(broker.got()).toContain('"sig"');
  });

  test("is named when nothing listens at its address", async () => {
    const broker = await greetWith("x");
    servers.splice(0)[0]?.close();
    await expect(joinOpen(broker.url, "a")).rejects.toMatchObject({
      code: "OSTRAKA_UNREACHABLE",
      message: expect.stringContaining(broker.url),
    });
  });
});
