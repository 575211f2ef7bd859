// Reading a journal in order: positions 1, 2, 3 and so on, each ONCE, whatever the connection does.
// Owns the ordered push consumer and its restarts. Must never hand out a position twice, skip one
// or go on over a stream that has changed behind it: it says so and halts (I3).

import { setTimeout as delay } from "node:timers/promises";
import type { Bytes } from "@ostraka/proto";
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  type JetStreamManager,
  type Msg,
  type NatsConnection,
  nanos,
  ReplayPolicy,
  type Subscription,
} from "nats";
import { orEndProcess } from "./or-end-process.ts";
import { managerOf, readStreamInfo } from "./stream-answer.ts";

/** A journal that is not the one read so far. */
export interface JournalGap {
  /**
   * `missing`: positions from `expected` up to `first` - 1 are gone. `rolled-back`: the last
   * position lies below one that was handed out. `replaced`: the stream was made anew. `absent`:
   * there is no stream (yet): reading goes on when it comes; after the three others it does not.
   */
  readonly kind: "missing" | "rolled-back" | "replaced" | "absent";
  /** The position that should have come next. */
  readonly expected: number;
  /** First and last position of the stream as it is now; 0 when absent. */
  readonly first: number;
  readonly last: number;
}

export interface JournalReading {
  readonly stream: string;
  /** First position wanted, 1 or more. */
  readonly fromPosition: number;
  /**
   * Called in order, without gaps. What it throws ends the process.
   * @param channel the message came on, where that is known.
   */
  readonly onMessage: (position: number, bytes: Bytes, channel?: string) => void;
  /** Called ONCE for a change, BEFORE the reader halts. */
  readonly onGap?: (gap: JournalGap) => void;
}

export interface JournalReader {
  /** Last position handed out, or the one before `fromPosition`. */
  readonly position: number;
  /** Nothing is handed out after it returns. Idempotent. */
  close(): void;
}

/** The broker says at least this often that it is still there. */
const HEARTBEAT_MS = 500;
/** Silence this long means that the consumer is gone. */
const SILENCE_MS = 1_250;
const RETRY_MS_MAX = 500;
/** Without a consumer by then, messages are read one by one, and that for a while. */
const CONSUMER_MS_MAX = 300;
const SINGLY_MS_MAX = 3_000;
const SINGLY_EVERY_MS = 100;
/** So many heartbeats without a message, and the stream itself is asked whether it has more. */
const QUIET_BEATS_MAX = 6;
/** A position that so many consumers in a row pass over is gone. */
const SKIPS_MAX = 3;
/** A consumer nobody listens to is removed by the server after this. */
const ABANDONED_MS = 10_000;

interface ReaderLog {
  debug(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** One reader; `start` and `stop` follow the connection. */
export class OrderedReader implements JournalReader {
  readonly #connection: NatsConnection;
  readonly #log: ReaderLog;
  readonly #newInbox: () => string;
  readonly #reading: JournalReading;
  #next: number;
  /** When the stream was made, as first seen. */
  #created: string | undefined;
  #isAbsent = false;
  #isDone = false;
  /** Rises with each start: what belongs to an earlier one is ignored. */
  #attempt = 0;
  #subscription: Subscription | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Messages of the present consumer so far. */
  #delivered = 0;
  /** Where the present consumer starts. */
  #from = 0;
  /** Times in a row that the next position was passed over. */
  #skips = 0;
  /** Heartbeats since the last message. */
  #quietBeats = 0;

  constructor(
    connection: NatsConnection,
    log: ReaderLog,
    newInbox: () => string,
    reading: JournalReading,
  ) {
    this.#connection = connection;
    this.#log = log;
    this.#newInbox = newInbox;
    this.#reading = reading;
    this.#next = reading.fromPosition;
  }

  get position(): number {
    return this.#next - 1;
  }

  onState(state: "connected" | "disconnected" | "reconnected"): void {
    if (state === "disconnected") this.#stop();
    else this.#start();
  }

  close(): void {
    this.#isDone = true;
    this.#stop();
  }

  #stop(): void {
    this.#attempt++;
    clearTimeout(this.#timer);
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }

  #start(): void {
    this.#stop();
    if (this.#isDone) return;
    const attempt = this.#attempt;
    this.#open(attempt).catch((error: unknown) => {
      if (attempt !== this.#attempt) return;
      const { stream } = this.#reading;
      this.#log.debug({ stream, reason: String(error) }, "a journal cannot be read yet");
      this.#restartIn(newRetryMs());
    });
  }

  #restartIn(timeMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#start(), timeMs);
  }

