// A log from its first line to its last through parser and scorer under the default policy: what
// the sets that are logs have in common. Owns no figure and reads no label.

import type { Event } from "@ostraka/agents/kernel";
import { RuleBook } from "@ostraka/agents/rules";
import { DEFAULT_SCORER_POLICY, openScorer, type RuleSet } from "@ostraka/agents/scorer";
import { loadRules, STARTER } from "../../../sidecar/src/rule-files.ts";
import { type FormatParser, isFormat, openFormat } from "../../../sidecar/src/sources/formats.ts";

/** A time after every log of the sets, for those that state no year. */
const REFERENCE_MS = Date.UTC(2026, 11, 31);

/** Records that no starter rule reads: their host would be configured without rules. */
const WITHOUT_RULES: ReadonlySet<string | undefined> = new Set([
  ...[undefined, "json.login", "linux.auditd"],
]);
let starter: RuleSet | undefined;

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
  const read = eventsOf(lines, parser);
  const scorer = openScorer({ policy: DEFAULT_SCORER_POLICY, ...rulesFor(read) });
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
  for (const { event, at } of read) {
    line = at;
    take(event);
  }
  return { failures, successes, signalled, leased, signals, told };
}

interface ReadEvent {
  readonly event: Event;
  /** Number of its line, from 1. */
  readonly at: number;
}

function eventsOf(lines: readonly string[], parser: FormatParser): ReadEvent[] {
  return lines.flatMap((text, index) => {
    const parsed = parser.parse(text, `eval:${index}`);
    if (parsed.outcome === "event") return [{ event: parsed.event, at: index + 1 }];
    if (parsed.outcome !== "events") return [];
    return parsed.events.map((event) => ({ event, at: index + 1 }));
  });
}

/** The starter rules where they read records of the log, as its host would be configured. */
function rulesFor(events: readonly ReadEvent[]): { rules?: RuleSet } {
  if (events.every(({ event }) => WITHOUT_RULES.has(event.recordType))) return {};
  starter ??= loadRules([STARTER]);
  return { rules: new RuleBook(starter) };
}
