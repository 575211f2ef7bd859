// Journals on JetStream: making their streams, publishing to them, reading single messages. Owns
// the settings a journal's stream must have, which are read back: older servers silently ignore
// what they do not know. JetStream proposes an order; nothing else is trusted of it (DESIGN.md 9).

import { type Bytes, isHostsJournal, LIMITS, OstrakaError } from "@ostraka/proto";
import {
  DiscardPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type NatsConnection,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "nats";
import { endTrim, isTrimLeft } from "./journal-trim.ts";
import {
  apiCode,
  ask,
  isClustered,
  type JournalPlaces,
  managerOf,
  placesOf,
  readStreamInfo,
  reasonOf,
  unreachable,
} from "./stream-answer.ts";

/** JetStream's own answer to a publication comes within this, or is not waited for. */
const PUBLISH_MS_MAX = 2_000;
/** Publications that wait for JetStream's answer at one time. */
const IN_FLIGHT_MAX = 1_024;
/** JetStream's window for deduplication by message id. */
const DUPLICATES_MS = 120_000;
/** Error codes of the JetStream API (nats-server server/errors.json). */
const STREAM_NOT_FOUND = 10_059;
const MESSAGE_NOT_FOUND = 10_037;
const STREAM_NAME_IN_USE = 10_058;

export { managerOf, readStreamInfo } from "./stream-answer.ts";

interface JournalLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Publishes to journals with a bound on what waits. */
export class JournalPublisher {
  readonly #client: JetStreamClient;
  readonly #log: JournalLog;
  #inFlight = 0;

  constructor(connection: NatsConnection, log: JournalLog) {
    this.#client = connection.jetstream({ timeout: PUBLISH_MS_MAX });
    this.#log = log;
  }

  /** @returns the position given, or `undefined` when it is not known in time. */
  async publish(
    channel: string,
    bytes: Uint8Array,
    messageId: string,
  ): Promise<{ position: number } | undefined> {
    if (this.#inFlight >= IN_FLIGHT_MAX) return undefined;
    this.#inFlight++;
    try {
      const ack = await this.#client.publish(channel, bytes, {
        msgID: messageId,
        timeout: PUBLISH_MS_MAX,
      });
      return { position: ack.seq };
    } catch (error) {
      // Not known is not lost: the caller publishes the same id again.
      this.#log.debug({ channel, reason: reasonOf(error) }, "JetStream did not acknowledge");
      return undefined;
    } finally {
      this.#inFlight--;
    }
  }
}

type JournalSettings = {
  -readonly [Name in SettingName]: NonNullable<StreamConfig[Name]>;
};

type SettingName =
  | "subjects"
  | "storage"
  | "retention"
  | "discard"
  | "max_age"
  | "max_msgs"
  | "max_bytes"
  | "max_msgs_per_subject"
  | "max_msg_size"
  | "duplicate_window"
  | "num_replicas"
  | "deny_delete"
  | "deny_purge"
  | "no_ack"
  | "allow_rollup_hdrs";

/** Nothing is ever dropped by itself, by age, by size or by a later message. */
function journalSettings(channels: readonly string[], replicas: number): JournalSettings {
  return {
    subjects: [...channels],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_age: 0,
    max_msgs: -1,
    max_bytes: -1,
    max_msgs_per_subject: -1,
    max_msg_size: LIMITS.messageBytesMax,
    duplicate_window: nanos(DUPLICATES_MS),
    num_replicas: replicas,
    deny_delete: true,
    deny_purge: true,
    // NATS checks no reply subject: the acknowledgement of a host's publication could be made to
    // land in the control journal, in an opening's place or on the API, which 2.9 dies of.
    no_ack: channels.some(isHostsJournal),
    allow_rollup_hdrs: false,
  };
}

