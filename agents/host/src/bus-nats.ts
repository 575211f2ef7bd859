// The bus port on NATS: plain channels, request and reply, and the doors to the journals. Owns the
// connection and its healing. Must never trust what it carries, queue without bound, or hand
// library buffers on: a receiver gets bytes of its own.

import { type Bytes, isHostsJournal, OstrakaError } from "@ostraka/proto";
import {
  connect,
  createInbox,
  ErrorCode,
  Events,
  headers,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  NatsError,
  type PublishOptions,
  type Status,
} from "nats";
import type { Bus, BusLog, BusOptions, BusState, Subscription } from "./bus.ts";
import { claimJournal, expireRetired, type RetiredStream } from "./journal-claim.ts";
import {
  type JournalBounds,
  JournalPublisher,
  openJournal,
  readBounds,
  readLastPosition,
  readStored,
} from "./journal-nats.ts";
import { type JournalReader, type JournalReading, OrderedReader } from "./journal-reader-nats.ts";
import { trimJournal } from "./journal-trim.ts";
import { readSecretFile } from "./key-file.ts";
import { nonceGuard } from "./nats-nonce.ts";
import { natsTls, tlsTrouble } from "./nats-tls.ts";
import { orEndProcess } from "./or-end-process.ts";

/** Reconnects come after a random part of this: short, since every second counts, and spread. */
const RECONNECT_MS_MAX = 500;
const FLUSH_MS_MAX = 1_000;
/** A server that accepts and says nothing, as a paused one does, gives way to the next. */
const CONNECT_MS_MAX = 2_000;
/** A broker that answers no ping for two of these is treated as gone. */
const PING_MS = 2_000;
/** Plain publications beyond this many bytes without an answer from the broker are dropped. */
const UNCONFIRMED_BYTES_MAX = 64_000_000;
const CONFIRM_EVERY_BYTES = 4_000_000;

/**
 * Connects to NATS and stays so: reconnects for ever.
 * @throws OstrakaError OSTRAKA_UNREACHABLE without a broker (unless patient), OSTRAKA_REFUSED when
 * the broker refuses the credentials or asks for a signature over something that is no nonce.
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await connectOnce(options);
    } catch (error) {
      const refusal = asRefusal(error, options);
      if (refusal !== undefined) throw refusal;
      if (options.isPatient !== true) {
        throw new OstrakaError("OSTRAKA_UNREACHABLE", unreachableWords(options, error), {
          cause: error,
        });
      }
      if (attempt === 1) options.log.warn({ reason: String(error) }, "waiting for NATS");
      await new Promise((resolve) => setTimeout(resolve, reconnectMs()));
    }
  }
}

async function connectOnce(options: BusOptions): Promise<Bus> {
  const { credsFile, creds, log } = options;
  const read = credsFile !== undefined ? () => readSecretFile(credsFile) : () => creds ?? "";
  const guard = nonceGuard(read, log);
  const connection = await connect({
    servers: [...options.urls],
    name: options.name,
    inboxPrefix: options.inboxPrefix,
    ...(read() === "" ? {} : { authenticator: guard.authenticator }),
    ...natsTls(options.urls, options.caFile),
    // The configuration says which servers there are, not whoever runs one of them.
    ignoreClusterUpdates: true,
    reconnect: true,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: reconnectMs,
    timeout: CONNECT_MS_MAX,
    pingInterval: PING_MS,
    maxPingOut: 2,
  }).catch((error: unknown) => {
    throw guard.refusal() ?? error;
  });
  const refusal = guard.refusal();
  if (refusal !== undefined) {
    await connection.close();
    throw refusal;
  }
  return new NatsBus(connection, options.inboxPrefix, log);
}

function unreachableWords({ urls }: BusOptions, error: unknown): string {
  const servers = urls.join(", ");
  const reason = tlsTrouble(error);
  return reason === undefined
    ? `no NATS server answers at ${servers}: start it or correct the address`
    : `the NATS server at ${servers} does not prove who it is (${reason}): check which server ` +
        'that is, and that "nats.ca" names who issued its certificate';
}

function asRefusal(error: unknown, options: BusOptions): OstrakaError | undefined {
  if (error instanceof OstrakaError) return error;
  const isAuth =
    error instanceof NatsError &&
    (error.code === ErrorCode.AuthorizationViolation || error.code === ErrorCode.BadCreds);
  return isAuth
    ? new OstrakaError(
        "OSTRAKA_REFUSED",
        `NATS at ${options.urls.join(", ")} refuses the credentials of ${options.name}: renew them`,
        { cause: error },
      )
    : undefined;
}

function reconnectMs(): number {
  return 50 + Math.floor(Math.random() * (RECONNECT_MS_MAX - 50));
}

/** JetStream keeps one message of an id. */
function withId(messageId: string): MsgHdrs {
  const named = headers();
  named.set("Nats-Msg-Id", messageId);
  return named;
}

