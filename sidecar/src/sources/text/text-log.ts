// Text logs of any declared service: one line in, at most one event out. Finds the frame (syslog, a
// time of the service's own, an access log, XML, audit records) and asks the table of the service.
// Deterministic: the same lines in the same order give the same events. Must never let a raw line
// out (I9), nor name an address that a stranger could have written.

import type { Event } from "@ostraka/agents/kernel";
import {
  type AuthLogConfig,
  type AuthLogParser,
  openAuthLog,
  type ParsedLine,
} from "../auth-log/auth-log.ts";
import { PROGRAMS } from "../auth-log/programs.ts";
import { Subjects } from "../auth-log/subjects.ts";
import { readFrame, type SyslogFrame } from "../auth-log/syslog.ts";
import { SyslogClock } from "../auth-log/syslog-time.ts";
import { type Facts, makeEvent, type Names } from "../facts.ts";
import { timeOf } from "../records/record-format.ts";
import { readAccess } from "./access-log.ts";
import { addressTextOf } from "./address-text.ts";
import { Attempts } from "./attempts.ts";
import { readAudit } from "./auditd.ts";
import type { ConversationReader } from "./conversation-formats.ts";
import { readExchange } from "./exchange-csv.ts";
import { conversationOfTag, formatsOfTag, TEXT_FORMATS } from "./format-table.ts";
import { GenericLoginReader } from "./generic-login.ts";
import { isOneReading } from "./one-reading.ts";
import { readPamFailure } from "./pam-failure.ts";
import { readProxyAccess } from "./proxy-access.ts";
import { readStamp, readTime } from "./stamp.ts";
import { beginsWithAnything } from "./template.ts";
import type { LineShape, TextFormat } from "./text-format.ts";
import { readWindowsXml } from "./windows-xml.ts";

export interface TextLogConfig extends AuthLogConfig {
  /** The one service that writes the log; told apart by tag and line without it. */
  readonly format?: TextFormat;
  /** Reads a message that is a JSON record; nothing when it is none. */
  readonly readJson?: JsonReader;
}

type JsonReader = (message: string, timeMs: number, position: string) => ParsedLine | undefined;

/** What may be told by its lines alone, in a log that is nobody's. */
const UNTAGGED: readonly TextFormat[] = TEXT_FORMATS.filter(
  (format) => format.isTaggedOnly !== true,
).map((format) => ({
  ...format,
  lines: format.lines.filter(({ template }) => !beginsWithAnything(template)),
}));
/** `host tag[7] …`, `tag: …`, and RouterOS's `host topic,topic …`: a bare word is no tag. */
const LOOSE_TAG =
  /^(?:([\w.-]{1,255}) )?([A-Za-z][\w./,-]{0,63})(?:\[(\d{1,10})\]:?|:|(?<=,\w{1,32})) (?=\S)/;
/** `[825] ` before a time of the service's own. */
const PROCESS_BEFORE = /^\[\d{1,10}\] (?=[A-Z][a-z]{2} )/;
/** `host tag[pid]: ` before a time of the service's own, as Docker and `journalctl` leave it. */
const BARE_TAG = /^(?:[\w.-]{1,64} )?([A-Za-z][\w./-]{0,63})(?:\[\d{1,10}\])?: (?=\S)/;

export class TextLog {
  readonly #format: TextFormat | undefined;
  readonly #readJson: JsonReader | undefined;
  readonly #names: Names;
  readonly #clock: SyslogClock;
  /** Of times behind a tag, which a stranger may have written: they turn no year. */
  readonly #innerClock: SyslogClock;
  readonly #authLog: AuthLogParser;
  readonly #generic = new GenericLoginReader();
  readonly #attempts = new Attempts();
  readonly #conversations = new Map<string, ConversationReader>();
  #last: TextFormat | undefined;
  /** Time of the latest line that stated one. */
  #lastMs: number | undefined;

