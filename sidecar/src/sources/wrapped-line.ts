// Lines that another program wrapped before they came here: Docker's json-file, the container
// runtime interface of Kubernetes, and journald's JSON. Owns the unwrapping into the line that the
// service wrote; the wrapper's time is used only where the line states none. A wrapper cuts a long
// line: where the rest begins is a stranger's choice, so a piece must never be read as a line.

import { timeOf } from "./records/record-format.ts";

/** `2026-03-03T04:05:06.123456789Z stdout F MESSAGE`. */
const CONTAINER = /^(\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([FP]) /;

export interface Wrapped {
  readonly line: string;
  readonly timeMs: number;
  /** The lines of one stream follow on one another. */
  readonly stream: string;
  /** The line goes on in the stream's next one. */
  readonly isCut: boolean;
}

/** The line within a line of a container's log; nothing when it is none. */
export function unwrapContainerLine(text: string): Wrapped | undefined {
  const match = CONTAINER.exec(text);
  const timeMs =
    match === null ? undefined : timeOf((match[1] as string).replace(/\.(\d{3})\d*/, ".$1"));
  if (match === null || timeMs === undefined) return undefined;
  const line = text.slice(match[0].length);
  return { line, timeMs, stream: match[2] as string, isCut: match[3] === "P" };
}

/** The line within a record of Docker or of journald; nothing when the record is neither. */
export function unwrapRecord(record: Readonly<Record<string, unknown>>): Wrapped | undefined {
  const { log, stream, time } = record;
  if (typeof log === "string" && (stream === "stdout" || stream === "stderr")) {
    const timeMs = timeOf(typeof time === "string" ? time.replace(/\.(\d{3})\d*/, ".$1") : time);
    if (timeMs === undefined) return undefined;
    return { line: log.trimEnd(), timeMs, stream, isCut: !log.endsWith("\n") };
  }
  const { MESSAGE: message, SYSLOG_IDENTIFIER: tag, _PID: pid } = record;
  const timeMs = timeOf(record["__REALTIME_TIMESTAMP"]);
  if (typeof message !== "string" || typeof tag !== "string" || timeMs === undefined)
    return undefined;
  // A tag with a space or a colon would be another one in the line.
  if (!/^[\w./()-]{1,64}$/.test(tag)) return undefined;
  const process = typeof pid === "string" && /^\d{1,10}$/.test(pid) ? `[${pid}]` : "";
  const line = `${new Date(timeMs).toISOString()} host ${tag}${process}: ${message}`;
  const unit = `${tag} ${String(record["_STREAM_ID"]).slice(0, 64)}`;
  const isCut = record["_LINE_BREAK"] === "line-max";
  return { line: line.replace(/\n/g, " "), timeMs, stream: unit, isCut };
}