class NatsBus implements Bus {
  readonly #connection: NatsConnection;
  readonly #inboxPrefix: string;
  readonly #log: BusLog;
  readonly #journals: JournalPublisher;
  readonly #stateHandlers = new Set<(state: BusState) => void>();
  readonly #readers = new Set<JournalReader>();
  #isConnected = true;
  #isClosing = false;
  #isDropping = false;
  #unconfirmedBytes = 0;
  #sinceConfirmBytes = 0;

  constructor(connection: NatsConnection, inboxPrefix: string, log: BusLog) {
    this.#connection = connection;
    this.#inboxPrefix = inboxPrefix;
    this.#log = log;
    this.#journals = new JournalPublisher(connection, log);
    this.#watch().catch((error: unknown) => log.error({ error }, "the NATS watch ended"));
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  publish(channel: string, bytes: Uint8Array): void {
    this.#publish(channel, bytes);
  }

  #publish(channel: string, bytes: Uint8Array, messageId?: string): void {
    if (!this.#isConnected) return;
    if (this.#unconfirmedBytes + bytes.length > UNCONFIRMED_BYTES_MAX) {
      if (!this.#isDropping) this.#log.error({ channel }, "NATS does not keep up: dropping");
      this.#isDropping = true;
      return;
    }
    this.#send(channel, bytes, messageId === undefined ? {} : { headers: withId(messageId) });
    this.#unconfirmedBytes += bytes.length;
    this.#sinceConfirmBytes += bytes.length;
    if (this.#sinceConfirmBytes >= CONFIRM_EVERY_BYTES) this.#confirm();
  }

  publishJournal(channel: string, bytes: Uint8Array, messageId: string) {
    if (!this.#isConnected) return Promise.resolve(undefined);
    if (isHostsJournal(channel)) {
      this.#publish(channel, bytes, messageId);
      return Promise.resolve(undefined);
    }
    return this.#journals.publish(channel, bytes, messageId);
  }

  subscribe(
    channel: string,
    handler: (bytes: Bytes, replyTo?: (bytes: Uint8Array) => void, sender?: string) => void,
  ): Subscription {
    const subscription = this.#connection.subscribe(channel, {
      callback: (error, message) => {
        if (error !== null) {
          this.#log.error({ channel, reason: error.message }, "NATS refuses a subscription");
          return;
        }
        const replyTo = this.#replyTo(message);
        orEndProcess(() => handler(new Uint8Array(message.data), replyTo, senderOf(message)));
      },
    });
    return closing(() => subscription.unsubscribe());
  }

  request(
    channel: string,
    bytes: Uint8Array,
    timeoutMs: number,
    repliesMax = 1,
  ): Promise<Bytes | undefined> {
    if (!this.#isConnected) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const inbox = createInbox(this.#inboxPrefix);
      let left = repliesMax;
      const finish = (reply?: Bytes) => {
        clearTimeout(timer);
        subscription.unsubscribe();
        resolve(reply);
      };
      const timer = setTimeout(finish, timeoutMs);
      const subscription = this.#connection.subscribe(inbox, {
        callback: (error, message) => {
          left--;
          if (error === null && message.data.length > 0) finish(new Uint8Array(message.data));
          else if (error !== null || isNoResponders(message) || left <= 0) finish();
        },
      });
      if (!this.#send(channel, bytes, { reply: inbox })) finish();
    });
  }

