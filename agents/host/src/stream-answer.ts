// What a JetStream server says of a stream, and whether it can know. In a cluster a server that has
// lost its leader, or that was paused while the others went on, answers from a copy that lags: that
// looks like a journal that was rolled back, and is none. Owns the rule which answers count (I3).

import { OstrakaError } from "@ostraka/proto";
import {
  ErrorCode,
  type JetStreamManager,
  type NatsConnection,
  NatsError,
  type StreamInfo,
} from "nats";

/** Error codes of the JetStream API (nats-server server/errors.json). */
const STREAM_NOT_FOUND = 10_059;
/** Servers that have just started may not know all streams yet: absence is asked for this often. */
const ABSENT_TIMES = 3;
const ABSENT_AGAIN_MS = 400;
const API_MS_MAX = 2_000;
/**
 * A leader that has not heard of a majority for longer may have been replaced: servers choose
 * another after 4 s without one (nats-server raft.go, minElectionTimeout), and hear of it every
 * second.
 */
const HEARD_MS_MAX = 3_000;
const NANOS_PER_MS = 1_000_000;

/** How a stream is held by the servers of a cluster. */
export interface JournalPlaces {
  /** How many servers are to hold it. */
  readonly replicas: number;
  /** Name of the server that leads; "" where there is only one. */
  readonly leader: string;
  /** Names of those that do not follow now. */
  readonly missing: readonly string[];
}

/**
 * What the stream's leader says of it; `undefined` when there is no such stream.
 * @throws OstrakaError OSTRAKA_UNREACHABLE without an answer that counts.
 */
export async function readStreamInfo(
  manager: JetStreamManager,
  stream: string,
): Promise<StreamInfo | undefined> {
  const timesMax = isClustered(manager) ? ABSENT_TIMES : 1;
  for (let times = 1; ; times++) {
    const info = await ask(manager, stream);
    if (info !== undefined) {
      if (isFromLeader(info)) return info;
      throw new OstrakaError(
        "OSTRAKA_UNREACHABLE",
        `cannot read ${stream}: its NATS servers are choosing a leader. It is asked again; if ` +
          "that goes on, start the servers that are down.",
      );
    }
    if (times >= timesMax) return undefined;
    await new Promise((resolve) => setTimeout(resolve, ABSENT_AGAIN_MS));
  }
}

/** One answer, whoever gives it. Errors as `readStreamInfo`. */
export async function ask(
  manager: JetStreamManager,
  stream: string,
): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(stream);
  } catch (error) {
    if (apiCode(error) === STREAM_NOT_FOUND) return undefined;
    throw unreachable(`read ${stream}`, error);
  }
}

/** True for a server alone, and for a leader that has heard of a majority just now. */
export function isFromLeader({ config, cluster }: Pick<StreamInfo, "config" | "cluster">): boolean {
  const others = config.num_replicas - 1;
  if (others <= 0 || cluster === undefined) return true;
  if (!cluster.leader) return false;
  const heard = (cluster.replicas ?? []).filter(
    ({ active, offline }) => offline !== true && active / NANOS_PER_MS <= HEARD_MS_MAX,
  );
  // Itself and these are a majority.
  return heard.length >= Math.ceil(others / 2);
}

/** Which servers hold a stream and which of them lag or are away. */
export function placesOf({
  config,
  cluster,
}: Pick<StreamInfo, "config" | "cluster">): JournalPlaces {
  const missing = (cluster?.replicas ?? [])
    .filter(({ active, offline }) => offline === true || active / NANOS_PER_MS > HEARD_MS_MAX)
    .map(({ name }) => name);
  return {
    replicas: config.num_replicas,
    leader: cluster?.leader ?? "",
    missing: missing.sort(),
  };
}

const clustered = new WeakSet<JetStreamManager>();

/** JetStream's API; nothing is asked yet. */
export async function managerOf(connection: NatsConnection): Promise<JetStreamManager> {
  const manager = await connection.jetstreamManager({ timeout: API_MS_MAX, checkAPI: false });
  if ((connection.info?.cluster ?? "") !== "") clustered.add(manager);
  return manager;
}

/** Whether the server that we talk to is one of several. */
export function isClustered(manager: JetStreamManager): boolean {
  return clustered.has(manager);
}

/** JetStream's own error code, or `undefined`. */
export function apiCode(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined;
}

/** JetStream gives no answer to go on with. */
export function unreachable(what: string, error: unknown): OstrakaError {
  const reason = reasonOf(error);
  const isTimeout = error instanceof NatsError && error.code === ErrorCode.Timeout;
  return new OstrakaError(
    "OSTRAKA_UNREACHABLE",
    `cannot ${what}: JetStream ${isTimeout ? "does not answer" : `answers "${reason}"`}. ` +
      "Check that the NATS server runs with JetStream and that these credentials may use it.",
    { cause: error },
  );
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
