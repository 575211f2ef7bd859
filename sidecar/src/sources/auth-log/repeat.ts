// `message repeated N times`: rsyslog's fold of equal messages (omfile, $RepeatedMsgReduction).
// Owns unfolding and its bound.

import { REPEAT_COUNT_MAX } from "../limits.ts";
import type { Observation } from "./observation.ts";

const REPEATED = /^message repeated (\d{1,7}) times: \[ ?(.*)\]$/;

/**
 * Reads a message, or the one inside rsyslog's `message repeated N times: [ MESSAGE]`, counted so.
 * No program prints a stranger's words first, so the fold cannot be forged through a name.
 */
export function readRepeated(
  message: string,
  read: (message: string) => Observation | undefined,
): Observation | undefined {
  if (!message.startsWith("message repeated ")) return read(message);
  const match = REPEATED.exec(message.trimEnd());
  if (match === null) return undefined;
  const count = Number(match[1]);
  if (count < 1 || count > REPEAT_COUNT_MAX) return undefined;
  const observation = read(match[2] as string);
  if (observation !== undefined) observation.count *= count;
  return observation;
}