  openJournal(
    stream: string,
    channels: readonly string[],
    options: { readonly replicas: number },
  ): Promise<void> {
    return openJournal(this.#connection, stream, channels, options.replicas, this.#log);
  }

  claimJournal(
    stream: string,
    channels: readonly string[],
    retired: readonly RetiredStream[],
  ): Promise<void> {
    return claimJournal(this.#connection, stream, channels, retired);
  }

  readJournal(reading: JournalReading): JournalReader {
    const inbox = () => createInbox(this.#inboxPrefix);
    const reader = new OrderedReader(this.#connection, this.#log, inbox, reading);
    const states = this.onState((state) => reader.onState(state));
    const handle: JournalReader = {
      get position() {
        return reader.position;
      },
      close: () => {
        states.close();
        reader.close();
        this.#readers.delete(handle);
      },
    };
    this.#readers.add(handle);
    return handle;
  }

  readMessage(stream: string, position: number): Promise<{ bytes: Bytes } | undefined> {
    return readStored(this.#connection, stream, position);
  }

  lastPosition(stream: string): Promise<number | undefined> {
    return readLastPosition(this.#connection, stream);
  }

  journalBounds(stream: string): Promise<JournalBounds | undefined> {
    return readBounds(this.#connection, stream, this.#log);
  }

  expireRetired(retired: RetiredStream): Promise<boolean> {
    return expireRetired(this.#connection, retired);
  }

  trimJournal(stream: string, upTo: number, most: number): Promise<boolean> {
    return trimJournal(this.#connection, stream, upTo, most, this.#log);
  }

  onState(handler: (state: BusState) => void): Subscription {
    this.#stateHandlers.add(handler);
    handler(this.#isConnected ? "connected" : "disconnected");
    return closing(() => this.#stateHandlers.delete(handler));
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    for (const reader of this.#readers) reader.close();
    // What is published already is sent BEFORE the connection ends.
    if (this.#isConnected) await within(FLUSH_MS_MAX, this.#connection.flush());
    this.#isConnected = false;
    await this.#connection.close();
  }

  /** The library throws for messages that are too large and for a connection that has just gone. */
  #send(channel: string, bytes: Uint8Array, options: PublishOptions): boolean {
    try {
      this.#connection.publish(channel, bytes, options);
      return true;
    } catch (error) {
      this.#log.error({ channel, length: bytes.length, reason: String(error) }, "cannot publish");
      return false;
    }
  }

  /**
   * Only into the inbox of who asks, which the last word of the channel names: the broker checks no
   * reply subject, so an answer could be made to land in a journal.
   */
  #replyTo(message: Msg): ((bytes: Uint8Array) => void) | undefined {
    const { reply } = message;
    const asker = senderOf(message);
    if (reply === undefined || !reply.startsWith(`_INBOX_${asker}.`)) return undefined;
    return (bytes) => this.publish(reply, bytes);
  }

  /** A flush is a ping: its answer tells that the broker has read all before it. */
  #confirm(): void {
    const sent = this.#sinceConfirmBytes;
    this.#sinceConfirmBytes = 0;
    this.#connection.flush().then(
      () => {
        this.#unconfirmedBytes = Math.max(0, this.#unconfirmedBytes - sent);
        this.#isDropping = false;
      },
      // The connection broke: its change of state starts the count anew.
      () => {},
    );
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) this.#onStatus(status);
    if (this.#isClosing) return;
    this.#log.error({}, "the NATS connection closed for good: restart this process");
    this.#setConnected(false, "disconnected");
  }

  #onStatus(status: Status): void {
    switch (status.type) {
      case Events.Disconnect:
        this.#log.warn({ server: status.data }, "NATS is gone: reconnecting until it is back");
        this.#setConnected(false, "disconnected");
        break;
      case Events.Reconnect:
        this.#log.info({ server: status.data }, "NATS is back");
        this.#setConnected(true, "reconnected");
        break;
      case Events.Error:
        this.#log.error(
          { code: status.data, ...status.permissionContext },
          "NATS refuses what was asked",
        );
        break;
      default:
        this.#log.debug({ type: status.type }, "NATS status");
    }
  }

  #setConnected(isConnected: boolean, state: BusState): void {
    this.#isConnected = isConnected;
    this.#isDropping = false;
    this.#unconfirmedBytes = 0;
    this.#sinceConfirmBytes = 0;
    for (const handler of this.#stateHandlers) orEndProcess(() => handler(state));
  }
}

function senderOf({ subject }: Msg): string {
  return subject.slice(subject.lastIndexOf(".") + 1);
}

function isNoResponders(message: Msg): boolean {
  return message.headers?.code === 503;
}

function closing(act: () => void): Subscription {
  let isOpen = true;
  return {
    close: () => {
      if (isOpen) act();
      isOpen = false;
    },
  };
}

async function within(timeMs: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeMs);
  });
  // However it ends: what is waited for is that it ended.
  await Promise.race([promise.catch(() => undefined), late]);
  clearTimeout(timer);
}
