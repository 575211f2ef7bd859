// The body of a POST to source `http`: JSON of another program on this host, judged field by field.
// Owns the shape of a posted event. A body is taken or refused whole; what is not named here is
// refused, so that a misspelt key is not a silent nothing.

import { EVENT_KINDS, type Event, type EventKind } from "@ostraka/agents/kernel";
import { addressSubject, parseSubject, userSubject } from "@ostraka/proto";
import { HTTP_EVENTS_MAX, HTTP_FUTURE_MS_MAX, REPEAT_COUNT_MAX } from "./limits.ts";

export interface EventBodyContext {
  /** Realm of users whose event names none. Events name system accounts by `realm` = host. */
  readonly realm: string;
  /** This host's clock in ms since the epoch. */
  readonly nowMs: number;
}

/** Why a body was refused: which event (from 0), which field, and what is wrong with it. */
export interface BodyRefusal {
  readonly error: "bad-json" | "bad-event" | "too-many-events" | "no-events";
  readonly index?: number;
  readonly field?: string;
  readonly message: string;
}

const KEYS: ReadonlySet<string> = new Set([
  ...["id", "time", "kind", "service", "address", "user", "realm", "isAccountKnown", "isRoot"],
  ...["method", "session", "target", "count"],
]);

// With an offset always: a wall-clock time of an unknown zone is not a time.
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const SERVICE = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const PRINTABLE = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u;

/** A text that is refused; carries the field to name. Never leaves this file. */
class FieldError extends Error {
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** Reads one event, an array of events, or one event a line (NDJSON). */
export function readEventBody(
  text: string,
  isLines: boolean,
  context: EventBodyContext,
): Event[] | BodyRefusal {
  const values = isLines ? parseLines(text) : parseWhole(text);
  if (!Array.isArray(values)) return values;
  if (values.length === 0) return { error: "no-events", message: "the body holds no event" };
  if (values.length > HTTP_EVENTS_MAX) {
    const message = `the body holds ${values.length} events; send at most ${HTTP_EVENTS_MAX}`;
    return { error: "too-many-events", message };
  }
  const events: Event[] = [];
  for (const [index, value] of values.entries()) {
    try {
      events.push(readEvent(value, context));
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      return { error: "bad-event", index, field: error.field, message: error.message };
    }
  }
  // A collector may hand over failures first, which would look like a run of them.
  return events.sort((a, b) => a.timeMs - b.timeMs);
}

function parseWhole(text: string): unknown[] | BodyRefusal {
  const value = parseJson(text);
  if (value === undefined) return { error: "bad-json", message: "the body is not JSON" };
  return Array.isArray(value.json) ? value.json : [value.json];
}

function parseLines(text: string): unknown[] | BodyRefusal {
  const values: unknown[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const value = parseJson(line);
    if (value === undefined) {
      return { error: "bad-json", index, message: `line ${index + 1} of the body is not JSON` };
    }
    values.push(value.json);
  }
  return values;
}

function parseJson(text: string): { json: unknown } | undefined {
  try {
    return { json: JSON.parse(text) };
  } catch {
    // A syntax error is the caller's; its position in the text would quote the text.
    return undefined;
  }
}

function readEvent(value: unknown, context: EventBodyContext): Event {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FieldError("", "an event is a JSON object");
  }
  const fields = value as Record<string, unknown>;
  for (const key of Object.keys(fields)) {
    if (!KEYS.has(key)) throw new FieldError(key.slice(0, 64), "is not a field of an event");
  }
  const service = readText(fields, "service", 64);
  if (service === undefined) throw new FieldError("service", "is missing");
  if (!SERVICE.test(service)) throw new FieldError("service", "is a-z, 0-9, dot, dash, underscore");
  const id = readText(fields, "id", 256);
  if (id === undefined) throw new FieldError("id", "is missing");
  return {
    // A caller's id lives in its service's own space, so that it cannot pass for a line of a log.
    id: `http/${service}/${id}`,
    timeMs: readTime(fields, context.nowMs),
    kind: readKind(fields),
    service,
    ...readSubjects(fields, context.realm),
    ...readFacts(fields),
    count: readCount(fields),
  };
}

