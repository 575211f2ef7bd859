// The formats a log may be in, by name: `auth-log`, any record or text format, or `auto`. Owns the
// choice and the first look at a line. Everything behind it is pure; nothing here reads a file.

import type { Event } from "@ostraka/agents/kernel";
import {
  type AuthLogConfig,
  type LineRefusal,
  openAuthLog,
  type ParsedLine,
} from "./auth-log/auth-log.ts";
import { Subjects } from "./auth-log/subjects.ts";
import { SyslogClock } from "./auth-log/syslog-time.ts";
import { makeEvent, type Names } from "./facts.ts";
import { AUTO_FORMAT, DEFAULT_FORMAT } from "./format-names.ts";
import { CUT_STREAMS_MAX, LINE_BYTES_MAX, RECORD_CHARS_MAX } from "./limits.ts";
import { decodeLine, refusalOf } from "./line-text.ts";
import { JsonAssembler } from "./records/json-assembler.ts";
import { JSON_LOGIN, namesTwoClients, readLogin } from "./records/json-login.ts";
import { type JsonRefusal, readJsonRecords } from "./records/json-text.ts";
import { isLogfmt, readCommaPairs, readDatedPairs, readLogfmt } from "./records/logfmt.ts";
import {
  openRecordReader,
  RECORD_FORMATS,
  type RecordReader,
  recordFormatOf,
} from "./records/records.ts";
import { isTextFormat, OWN_FORMATS, TEXT_FORMATS, textFormatOf } from "./text/format-table.ts";
import { readStamp } from "./text/stamp.ts";
import { TextLog } from "./text/text-log.ts";
import { unwrapContainerLine, unwrapRecord, type Wrapped } from "./wrapped-line.ts";

export interface FormatOptions extends AuthLogConfig {}

/** What a line of any format says. A line that holds several records gives several events. */
export type FormatLine =
  | ParsedLine
  | { readonly outcome: "events"; readonly events: readonly Event[] }
  /** Part of a record that is spread over lines. */
  | { readonly outcome: "continued" }
  | { readonly outcome: "refused"; readonly reason: LineRefusal | JsonRefusal };

export interface FormatParser {
  /**
   * Reads one line without its line end. Lines of one log are given in order. Never throws.
   * @param position identity of the line (source and offset); it becomes the event's id.
   */
  parse(line: Uint8Array | string, position: string): FormatLine;
  /** Bytes of the longest line that the format has. */
  readonly lineBytesMax: number;
}

/** Every name that `openFormat` takes, for a message that lists them. */
export function formatNames(): readonly string[] {
  return [
    DEFAULT_FORMAT,
    AUTO_FORMAT,
    ...RECORD_FORMATS.map(({ type }) => type),
    ...TEXT_FORMATS.map(({ name }) => name),
    ...OWN_FORMATS.keys(),
  ].sort();
}

export function isFormat(name: string): boolean {
  const isBuiltIn = name === DEFAULT_FORMAT || name === AUTO_FORMAT;
  return isBuiltIn || recordFormatOf(name) !== undefined || isTextFormat(name);
}

/**
 * Opens the parser of one log.
 * @returns nothing when there is no format of that name.
 * @throws RangeError when the zone is unknown.
 */
export function openFormat(name: string, options: FormatOptions): FormatParser | undefined {
  if (!isFormat(name)) return undefined;
  if (name === DEFAULT_FORMAT) {
    const { parse } = openAuthLog(options);
    return { parse, lineBytesMax: LINE_BYTES_MAX };
  }
  return new MixedLog(name, options);
}