  constructor(config: TextLogConfig) {
    this.#format = config.format;
    this.#readJson = config.readJson;
    this.#names = { subjects: new Subjects(config.host, config.realm), realm: config.realm };
    this.#clock = new SyslogClock(config);
    this.#innerClock = new SyslogClock(config);
    this.#authLog = openAuthLog(config);
  }

  /** Reads a line that has been checked for length, encoding and emptiness. */
  parse(line: string, position: string): ParsedLine {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) return { outcome: "refused", reason: "empty" };
    return (
      this.#readOwn(text, position) ??
      this.#readSyslog(text, position) ??
      this.#readStamped(text, position) ??
      this.#readUnstamped(text, position)
    );
  }

  /** Lines with a frame of their own. */
  #readOwn(line: string, position: string): ParsedLine | undefined {
    switch (line.charCodeAt(0)) {
      case 60: // <
        return line.startsWith("<Event") ? this.#readWindows(line, position) : undefined;
      case 116: // t
      case 110: // n
        return line.startsWith("type=") || line.startsWith("node=")
          ? this.#readAudit(line, position)
          : undefined;
      default:
        return this.#readAccess(line, position) ?? this.#readExchange(line, position);
    }
  }

  #readWindows(line: string, position: string): ParsedLine | undefined {
    const windows = readWindowsXml(line);
    const timeMs = windows === undefined ? undefined : timeOf(windows.time);
    if (windows === undefined || timeMs === undefined) return undefined;
    const { time: _time, ...facts } = windows;
    const isUnknown = facts.isUnknown ? true : undefined;
    const recordType = "windows.eventlogs";
    return this.#event({ ...facts, isUnknown, timeMs, recordType }, "windows", position);
  }

  #readAudit(line: string, position: string): ParsedLine | undefined {
    const audit = readAudit(line);
    if (audit === undefined) return undefined;
    const { fields: record, ...facts } = audit;
    const all = { ...facts, record, recordType: "linux.auditd" };
    return facts.kind === "login-failed"
      ? this.#attempt(all, "auditd", facts.action, position)
      : this.#event(all, "auditd", position);
  }

  #readAccess(line: string, position: string): ParsedLine | undefined {
    const access =
      (line.includes('] "') ? readAccess(line, this.#clock) : undefined) ??
      readProxyAccess(line, this.#clock);
    if (access === undefined) return undefined;
    if (access === "bad-time") return { outcome: "refused", reason: "bad-time" };
    const { method, path, ...rest } = access;
    const isLogin = access.kind !== "request";
    return this.#event(
      {
        ...{ ...rest, action: method, target: path, recordType: "web.access" },
        ...(isLogin && { method: "password" }),
      },
      this.#format?.name ?? "http",
      position,
    );
  }

  #readExchange(line: string, position: string): ParsedLine | undefined {
    if (line.charCodeAt(10) !== 84 || !line.includes("Z,")) return undefined;
    const exchange = readExchange(line);
    const timeMs = exchange === undefined ? undefined : timeOf(exchange.time);
    if (exchange === undefined || timeMs === undefined) return undefined;
    const { ip, user } = exchange;
    const kind = exchange.isFailure ? "login-failed" : "service-notice";
    return this.#event({ kind, timeMs, ip, user }, "exchange", position);
  }

  #readSyslog(line: string, position: string): ParsedLine | undefined {
    const frame = readFrame(line, this.#clock);
    if (typeof frame === "string") return undefined;
    if (PROGRAMS.has(frame.program)) return this.#authLog.parse(line, position);
    const found = this.#readTagged(frame, position);
    if (found.outcome !== "foreign") return found;
    // What stands where a tag does may be the service's own punctuation: `TIME [AUTH] WARN: …`.
    const isService = line.charCodeAt(line.indexOf(frame.program) - 1) === 91;
    return isService ? undefined : found;
  }

  #readTagged(frame: SyslogFrame, position: string): ParsedLine {
    const { program, host, timeMs } = frame;
    const conversation = conversationOfTag(program);
    if (conversation !== undefined) {
      const reader = this.#conversationOf(conversation.name, conversation.open);
      const spoken = reader(frame.message, host);
      if (spoken === undefined) return { outcome: "unparsed", program };
      const { layer = "", ...facts } = spoken;
      return facts.kind === "login-failed"
        ? this.#attempt({ ...facts, timeMs }, conversation.name, layer, position)
        : this.#event({ ...facts, timeMs }, conversation.name, position);
    }
    const json = frame.message.startsWith("{")
      ? this.#readJson?.(frame.message, timeMs, position)
      : undefined;
    if (json !== undefined) return json;
    // Some services print a time of their own behind the tag.
    const body = frame.message.replace(PROCESS_BEFORE, "");
    const inner = readStamp(body, this.#innerClock);
    const message = inner === undefined ? body : body.slice(inner.restAt);
    const known = formatsOfTag(program);
    const formats = known.length > 0 ? known : this.#format === undefined ? [] : [this.#format];
    const pam = this.#readPam(frame.message, program, timeMs, position);
    if (pam !== undefined) return pam;
    const access = this.#readAccess(frame.message, position);
    if (access !== undefined) return access;
    const found =
      this.#readShapes(formats, message, timeMs, position) ??
      (inner === undefined
        ? undefined
        : this.#readShapes(formats, frame.message, timeMs, position));
    if (found !== undefined) return found;
    if (known.length > 0) return { outcome: "unparsed", program };
    return this.#readGeneric(program, message, timeMs, position) ?? { outcome: "foreign", program };
  }

  #readPam(
    message: string,
    program: string,
    timeMs: number,
    position: string,
  ): ParsedLine | undefined {
    const failure = message.includes("authentication failure; ")
      ? readPamFailure(message)
      : undefined;
    if (failure === undefined) return undefined;
    const service = formatsOfTag(program)[0]?.name ?? program;
    const facts = {
      kind: "login-failed",
      timeMs,
      ip: failure.address,
      user: failure.user,
    } as const;
    return this.#attempt(facts, service, "pam", position);
  }

  #readStamped(line: string, position: string): ParsedLine | undefined {
    let text = line;
    let program = "";
    let stamp = readStamp(text, this.#clock);
    if (stamp === undefined) {
      const tag = BARE_TAG.exec(text);
      if (tag === null) return undefined;
      program = tag[1] as string;
      text = text.slice(tag[0].length);
      const again = BARE_TAG.exec(text);
      if (again !== null) text = text.slice(again[0].length);
      stamp = readStamp(text, this.#clock);
      if (stamp === undefined) return undefined;
    }
    const message = text.slice(stamp.restAt).trimStart();
    const { timeMs } = stamp;
    this.#lastMs = timeMs;
    const formats = this.#format === undefined ? UNTAGGED : [this.#format];
    return (
      this.#readShapes(formats, message, timeMs, position) ??
      this.#readHostTagged(message, timeMs, position) ??
      this.#readPam(message, program, timeMs, position) ??
      this.#readGeneric(this.#format?.name ?? program, message, timeMs, position) ?? {
        outcome: "unparsed",
        program: this.#format?.name ?? program,
      }
    );
  }

  /** `TIME host tag[pid] …` and `TIME tag: …` with a time that syslog does not write. */
  #readHostTagged(message: string, timeMs: number, position: string): ParsedLine | undefined {
    const match = LOOSE_TAG.exec(message);
    if (match === null) return undefined;
    const [whole, host = "", program, pid = ""] = match;
    if (program === undefined) return undefined;
    const isKnown = formatsOfTag(program).length > 0 || conversationOfTag(program) !== undefined;
    if (!isKnown) return undefined;
    const rest = message.slice(whole.length);
    return this.#readTagged({ timeMs, host, program, pid, message: rest }, position);
  }

  /** Lines whose time stands within them, where a shape of the format says so. */
  #readUnstamped(line: string, position: string): ParsedLine {
    const formats = this.#format === undefined ? UNTAGGED : [this.#format];
    const found = this.#readShapes(formats, line, undefined, position);
    if (found !== undefined) return found;
    // Java's two-line records: the time, then what happened.
    const before = this.#format === undefined ? undefined : this.#lastMs;
    const second =
      before === undefined ? undefined : this.#readShapes(formats, line, before, position);
    return second ?? { outcome: "refused", reason: "no-time" };
  }

  #readShapes(
    formats: readonly TextFormat[],
    message: string,
    timeMs: number | undefined,
    position: string,
  ): ParsedLine | undefined {
    const last = this.#last;
    if (last !== undefined && formats.includes(last)) {
      const found = this.#readFormat(last, message, timeMs, position);
      if (found !== undefined) return found;
    }
    for (const format of formats) {
      if (format === last) continue;
      const found = this.#readFormat(format, message, timeMs, position);
      if (found === undefined) continue;
      this.#last = format;
      return found;
    }
    return undefined;
  }

  #readFormat(
    format: TextFormat,
    message: string,
    stampMs: number | undefined,
    position: string,
  ): ParsedLine | undefined {
    for (const shape of format.lines) {
      const { literal, pattern } = shape.template;
      if (!message.includes(literal)) continue;
      const groups = pattern.exec(message)?.groups;
      if (groups === undefined && !pattern.test(message)) continue;
      const timeText = groups?.["time"];
      const timeMs = timeText === undefined ? stampMs : readTime(timeText, this.#clock);
      if (timeMs === undefined) continue;
      const facts = factsOf(shape, groups ?? {}, timeMs);
      if (facts.ip !== undefined && !isOneReading(format, message, facts.ip)) {
        // Somebody wrote the line's own words into it: it happened, and nobody is named.
        const kind = shape.kind === "login-succeeded" ? "service-notice" : shape.kind;
        return this.#event({ kind, timeMs }, format.name, position);
      }
      return shape.kind === "login-failed"
        ? this.#attempt(facts, format.name, shape.layer ?? "", position)
        : this.#event(facts, format.name, position);
    }
    return undefined;
  }

  #readGeneric(
    program: string,
    message: string,
    timeMs: number,
    position: string,
  ): ParsedLine | undefined {
    const login = this.#generic.read(program, message);
    if (login === undefined) return undefined;
    const isUnknown = login.isUnknown ? true : undefined;
    const facts = { kind: "login-failed", timeMs, ip: login.address, isUnknown } as const;
    return this.#event(facts, program === "" ? "generic" : program, position);
  }

  /** A refused attempt, counted once however many layers report it. */
  #attempt(facts: Facts, service: string, layer: string, position: string): ParsedLine {
    const address =
      facts.ip === undefined ? undefined : this.#names.subjects.address(addressTextOf(facts.ip));
    if (address === undefined) return this.#event(facts, service, position);
    const count = this.#attempts.take(service, address, layer, facts.count ?? 1, facts.timeMs);
    if (count === 0) {
      return this.#event({ kind: "service-notice", timeMs: facts.timeMs }, service, position);
    }
    return this.#event({ ...facts, count }, service, position);
  }

  #event(facts: Facts, service: string, position: string): ParsedLine {
    const event: Event | undefined = makeEvent(facts, service, position, this.#names);
    if (event === undefined) return { outcome: "refused", reason: "bad-time" };
    return { outcome: "event", event };
  }

  #conversationOf(name: string, open: () => ConversationReader): ConversationReader {
    const found = this.#conversations.get(name);
    if (found !== undefined) return found;
    const reader = open();
    this.#conversations.set(name, reader);
    return reader;
  }
}

function factsOf(
  shape: LineShape,
  groups: Readonly<Record<string, string | undefined>>,
  timeMs: number,
): Facts {
  const { kind, isUnknown, isRoot, method, action } = shape;
  if (kind === "service-notice") return { kind, timeMs };
  const { ip, user, count } = groups;
  const isLogin = kind === "login-failed";
  return {
    kind,
    timeMs,
    ip,
    user,
    isUnknown,
    isRoot,
    method: method ?? (isLogin ? "password" : undefined),
    action,
    count: count === undefined ? undefined : Number(count),
  };
}
