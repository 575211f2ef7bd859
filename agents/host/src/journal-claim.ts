// Hands a journal's channels from the stream of one generation to the next one's: the old stream is
// bound elsewhere and kept for whoever wants to know what happened, until an erasure, which wins
// over the evidence of a damaged journal. Must never let a stream run out that a journal still has.

import { isHostsJournal, OstrakaError } from "@ostraka/proto";
import { type JetStreamManager, type NatsConnection, nanos } from "nats";
import { managerOf, readStreamInfo } from "./journal-nats.ts";

export interface RetiredStream {
  readonly stream: string;
  /** What it is bound to from now on. */
  readonly channel: string;
}

/** See `Bus.claimJournal`. */
export async function claimJournal(
  connection: NatsConnection,
  stream: string,
  channels: readonly string[],
  retired: readonly RetiredStream[],
): Promise<void> {
  const manager = await managerOf(connection);
  const bound = await readStreamInfo(manager, stream);
  if (bound !== undefined && isSame(bound.config.subjects, channels)) return;
  // Two streams cannot have one channel: the old ones let go BEFORE.
  for (const old of retired) await bind(manager, old.stream, [old.channel]);
  await bind(manager, stream, channels);
}

/** How old what a retired stream holds may be once it is let run out. */
const RUN_OUT_MS = 1_000;

/** See `Bus.expireRetired`. */
export async function expireRetired(
  connection: NatsConnection,
  { stream, channel }: RetiredStream,
): Promise<boolean> {
  const manager = await managerOf(connection);
  const info = await readStreamInfo(manager, stream);
  if (info === undefined) return true;
  if (!isSame(info.config.subjects, [channel])) return false;
  if (info.config.max_age === 0 && info.state.messages > 0) {
    const age = nanos(RUN_OUT_MS);
    // JetStream remembers message ids no longer than the messages.
    const settings = { max_age: age, duplicate_window: age };
    try {
      await manager.streams.update(stream, { ...info.config, ...settings });
    } catch (cause) {
      const why = `cannot let ${stream} run out: JetStream does not take an age, nothing was lost`;
      throw new OstrakaError("OSTRAKA_UNREACHABLE", why, { cause });
    }
  }
  return (await readStreamInfo(manager, stream))?.state.messages === 0;
}

async function bind(
  manager: JetStreamManager,
  stream: string,
  channels: readonly string[],
): Promise<void> {
  const info = await readStreamInfo(manager, stream);
  if (info === undefined || isSame(info.config.subjects, channels)) return;
  try {
    // What hosts publish is not acknowledged from the first moment on: see `openJournal`.
    const settings = { subjects: [...channels], no_ack: channels.some(isHostsJournal) };
    await manager.streams.update(stream, { ...info.config, ...settings });
  } catch (error) {
    // Another replica may have done it at the same time: what counts is what is read back.
    const now = await readStreamInfo(manager, stream);
    if (now !== undefined && isSame(now.config.subjects, channels)) return;
    const reason = error instanceof Error ? error.message : String(error);
    throw new OstrakaError(
      "OSTRAKA_UNREACHABLE",
      `cannot bind ${stream} to ${channels.join(", ")}: JetStream answers "${reason}". ` +
        "Check which other stream has these channels.",
      { cause: error },
    );
  }
}

function isSame(found: readonly string[], wanted: readonly string[]): boolean {
  return found.length === wanted.length && wanted.every((channel, i) => found[i] === channel);
}
