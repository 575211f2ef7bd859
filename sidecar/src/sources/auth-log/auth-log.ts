// Source `auth-log`: one syslog line in, at most one event out. First stage of the straight line.
// Deterministic: the same lines in the same order give the same events, whatever the time of day.
// Must never let a raw line out of here: an event holds what detectors need and no more (I9).

import type { Event } from "@ostraka/agents/kernel";
import { decodeLine, refusalOf } from "../line-text.ts";
import { Connections } from "./connections.ts";
import { PROGRAMS } from "./programs.ts";
import { readRepeated } from "./repeat.ts";
import { Subjects } from "./subjects.ts";
import { readFrame } from "./syslog.ts";
import { SyslogClock } from "./syslog-time.ts";

export interface AuthLogConfig {
  /** Name of the host in the subjects of its root and system accounts. */
  readonly host: string;
  /** Realm of every other account. */
  readonly realm: string;
  /** Year of the log's first line, for RFC 3164 times. */
  readonly year?: number;
  /** Without `year`: a time at or after the first line (file mtime, now), ms since the epoch. */
  readonly referenceMs?: number;
  /** IANA zone or minutes east of UTC of times that state no offset; UTC without it. */
  readonly zone?: string | number;
}

export type LineRefusal =
  | "too-long"
  | "invalid-utf8"
  | "nul-byte"
  | "empty"
  | "no-time"
  | "bad-time"
  | "no-year"
  | "no-program";

export type ParsedLine =
  | { readonly outcome: "event"; readonly event: Event }
  /** A program we read printed something we do not know. */
  | { readonly outcome: "unparsed"; readonly program: string }
  /** A program we do not read. */
  | { readonly outcome: "foreign"; readonly program: string }
  | { readonly outcome: "refused"; readonly reason: LineRefusal };

export interface AuthLogParser {
  /**
   * Reads one line without its line end. Lines of one log are given in order.
   * @param position identity of the line (source and offset); it becomes the event's id.
   */
  parse(line: Uint8Array | string, position: string): ParsedLine;
}

/** Opens the parser of one log. @throws RangeError when the zone is unknown. */
export function openAuthLog(config: AuthLogConfig): AuthLogParser {
  const clock = new SyslogClock(config);
  const subjects = new Subjects(config.host, config.realm);
  const connections = new Connections();

  function parse(line: Uint8Array | string, position: string): ParsedLine {
    const text = typeof line === "string" ? line : decodeLine(line);
    if (text === undefined) return { outcome: "refused", reason: "invalid-utf8" };
    const refusal = refusalOf(text);
    if (refusal !== undefined) return { outcome: "refused", reason: refusal };
    const frame = readFrame(text, clock);
    if (typeof frame === "string") return { outcome: "refused", reason: frame };
    const program = PROGRAMS.get(frame.program);
    if (program === undefined) return { outcome: "foreign", program: frame.program };
    const context = { subjects, connections, frame };
    const event = readRepeated(frame.message, (message) => program.read(message, context));
    if (event === undefined) return { outcome: "unparsed", program: frame.program };
    event.id = position;
    event.timeMs = frame.timeMs;
    event.service = program.service;
    return { outcome: "event", event };
  }

  return { parse };
}