function readSubjects(
  fields: Record<string, unknown>,
  defaultRealm: string,
): Pick<Event, "address" | "account" | "session"> {
  const addressText = readText(fields, "address", 64);
  const address = addressText === undefined ? undefined : addressSubject(addressText);
  if (addressText !== undefined && address === undefined) {
    throw new FieldError("address", "is not an IPv4 or IPv6 address");
  }
  const realm = readText(fields, "realm", 128);
  const user = readText(fields, "user", 256);
  if (realm !== undefined && user === undefined) throw new FieldError("realm", "needs a user");
  if (realm?.includes("/")) throw new FieldError("realm", "holds no slash");
  const account = user === undefined ? undefined : userSubject(realm ?? defaultRealm, user);
  if (user !== undefined && account === undefined) throw new FieldError("user", "cannot be a user");
  const sessionText = readText(fields, "session", 256);
  const session = sessionText === undefined ? undefined : parseSubject(`session:${sessionText}`);
  if (sessionText !== undefined && session === undefined) {
    throw new FieldError("session", "cannot be a session");
  }
  return {
    ...(address === undefined ? {} : { address }),
    ...(account === undefined ? {} : { account }),
    ...(session === undefined ? {} : { session }),
  };
}

function readFacts(
  fields: Record<string, unknown>,
): Pick<Event, "isAccountKnown" | "isRoot" | "method" | "target"> {
  const isAccountKnown = readBoolean(fields, "isAccountKnown");
  const isRoot = readBoolean(fields, "isRoot");
  const method = readText(fields, "method", 64);
  const target = readText(fields, "target", 512);
  return {
    ...(isAccountKnown === undefined ? {} : { isAccountKnown }),
    ...(isRoot === undefined ? {} : { isRoot }),
    ...(method === undefined ? {} : { method }),
    ...(target === undefined ? {} : { target }),
  };
}

function readTime(fields: Record<string, unknown>, nowMs: number): number {
  const time = fields["time"];
  if (time === undefined) throw new FieldError("time", "is missing");
  const isIso = typeof time === "string" && ISO_TIME.test(time);
  const timeMs = isIso ? Date.parse(time) : time;
  if (typeof timeMs !== "number" || !Number.isSafeInteger(timeMs) || timeMs < 0) {
    throw new FieldError("time", "is ISO 8601 with an offset, or whole milliseconds since 1970");
  }
  if (timeMs > nowMs + HTTP_FUTURE_MS_MAX) throw new FieldError("time", "lies in the future");
  return timeMs;
}

function readKind(fields: Record<string, unknown>): EventKind {
  const kind = EVENT_KINDS.find((known) => known === fields["kind"]);
  if (kind === undefined) throw new FieldError("kind", `is one of ${EVENT_KINDS.join(", ")}`);
  return kind;
}

function readCount(fields: Record<string, unknown>): number {
  const count = fields["count"] ?? 1;
  const isCount = typeof count === "number" && Number.isInteger(count);
  if (!isCount || count < 1 || count > REPEAT_COUNT_MAX) {
    throw new FieldError("count", `is a whole number from 1 to ${REPEAT_COUNT_MAX}`);
  }
  return count;
}

function readText(
  fields: Record<string, unknown>,
  field: string,
  lengthMax: number,
): string | undefined {
  const value = fields[field];
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw new FieldError(field, "is a text");
  if (value.length > lengthMax) throw new FieldError(field, `is at most ${lengthMax} long`);
  if (!PRINTABLE.test(value)) throw new FieldError(field, "is empty or holds control characters");
  return value;
}

function readBoolean(fields: Record<string, unknown>, field: string): boolean | undefined {
  const value = fields[field];
  if (value !== undefined && typeof value !== "boolean") {
    throw new FieldError(field, "is true or false");
  }
  return value;
}
