// The reader of a journal against a real nats-server, with a consumer that goes on saying that it
// is there and gives nothing more: as one does at a server whose copy of the stream does not grow.

import {
  connect,
  type Msg,
  type NatsConnection,
  headers as newHeaders,
  type SubscriptionOptions,
} from "nats";
import { describe, expect, test } from "vitest";
import { OrderedReader } from "../../agents/host/src/journal-reader-nats.ts";
import { natsVersion, startNats, until } from "./nats-server.ts";

const STREAM = "journal";
const CHANNEL = "journal.all";
const LOG = { debug: () => undefined, error: () => undefined };

/** A connection whose FIRST inbox loses messages, but no heartbeat, while it is dull. */
class DullConnection {
  isDull = false;
  inboxes = 0;
  readonly connection: NatsConnection;

  constructor(real: NatsConnection) {
    const subscribe = (inbox: string, options?: SubscriptionOptions) => {
      const isFirst = this.inboxes++ === 0;
      const callback = options?.callback as (error: null, message: Msg) => void;
      let given = 0;
      return real.subscribe(inbox, {
        callback: (_, message) => {
          const isBeat = message.headers?.code === 100;
          if (isFirst && this.isDull && !isBeat) return;
          if (!isBeat) given++;
          callback(null, isFirst && isBeat ? withCount(message, given) : message);
        },
      });
    };
    this.connection = Object.assign(Object.create(real) as NatsConnection, { subscribe });
  }
}

/** A heartbeat of a consumer that has given so many messages. */
function withCount(beat: Msg, given: number): Msg {
  const headers = newHeaders(100, "Idle Heartbeat");
  headers.set("Nats-Last-Consumer", String(given));
  return Object.create(beat, { headers: { value: headers } }) as Msg;
}

describe.skipIf(natsVersion() === undefined)("a reader (needs nats-server)", () => {
  test("makes a consumer anew that says that it is there and gives nothing", async () => {
    await using nats = await startNats();
    const real = await connect({ servers: nats.url });
    const manager = await real.jetstreamManager();
    await manager.streams.add({ name: STREAM, subjects: [CHANNEL] });
    const publish = async (count: number) => {
      for (let i = 0; i < count; i++) await real.jetstream().publish(CHANNEL);
    };
    const dull = new DullConnection(real);
    const seen: number[] = [];
    const reader = new OrderedReader(dull.connection, LOG, () => `_INBOX.${dull.inboxes}`, {
      stream: STREAM,
      fromPosition: 1,
      onMessage: (position) => seen.push(position),
    });
    reader.onState("connected");
    await publish(2);
    await until(() => seen.length === 2, "two are read");
    dull.isDull = true;
    await publish(3);
    expect([seen.length, dull.inboxes]).toEqual([2, 1]);
    await until(() => seen.length === 5, "the rest is read", 20_000);
    expect([seen, dull.inboxes]).toEqual([[1, 2, 3, 4, 5], 2]);
    reader.close();
    await real.close();
  });

  test("leaves a consumer alone that has nothing to give", async () => {
    await using nats = await startNats();
    const real = await connect({ servers: nats.url });
    await (await real.jetstreamManager()).streams.add({ name: STREAM, subjects: [CHANNEL] });
    const asked: string[] = [];
    const dull = new DullConnection(real);
    const watched = Object.assign(Object.create(dull.connection) as NatsConnection, {
      request: (channel: string, ...rest: []) => {
        asked.push(channel);
        return real.request(channel, ...rest);
      },
    });
    const reader = new OrderedReader(watched, LOG, () => `_INBOX.${dull.inboxes}`, {
      stream: STREAM,
      fromPosition: 1,
      onMessage: () => undefined,
    });
    reader.onState("connected");
    const isInfo = (channel: string) => channel.includes("STREAM.INFO");
    await until(() => asked.filter(isInfo).length >= 3, "the stream was asked twice more", 20_000);
    expect(dull.inboxes).toBe(1);
    reader.close();
    await real.close();
  });
});
