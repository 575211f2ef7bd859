// The frame of a syslog line: time, host, program tag, process id, message.
// Reads RFC 3164, RFC 5424 and rsyslog's traditional form with an ISO time, each with or without
// `<PRI>`. Only the tag in its own place names the program: text that imitates a tag is a message.

import type { SyslogClock } from "./syslog-time.ts";

export interface SyslogFrame {
  readonly timeMs: number;
  /** Host as the line names it; empty where the writer left it out. */
  readonly host: string;
  readonly program: string;
  /** Process id; empty where the tag has none. */
  readonly pid: string;
  readonly message: string;
}

export type FrameRefusal = "no-time" | "bad-time" | "no-year" | "no-program";

const PRIORITY = /^<\d{1,3}>/;
const RFC5424 = /^1 (\S+) (\S+) (\S+) (\S+) \S+ /;
// The fraction is journalctl's (`-o short-precise`).
const TRADITIONAL =
  /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) ([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(\.\d{1,9})? /;
const ISO_START = /^\d{4}-\d\d-\d\dT\S+ /;
// `Mar  3 04:05:06 `, as every writer pads it but a few.
const PADDED_LENGTH = 16;
// A tag as rsyslog and journald write it; BSD and macOS writers without a host put it in brackets.
const TAG = /([A-Za-z0-9_./()-]{1,64})(?:\[(\d{1,10})\])?:(?: |$)/y;
const BRACKETED_TAG = /\[([A-Za-z0-9_.-]{1,64})\]:? /y;
const SOLARIS_MESSAGE_ID = /^\[ID \d+ [a-z0-9.]+\] /;
const STRUCTURED_DATA = /(?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+)(?: |$)/y;

type TraditionalMatch = [string, string, string, string, string, string, string | undefined];

/** Takes a line apart, or says why it is none. The line has no line end and no NUL. */
export function readFrame(line: string, clock: SyslogClock): SyslogFrame | FrameRefusal {
  // Lines come in bursts of one second: most begin exactly as the line before.
  const sameMs = clock.sameTime(line);
  if (sameMs !== undefined) return readTagged(line, PADDED_LENGTH, sameMs);
  const text = line.charCodeAt(0) === 60 ? line.replace(PRIORITY, "") : line;
  const traditional = TRADITIONAL.exec(text);
  if (traditional !== null) {
    const [header, month, day, h, m, s, fraction] = traditional as unknown as TraditionalMatch;
    const secondOfDay = (Number(h) * 60 + Number(m)) * 60 + Math.min(Number(s), 59);
    const timeMs = clock.readTraditional(month, day, secondOfDay);
    if (typeof timeMs === "string") return timeMs;
    const ms = fraction === undefined ? 0 : Math.floor(Number(fraction) * 1000);
    if (header.length === PADDED_LENGTH) clock.remember(header, timeMs);
    return readTagged(text, header.length, timeMs + ms);
  }
  const iso = ISO_START.exec(text);
  if (iso !== null) {
    const timeMs = clock.readIso(iso[0].slice(0, -1));
    if (typeof timeMs === "string") return timeMs;
    return readTagged(text, iso[0].length, timeMs);
  }
  return text.length < line.length ? readRfc5424(text, clock) : "no-time";
}

function readTagged(text: string, start: number, timeMs: number): SyslogFrame | FrameRefusal {
  const space = text.indexOf(" ", start);
  if (space < 0) return "no-program";
  const hasHost = text.charCodeAt(space - 1) !== 58 && text.charCodeAt(start) !== 91;
  const tagAt = hasHost ? space + 1 : start;
  const tag = text.charCodeAt(tagAt) === 91 ? BRACKETED_TAG : TAG;
  tag.lastIndex = tagAt;
  const match = tag.exec(text);
  if (match === null) return "no-program";
  return {
    timeMs,
    host: hasHost ? text.slice(start, space) : "",
    program: match[1] as string,
    pid: match[2] ?? "",
    message: withoutMessageId(text.slice(tag.lastIndex)),
  };
}

// RFC 5424 section 6: VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA [MSG].
function readRfc5424(text: string, clock: SyslogClock): SyslogFrame | FrameRefusal {
  const match = RFC5424.exec(text);
  if (match === null) return "no-time";
  const [header, time, host, program, pid] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
  ];
  const timeMs = clock.readIso(time);
  if (typeof timeMs === "string") return timeMs;
  STRUCTURED_DATA.lastIndex = header.length;
  if (program === "-" || !STRUCTURED_DATA.test(text)) return "no-program";
  const message = text.slice(STRUCTURED_DATA.lastIndex);
  return {
    timeMs,
    host: host === "-" ? "" : host,
    program,
    pid: /^\d{1,10}$/.test(pid) ? pid : "",
    message: message.startsWith("\uFEFF") ? message.slice(1) : message,
  };
}

function withoutMessageId(message: string): string {
  return message.charCodeAt(0) === 91 ? message.replace(SOLARIS_MESSAGE_ID, "") : message;
}
