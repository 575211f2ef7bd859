// Durations as flags carry them: `90s`, `10m`, `1h`. The same spelling as in a policy; nothing else
// is guessed at.

import { parseDuration } from "@ostraka/agents/node";
import { usage } from "./failure.ts";

/** Milliseconds of a flag's text. @throws OstrakaError OSTRAKA_USAGE naming the flag. */
export function durationOf(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw usage(`${flag} ${text.slice(0, 40)}: give a duration such as 90s, 10m or 1h`);
}