  async #open(attempt: number): Promise<void> {
    const { stream } = this.#reading;
    const manager = await managerOf(this.#connection);
    const info = await readStreamInfo(manager, stream);
    if (attempt !== this.#attempt) return;
    if (!this.#isSameStream(info && { created: info.created, ...info.state })) return;
    const inbox = this.#newInbox();
    this.#delivered = 0;
    this.#quietBeats = 0;
    // The subscription stands BEFORE the consumer, or its first messages would fall on the floor.
    this.#subscription = this.#connection.subscribe(inbox, {
      callback: (error, message) => {
        if (attempt !== this.#attempt) return;
        if (error !== null) this.#restartIn(RETRY_MS_MAX);
        else this.#onMessage(message);
      },
    });
    this.#from = this.#next;
    const made = manager.consumers.add(stream, consumerConfig(inbox, this.#next)).then(
      () => {
        // Counted from now: a cluster may take its time to make a consumer.
        if (attempt === this.#attempt && this.#delivered === 0) this.#restartIn(SILENCE_MS);
        return true;
      },
      () => false,
    );
    const isMade = await Promise.race([made, delay(CONSUMER_MS_MAX, false)]);
    if (!isMade && (await this.#readSingly(attempt, manager, made))) this.#start();
  }

  /**
   * Reads message by message while there is no consumer: for seconds after a NATS server died, a
   * cluster takes and gives messages and makes no consumer.
   * @returns whether that should be tried anew.
   */
  async #readSingly(
    attempt: number,
    manager: JetStreamManager,
    made: Promise<boolean>,
  ): Promise<boolean> {
    const untilMs = performance.now() + SINGLY_MS_MAX;
    while (attempt === this.#attempt && performance.now() < untilMs) {
      const position = this.#next;
      const bytes = await storedAt(manager, this.#reading.stream, position);
      if (attempt !== this.#attempt) return false;
      if (bytes !== undefined && position === this.#next) this.#hand(position, bytes);
      const pauseMs = bytes === undefined ? SINGLY_EVERY_MS : 0;
      if (await Promise.race([made, delay(pauseMs, false)])) return false;
    }
    return attempt === this.#attempt;
  }

  /** Compares the stream with what was read of it; says what differs. */
  #isSameStream(
    info: { created: string; first_seq: number; last_seq: number } | undefined,
  ): boolean {
    if (info === undefined) {
      if (!this.#isAbsent) this.#tell("absent", 0, 0);
      this.#isAbsent = true;
      this.#restartIn(RETRY_MS_MAX);
      return false;
    }
    this.#isAbsent = false;
    const { created, first_seq: first, last_seq: last } = info;
    this.#created ??= created;
    if (created !== this.#created) return this.#halt("replaced", first, last);
    if (last < this.position) return this.#halt("rolled-back", first, last);
    if (last >= this.#next && first > this.#next) return this.#halt("missing", first, last);
    return true;
  }

  #onMessage(message: Msg): void {
    this.#restartIn(SILENCE_MS);
    const code = message.headers?.code ?? 0;
    if (code !== 0) {
      this.#onStatus(message, code);
      return;
    }
    const delivery = parseDelivery(message.reply ?? "");
    // A message was lost on the way, or is none of this consumer: read again from the next one.
    if (delivery === undefined || delivery.number !== this.#delivered + 1) {
      this.#start();
      return;
    }
    this.#delivered++;
    this.#quietBeats = 0;
    const { position } = delivery;
    // In a cluster the consumer may have been made at a server that lags: another one is asked.
    if (position < this.#from) this.#restartIn(newRetryMs());
    else if (position > this.#next) this.#onSkip(position);
    else if (position === this.#next) {
      this.#hand(position, new Uint8Array(message.data), message.subject);
    }
  }

  #hand(position: number, bytes: Bytes, channel?: string): void {
    this.#next++;
    this.#skips = 0;
    orEndProcess(() => this.#reading.onMessage(position, bytes, channel));
  }

  /** Several consumers, and so several servers, must agree that a position is gone. */
  #onSkip(position: number): void {
    this.#skips++;
    if (this.#skips < SKIPS_MAX) this.#restartIn(newRetryMs());
    else this.#halt("missing", position, position);
  }

  #onStatus(message: Msg, code: number): void {
    if (code !== 100) {
      this.#log.debug({ stream: this.#reading.stream, code }, "a consumer ended");
      this.#restartIn(0);
      return;
    }
    // Flow control: the server goes on once it is answered.
    const stalled = message.headers?.get("Nats-Consumer-Stalled") ?? "";
    if (message.reply) this.#connection.publish(message.reply);
    else if (stalled !== "") this.#connection.publish(stalled);
    const last = message.headers?.get("Nats-Last-Consumer") ?? "";
    if (last !== "" && Number(last) !== this.#delivered) this.#start();
    else if (++this.#quietBeats >= QUIET_BEATS_MAX) this.#askIfBehind();
  }

  /**
   * A consumer may sit at a server whose copy of the stream does not grow, and go on saying that it
   * is there: then one is made anew, perhaps at another server.
   */
  #askIfBehind(): void {
    this.#quietBeats = 0;
    const attempt = this.#attempt;
    const { stream } = this.#reading;
    managerOf(this.#connection)
      .then((manager) => readStreamInfo(manager, stream))
      .then(
        (info) => {
          if (attempt !== this.#attempt || (info?.state.last_seq ?? 0) < this.#next) return;
          this.#log.debug(
            { stream, next: this.#next },
            "a consumer gives nothing of what is there",
          );
          this.#start();
        },
        // Who cannot be asked is noticed by its silence.
        (error: unknown) => this.#log.debug({ stream, reason: String(error) }, "no answer"),
      );
  }

  #halt(kind: JournalGap["kind"], first: number, last: number): false {
    this.close();
    this.#tell(kind, first, last);
    return false;
  }

  #tell(kind: JournalGap["kind"], first: number, last: number): void {
    const gap: JournalGap = { kind, expected: this.#next, first, last };
    this.#log.error({ stream: this.#reading.stream, ...gap }, "a journal is not what it was");
    orEndProcess(() => this.#reading.onGap?.(gap));
  }
}

function newRetryMs(): number {
  return 50 + Math.floor(Math.random() * (RETRY_MS_MAX - 50));
}

/** `undefined` where there is none, or nobody who says so. */
async function storedAt(
  manager: JetStreamManager,
  stream: string,
  position: number,
): Promise<Bytes | undefined> {
  try {
    const message = await manager.streams.getMessage(stream, { seq: position });
    return new Uint8Array(message.data);
  } catch {
    return undefined; // whatever the trouble is: asking goes on, and with it the consumer
  }
}

function consumerConfig(inbox: string, position: number): Partial<ConsumerConfig> {
  return {
    deliver_subject: inbox,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: position,
    ack_policy: AckPolicy.None,
    replay_policy: ReplayPolicy.Instant,
    max_deliver: 1,
    flow_control: true,
    idle_heartbeat: nanos(HEARTBEAT_MS),
    inactive_threshold: nanos(ABANDONED_MS),
    mem_storage: true,
    num_replicas: 1,
  };
}

/**
 * Position and number of delivery out of a reply address:
 * $JS.ACK.<stream>.<consumer>.<times>.<position>.<number>.<time>.<pending>, or with domain and
 * account after ACK (nats.js `parseInfo`).
 */
function parseDelivery(reply: string): { position: number; number: number } | undefined {
  const tokens = reply.split(".");
  const at = tokens.length === 9 ? 5 : tokens.length >= 11 ? 7 : 0;
  const position = Number(tokens[at]);
  const number = Number(tokens[at + 1]);
  if (at === 0 || tokens[0] !== "$JS" || tokens[1] !== "ACK") return undefined;
  return Number.isSafeInteger(position) && Number.isSafeInteger(number)
    ? { position, number }
    : undefined;
}
