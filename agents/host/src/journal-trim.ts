// Makes a journal's stream forget its oldest messages. A journal's stream denies deleting and
// purging, so that no reflected message can empty it: what is left is a limit on the number of
// messages, set for a moment. Must never let the stream lose a message above what it was allowed.

import { OstrakaError } from "@ostraka/proto";
import {
  DiscardPolicy,
  type JetStreamManager,
  type NatsConnection,
  type StreamConfig,
  type StreamInfo,
} from "nats";
import { managerOf, readStreamInfo } from "./journal-nats.ts";

/** Messages that may come between reading the end of the stream and setting the limit. */
const ARRIVALS_LEAST = 50;
/** The limit is set within this many round trips. */
const ROUND_TRIPS = 20;
const RESTORE_TRIES = 5;

interface TrimLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * Forgets messages up to a sequence.
 * @param upTo last sequence to forget.
 * @param most last sequence that may be forgotten: new messages push the limit on meanwhile.
 * @returns whether nothing up to there is left; `false` when so many messages come that `most` is
 * too near: try again with a later one.
 * @throws OstrakaError OSTRAKA_UNREACHABLE.
 */
export async function trimJournal(
  connection: NatsConnection,
  stream: string,
  upTo: number,
  most: number,
  log: TrimLog,
): Promise<boolean> {
  const manager = await managerOf(connection);
  const before = await readStreamInfo(manager, stream);
  if (before === undefined || before.state.first_seq > upTo) return before !== undefined;
  const now = await readStreamInfo(manager, stream);
  if (now === undefined || now.created !== before.created) return false;
  const arrivals = now.state.last_seq - before.state.last_seq;
  const isNear = most - upTo < ARRIVALS_LEAST + arrivals * ROUND_TRIPS;
  // Nothing to keep would read as no limit; and a stream with holes is not what it was.
  const keep = now.state.last_seq - upTo;
  if (isNear || keep < 1 || now.state.last_seq < most || !isContiguous(now)) return false;
  const settings = { ...now.config, ...UNLIMITED };
  try {
    const limit = { discard: DiscardPolicy.Old, max_msgs: keep };
    await manager.streams.update(stream, { ...settings, ...limit });
  } catch (cause) {
    const why = `cannot trim ${stream}: JetStream does not take a limit, nothing was forgotten`;
    throw new OstrakaError("OSTRAKA_UNREACHABLE", why, { cause });
  } finally {
    await restore(manager, stream, settings, log);
  }
  const after = await readStreamInfo(manager, stream);
  const first = after?.state.first_seq ?? 0;
  log.debug({ stream, first }, "a journal's stream has forgotten what sealed snapshots hold");
  return first > upTo;
}

const UNLIMITED = { discard: DiscardPolicy.New, max_msgs: -1 } as const;

/** Whether a stream was left with the limit of a trim that its coordinator did not live to end. */
export function isTrimLeft({ discard, max_msgs: most }: StreamConfig): boolean {
  return discard === DiscardPolicy.Old && most > 0;
}

/** Takes the limit of an unfinished trim off again. */
export async function endTrim(
  manager: JetStreamManager,
  stream: string,
  config: StreamConfig,
  log: TrimLog,
): Promise<void> {
  await restore(manager, stream, { ...config, ...UNLIMITED }, log);
}

async function restore(
  manager: JetStreamManager,
  stream: string,
  settings: StreamConfig,
  log: TrimLog,
): Promise<void> {
  let cause: unknown;
  for (let tries = 0; tries < RESTORE_TRIES; tries++) {
    try {
      await manager.streams.update(stream, settings);
      return;
    } catch (error) {
      cause = error;
      log.warn({ stream, reason: String(error) }, "a journal's stream still has a limit");
    }
  }
  throw new OstrakaError(
    "OSTRAKA_UNREACHABLE",
    `cannot take the limit off ${stream}: every coordinator tries again at its next look`,
    { cause },
  );
}

function isContiguous({ state }: StreamInfo): boolean {
  return state.messages === state.last_seq - state.first_seq + 1;
}
