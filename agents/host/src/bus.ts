// The bus port: what a process asks of the broker between hosts and coordinators. Plain channels
// lose messages, journals propose an order; whoever uses it trusts neither and heals by ticks and
// resync.

import type { Bytes } from "@ostraka/proto";
import type { RetiredStream } from "./journal-claim.ts";
import type { JournalBounds } from "./journal-nats.ts";
import type { JournalReader, JournalReading } from "./journal-reader-nats.ts";

export interface Subscription {
  /** Nothing is delivered after it returns. Idempotent. */
  close(): void;
}

export type BusState = "connected" | "disconnected" | "reconnected";

/** What the bus says of itself; pino's loggers fit. */
export interface BusLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Bus {
  readonly isConnected: boolean;
  /** Fire and forget; dropped while disconnected or when the broker does not keep up. */
  publish(channel: string, bytes: Uint8Array): void;
  /**
   * Publishes to a journal's channel.
   * @returns the position that JetStream gave it, or `undefined` when that is not known in time:
   * the message may still be in the journal. It is never known of one that hosts publish to: an
   * acknowledgement goes wherever a publisher says, and nothing rests on it.
   */
  publishJournal(
    channel: string,
    bytes: Uint8Array,
    messageId: string,
  ): Promise<{ position: number } | undefined>;
  /**
   * A handler that throws ends the process: only broken invariants do. The sender is the last word
   * of the channel, which the broker's permissions leave to that member alone.
   */
  subscribe(
    channel: string,
    handler: (bytes: Bytes, replyTo?: (bytes: Uint8Array) => void, sender?: string) => void,
  ): Subscription;
  /**
   * First reply that is not empty among at most `repliesMax` (default 1); `undefined` when there is
   * none in time or nobody listens.
   */
  request(
    channel: string,
    bytes: Uint8Array,
    timeoutMs: number,
    repliesMax?: number,
  ): Promise<Bytes | undefined>;
  /**
   * Makes a journal's stream, or reads an existing one's configuration back and checks it. One
   * that fewer servers hold is spread where the cluster allows; see `journalBounds`.
   * @throws OstrakaError OSTRAKA_DATA_MISMATCH naming the setting, OSTRAKA_UNREACHABLE.
   */
  openJournal(
    stream: string,
    channels: readonly string[],
    options: { readonly replicas: number },
  ): Promise<void>;
  /**
   * Binds a generation's stream to a journal's channels, and the streams of the generations before
   * it to where nobody publishes. @throws OstrakaError OSTRAKA_UNREACHABLE.
   */
  claimJournal(
    stream: string,
    channels: readonly string[],
    retired: readonly RetiredStream[],
  ): Promise<void>;
  /** Reads a journal from a position on; see `JournalReading`. */
  readJournal(reading: JournalReading): JournalReader;
  /** @returns `undefined` when the stream has no such message. @throws OSTRAKA_UNREACHABLE. */
  readMessage(stream: string, position: number): Promise<{ bytes: Bytes } | undefined>;
  /** 0 for an empty stream, `undefined` for none. @throws OSTRAKA_UNREACHABLE. */
  lastPosition(stream: string): Promise<number | undefined>;
  /**
   * What a stream holds, by one request; the first is the last + 1 when it holds none.
   * `undefined` without a stream. @throws OSTRAKA_UNREACHABLE.
   */
  journalBounds(stream: string): Promise<JournalBounds | undefined>;
  /**
   * Makes a journal's stream forget up to a sequence, and never more than up to `most`; see
   * `trimJournal`. @throws OSTRAKA_UNREACHABLE.
   */
  trimJournal(stream: string, upTo: number, most: number): Promise<boolean>;
  /**
   * Lets everything run out that a retired generation's stream holds; the empty stream stays.
   * @returns whether nothing is left: `false` also for one that is bound to other channels, which
   * is not touched. @throws OSTRAKA_UNREACHABLE.
   */
  expireRetired(retired: RetiredStream): Promise<boolean>;
  /** The handler is called with the state of now at once, then at each change. */
  onState(handler: (state: BusState) => void): Subscription;
  close(): Promise<void>;
}

export interface BusOptions {
  readonly urls: readonly string[];
  /** Text of a NATS credentials file. */
  readonly creds?: string;
  /** Path of one, mode 0600; read again at each reconnect, so that credentials can be renewed. */
  readonly credsFile?: string;
  /**
   * PEM file with who must have issued the servers' certificates. With it, or with a `tls://` URL,
   * nothing is said to a server before TLS stands; without it the system's authorities count.
   */
  readonly caFile?: string;
  readonly name: string;
  /** Without a dot at the end; see `inboxPrefix`. */
  readonly inboxPrefix: string;
  readonly log: BusLog;
  /** Wait for a broker that is not there yet instead of failing. */
  readonly isPatient?: boolean;
}
