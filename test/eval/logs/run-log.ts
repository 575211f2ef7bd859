// A log from its first line to its last through parser and scorer under the default policy: what
// the sets that are logs have in common. Owns no figure and reads no label.

import type { Event } from "@ostraka/agents/kernel";
import { DEFAULT_SCORER_POLICY, openScorer } from "@ostraka/agents/scorer";
import { type FormatParser, isFormat, openFormat } from "../../../sidecar/src/sources/formats.ts";

/** A time after every log of the sets, for those that state no year. */
const REFERENCE_MS = Date.UTC(2026, 11, 31);

/** One attempt, as the parser read it. */
export interface Attempt {
  readonly source: string;
  readonly line: number;
  readonly timeMs: number;
}

export interface LogRun {
  readonly failures: readonly Attempt[];
  readonly successes: readonly Attempt[];
  /** Line of the first signal and of the first lease by subject. */
  readonly signalled: ReadonlyMap<string, number>;
  readonly leased: ReadonlyMap<string, number>;
  readonly signals: number;
  /** Lines that gave an event about somebody. */
  readonly told: number;
}

/** The parser of a format as an operator would name it; `auto` where there is none of the name. */
export function parserOf(name: string): FormatParser {
  const options = { host: "host", realm: "eval", referenceMs: REFERENCE_MS };
  const parser = openFormat(isFormat(name) ? name : "auto", options);
  if (parser === undefined) throw new Error(`${name} is no format any more`);
  return parser;
}

/** @param lines without their line ends */
export function runLog(lines: readonly string[], parser: FormatParser): LogRun {
  const failures: Attempt[] = [];
  const successes: Attempt[] = [];
  const signalled = new Map<string, number>();
  const leased = new Map<string, number>();
  let line = 0;
  let signals = 0;
  let told = 0;
  const scorer = openScorer({ policy: DEFAULT_SCORER_POLICY });
  const out = {
    signal: ({ subject }: { subject: string }) => {
      signals++;
      if (!signalled.has(subject)) signalled.set(subject, line);
    },
    lease: ({ subject }: { subject: string }) => {
      if (!leased.has(subject)) leased.set(subject, line);
    },
  };
  const take = (event: Event) => {
    if (event.kind !== "service-notice" && (event.address ?? event.account) !== undefined) told++;
    if (event.address !== undefined) {
      const attempt = { source: event.address, line, timeMs: event.timeMs };
      if (event.kind === "login-failed") failures.push(attempt);
      if (event.kind === "login-succeeded") successes.push(attempt);
    }
    scorer.step({ type: "event", event }, out);
  };
  for (const [index, text] of lines.entries()) {
    line = index + 1;
    const parsed = parser.parse(text, `eval:${index}`);
    if (parsed.outcome === "event") take(parsed.event);
    else if (parsed.outcome === "events") for (const event of parsed.events) take(event);
  }
  return { failures, successes, signalled, leased, signals, told };
}
