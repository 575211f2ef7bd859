// What a status says of the NATS servers that hold a journal: too few of them, or some that do not
// follow. Says only what it was told; the journal is whole all the same.

import type { JournalPlaces } from "@ostraka/host";

/** Messages that are merely on their way. */
const BACKLOG_MAX = 500;

/** Of what came lately: from here on one sender is the reason. */
const FLOODER_PERCENT_MIN = 50;

/**
 * What a status says of messages that wait to be applied.
 * @param name of the ledger.
 * @param most who sent most of what came lately.
 */
export function backlogNotes(
  name: string,
  isControl: boolean,
  backlog: number,
  most?: { readonly sender: string; readonly percent: number },
): string[] {
  if (backlog <= BACKLOG_MAX) return [];
  const effect = isControl
    ? "commands wait behind them"
    : "machines' verdicts wait behind them, kill switches do not";
  const why =
    most !== undefined && most.percent >= FLOODER_PERCENT_MIN
      ? `${most.percent} % of what came in the last minute is from ${most.sender}: look at it first`
      : "many send much, or this machine is too slow";
  return [`${name}: ${backlog} messages of its journal are not applied yet: ${effect}; ${why}`];
}

/**
 * @param wanted how many servers the configuration asks for.
 * @param name of the ledger, first in each sentence.
 */
export function placeNotes(
  name: string,
  wanted: number,
  places: JournalPlaces | undefined,
): string[] {
  if (places === undefined) return [];
  const { replicas, missing } = places;
  const notes: string[] = [];
  if (replicas < wanted) {
    notes.push(
      `${name}: its journal lies on ${replicas} of ${wanted} NATS servers: see that ${wanted} ` +
        "form one cluster, then start a coordinator again to spread it",
    );
  }
  if (missing.length > 0) {
    const have = replicas - missing.length;
    const more = have > Math.floor(replicas / 2) + 1 ? "" : " before another one goes";
    notes.push(
      `${name}: ${have} of ${replicas} NATS servers hold its journal: start ${missing.join(", ")}` +
        more,
    );
  }
  return notes;
}
