// `message repeated N times`: rsyslog's fold of equal messages (omfile, $RepeatedMsgReduction).
// Owns unfolding and its bound.

import { REPEAT_COUNT_MAX } from "../limits.ts";

const REPEATED = /^message repeated (\d{1,7}) times: \[ ?(.*)\]$/;

/**
 * Unfolds rsyslog's `message repeated N times: [ MESSAGE]`. No program prints a stranger's words
 * first, so the fold cannot be forged through a name.
 */
export function unfoldRepeat(message: string): { message: string; count: number } | undefined {
  if (!message.startsWith("message repeated ")) return { message, count: 1 };
  const match = REPEATED.exec(message.trimEnd());
  if (match === null) return undefined;
  const count = Number(match[1]);
  const isPlausible = count >= 1 && count <= REPEAT_COUNT_MAX;
  return isPlausible ? { message: match[2] as string, count } : undefined;
}