/** Colours for a terminal, which some services write into files as well. */
const COLOUR = /\u001b\[[\d;]{0,16}m/g;

// One log may hold lines of several kinds: a service that prints JSON behind a syslog tag, or text
// until it was told to print JSON. The first bytes decide.
class MixedLog implements FormatParser {
  readonly lineBytesMax = RECORD_CHARS_MAX;
  readonly #records: RecordReader;
  readonly #text: TextLog;
  readonly #clock: SyslogClock;
  readonly #names: Names;
  readonly #service: string | undefined;
  readonly #assembler = new JsonAssembler();
  /** Streams whose last line goes on in their next. */
  readonly #cut = new Set<string>();

  constructor(name: string, options: FormatOptions) {
    const recordFormat = recordFormatOf(name);
    const textFormat = textFormatOf(name);
    const { host, realm } = options;
    this.#records = openRecordReader({
      ...{ host, realm },
      // A program without a schema may print records of one that has: they are told apart.
      ...(recordFormat !== undefined && recordFormat !== JSON_LOGIN && { format: recordFormat }),
      ...(name !== AUTO_FORMAT && name !== "syslog" && { service: name }),
    });
    this.#text = new TextLog({
      ...options,
      ...(textFormat !== undefined && { format: textFormat }),
      readJson: (message, timeMs, position) => this.#readMessage(message, timeMs, position),
    });
    this.#clock = new SyslogClock(options);
    this.#names = { subjects: new Subjects(host, realm), realm };
    this.#service = name === AUTO_FORMAT || name === "syslog" ? undefined : name;
  }

  parse(line: Uint8Array | string, position: string): FormatLine {
    const given = typeof line === "string" ? line : decodeLine(line, RECORD_CHARS_MAX);
    if (given === undefined) return { outcome: "refused", reason: "invalid-utf8" };
    const text = given.includes("\u001b") ? given.replace(COLOUR, "") : given;
    const refusal = refusalOf(text, RECORD_CHARS_MAX);
    if (refusal !== undefined) return { outcome: "refused", reason: refusal };
    // What is no part of JSON ends a record that was never finished.
    if (this.#assembler.isOpen && !/^[\s{}[\]",]/.test(text)) this.#assembler.reset();
    const first = text.charCodeAt(0);
    const isJson = first === 123 || (first === 91 && /^\[\s*(?:\{|$)/.test(text));
    if (isJson || this.#assembler.isOpen || /^\s+["{}\]]/.test(text)) {
      return this.#readSpread(text, position);
    }
    if (text.length > LINE_BYTES_MAX) return { outcome: "refused", reason: "too-long" };
    const wrapped = unwrapContainerLine(text);
    return wrapped === undefined ? this.#readLine(text, position) : this.#unwrap(wrapped, position);
  }

  #readLine(text: string, position: string): FormatLine {
    return this.#readPairs(text, position) ?? this.#text.parse(text, position);
  }

  /** What a service wrote into its container's log, or journald's: unwrapped once, never twice. */
  #unwrap(wrapped: Wrapped, position: string): FormatLine {
    const { line, timeMs } = wrapped;
    if (this.#isPiece(wrapped)) return { outcome: "refused", reason: "too-long" };
    if (line.charCodeAt(0) === 123) {
      return (
        this.#readMessage(line, timeMs, position) ?? { outcome: "refused", reason: "bad-json" }
      );
    }
    if (line.length > LINE_BYTES_MAX) return { outcome: "refused", reason: "too-long" };
    const direct = this.#readLine(line, position);
    if (direct.outcome !== "refused" || direct.reason !== "no-time") return direct;
    return this.#readLine(`${new Date(timeMs).toISOString()} ${line}`, position);
  }

  /** Whether a line is cut, or the rest of one that was. */
  #isPiece({ stream, isCut }: Wrapped): boolean {
    const isRest = this.#cut.delete(stream);
    if (!isCut) return isRest;
    if (this.#cut.size < CUT_STREAMS_MAX) this.#cut.add(stream);
    return true;
  }

  /** JSON that stands where a text log has its message; the line's time if it has none. */
  #readMessage(message: string, timeMs: number, position: string): ParsedLine | undefined {
    const records = readJsonRecords(message);
    const [record] = typeof records === "string" ? [] : records;
    if (record === undefined) return undefined;
    const event =
      this.#records.read(record, position) ??
      this.#records.read({ ...record, time: timeMs }, position);
    return event === undefined ? undefined : { outcome: "event", event };
  }

  /** JSON that may go on over lines. */
  #readSpread(text: string, position: string): FormatLine {
    const isStart = text.charCodeAt(0) === 123 || text.charCodeAt(0) === 91;
    const whole = isStart ? this.#readJson(text, position) : undefined;
    if (whole !== undefined && !(whole.outcome === "refused" && whole.reason === "bad-json")) {
      this.#assembler.reset();
      return whole;
    }
    // A line that looks whole and is not, such as one cut in the middle and glued to the next.
    if (isStart && text.length > 1 && text.endsWith("}")) {
      this.#assembler.reset();
      return whole as FormatLine;
    }
    const assembled = this.#assembler.push(text);
    if (assembled.outcome === "continued") return assembled;
    if (assembled.outcome === "too-long") return { outcome: "refused", reason: "too-long" };
    return this.#readJson(assembled.text, position);
  }

  #readJson(text: string, position: string): FormatLine {
    const records = readJsonRecords(text);
    if (typeof records === "string") return { outcome: "refused", reason: records };
    if (records.length === 1) {
      const wrapped = unwrapRecord(records[0] ?? {});
      if (wrapped !== undefined) return this.#unwrap(wrapped, position);
      const event = this.#records.read(records[0] ?? {}, position);
      return event === undefined
        ? { outcome: "refused", reason: "no-time" }
        : { outcome: "event", event };
    }
    const events = records.flatMap((record, i) => {
      const event = this.#records.read(record, `${position}/${i}`);
      return event === undefined ? [] : [event];
    });
    // A collector may hand over failures first, which would look like a run of them.
    return { outcome: "events", events: events.sort((a, b) => a.timeMs - b.timeMs) };
  }

  #readPairs(text: string, position: string): FormatLine | undefined {
    const pairs =
      readDatedPairs(text) ??
      (isLogfmt(text) && !text.startsWith("type=") ? readLogfmt(text) : this.#keycloakPairs(text));
    if (pairs === undefined) return undefined;
    const said = readLogin(pairs);
    if (said === undefined) return undefined;
    const facts = namesTwoClients(pairs) ? { ...said, ip: undefined } : said;
    const event = makeEvent(facts, this.#service ?? "json.login", position, this.#names);
    return event === undefined
      ? { outcome: "refused", reason: "bad-time" }
      : { outcome: "event", event };
  }

  /** `TIME LEVEL [org.keycloak.events] (thread) type=LOGIN_ERROR, realmId=…`. */
  #keycloakPairs(text: string): Record<string, string> | undefined {
    const at = text.indexOf(") type=");
    const isKeycloak =
      at > 0 && /\[org\.key(?:cloak)?\.events\] \([^()]{1,64}$/.test(text.slice(0, at));
    if (!isKeycloak) return undefined;
    const stamp = readStamp(text, this.#clock);
    const pairs = stamp === undefined ? undefined : readCommaPairs(text.slice(at + 2));
    if (stamp === undefined || pairs === undefined) return undefined;
    return Object.assign(pairs, { time: new Date(stamp.timeMs).toISOString() });
  }
}
