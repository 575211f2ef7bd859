// Times as flags carry them: ISO 8601 with a zone, or so long before now. Guesses at nothing: a
// time without a zone would mean another hour to whoever reads it elsewhere.

import { parseDuration } from "@ostraka/agents/node";
import { usage } from "../failure.ts";

const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/**
 * Milliseconds since the Unix epoch of `2026-11-24T09:00:00Z`, `2026-11-24` (UTC) or `2h` (ago).
 * @throws OstrakaError OSTRAKA_USAGE naming the flag.
 */
export function timeOf(flag: string, text: string, nowMs: number): number {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return nowMs - agoMs;
  const ms = ISO.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw usage(
    `${flag} ${text.slice(0, 40)}: give a time such as 2026-11-24T09:00:00Z, or how long ago: 2h`,
  );
}