/** See `Bus.openJournal`. */
export async function openJournal(
  connection: NatsConnection,
  stream: string,
  channels: readonly string[],
  replicas: number,
  log: JournalLog,
): Promise<void> {
  const settings = journalSettings(channels, replicas);
  const manager = await managerOf(connection);
  let found = (await ask(manager, stream))?.config;
  if (found === undefined) {
    try {
      await manager.streams.add({ name: stream, ...settings });
    } catch (error) {
      // Another replica may have made it at the same time: what counts is what is read back.
      if (apiCode(error) !== STREAM_NAME_IN_USE) throw unreachable(`make ${stream}`, error);
    }
    found = (await ask(manager, stream))?.config;
  }
  if (found !== undefined && isTrimLeft(found)) {
    await endTrim(manager, stream, found, log);
    found = (await ask(manager, stream))?.config;
  }
  if (found !== undefined && (found.no_ack ?? false) !== settings.no_ack) {
    await setAcknowledged(manager, stream, { ...found, no_ack: settings.no_ack });
    found = (await ask(manager, stream))?.config;
  }
  if (found !== undefined && found.num_replicas !== replicas) {
    await raiseReplicas(manager, stream, found, replicas, log);
    settings.num_replicas = found.num_replicas;
  }
  const wrong = Object.entries(settings).find(
    ([name, wanted]) => !isSame(found?.[name as keyof StreamConfig], wanted),
  );
  if (wrong === undefined && found?.mirror === undefined && !found?.sources) return;
  const [name, wanted] = wrong ?? ["sources", "none"];
  const has = JSON.stringify(found?.[name as keyof StreamConfig]);
  throw new OstrakaError(
    "OSTRAKA_DATA_MISMATCH",
    `stream ${stream} has ${name} ${has}, a journal needs ${JSON.stringify(wanted)}: ` +
      "correct it with the nats tool, or start with an empty server",
  );
}

/** A stream that an earlier release made acknowledges what hosts publish. */
async function setAcknowledged(
  manager: JetStreamManager,
  stream: string,
  config: StreamConfig,
): Promise<void> {
  try {
    await manager.streams.update(stream, config);
  } catch (error) {
    throw unreachable(`change what ${stream} acknowledges`, error);
  }
}

/**
 * A stream that fewer servers hold than it should is spread, where the cluster allows; meanwhile it
 * is as good a journal, and the status says how many hold it.
 */
async function raiseReplicas(
  manager: JetStreamManager,
  stream: string,
  config: StreamConfig,
  replicas: number,
  log: JournalLog,
): Promise<void> {
  if (config.num_replicas > replicas) return;
  const fields = { stream, has: config.num_replicas, wanted: replicas };
  try {
    await manager.streams.update(stream, { ...config, num_replicas: replicas });
    log.warn(fields, "a journal is spread over more NATS servers");
  } catch (error) {
    const reason = reasonOf(error);
    log.warn({ ...fields, reason }, "a journal lies on fewer NATS servers than it should");
  }
}

/** See `Bus.lastPosition`. */
export async function readLastPosition(
  connection: NatsConnection,
  stream: string,
): Promise<number | undefined> {
  const info = await readStreamInfo(await managerOf(connection), stream);
  return info?.state.last_seq;
}

export interface JournalBounds {
  readonly first: number;
  readonly last: number;
  /** When the stream was made, as the server says it. */
  readonly created: string;
  readonly channels: readonly string[];
  readonly places: JournalPlaces;
}

/** See `Bus.journalBounds`. */
export async function readBounds(
  connection: NatsConnection,
  stream: string,
  log: JournalLog,
): Promise<JournalBounds | undefined> {
  const manager = await managerOf(connection);
  const info = await readStreamInfo(manager, stream);
  if (info === undefined) return undefined;
  // Whoever looks takes it off: left alone, new messages would push old ones out.
  if (isTrimLeft(info.config)) await endTrim(manager, stream, info.config, log);
  const { first_seq: first, last_seq: last } = info.state;
  const { created, config } = info;
  return { first, last, created, channels: config.subjects, places: placesOf(info) };
}

/** See `Bus.readMessage`. */
export async function readStored(
  connection: NatsConnection,
  stream: string,
  position: number,
): Promise<{ bytes: Bytes } | undefined> {
  const manager = await managerOf(connection);
  const found = await getMessage(manager, stream, position);
  if (found !== undefined || !isClustered(manager)) return found;
  // Said by a server that lags, it means nothing: it counts once a leader is there that knows.
  await readStreamInfo(manager, stream);
  return await getMessage(manager, stream, position);
}

async function getMessage(
  manager: JetStreamManager,
  stream: string,
  position: number,
): Promise<{ bytes: Bytes } | undefined> {
  try {
    const message = await manager.streams.getMessage(stream, { seq: position });
    return { bytes: new Uint8Array(message.data) };
  } catch (error) {
    const code = apiCode(error);
    if (code === MESSAGE_NOT_FOUND || code === STREAM_NOT_FOUND) return undefined;
    throw unreachable(`read position ${position} of ${stream}`, error);
  }
}

function isSame(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) return JSON.stringify(found) === JSON.stringify(wanted);
  // Servers leave settings out that are false.
  return (found ?? false) === wanted;
}
