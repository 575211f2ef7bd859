// Where a rule's field is in an event. Owns dotted paths into records (an array means any of its
// elements) and the common field names of Linux logs, which are read from the event itself. Looks
// only at a record's own properties, so that `__proto__` and its like are names as any others.
// Must never change what it looks at.

import type { Event } from "@ostraka/agents/kernel";

/** A test of whatever stands at a field; what is no text, number or boolean passes few of them. */
export type ValueTest = (value: unknown) => boolean;

export interface Field {
  readonly name: string;
  /** Whether anything at the field passes: the value itself, or any element of an array. */
  any(event: Event, test: ValueTest): boolean;
}

/** Of a longer array the first elements are looked at. */
const ELEMENTS_MAX = 1_024;
const SEGMENTS_MAX = 16;
/** Nesting of arrays in arrays and of a keyword's search. */
const DEPTH_MAX = 24;

/** The field is there at all. */
export const isThere: ValueTest = (value) => value !== undefined;
/** The field is there and not null. */
export const isSet: ValueTest = (value) => value !== undefined && value !== null;

/**
 * A path into records. `a.b` is b in a, or the property `a.b` itself.
 * @returns `undefined` when the path has too many parts.
 */
export function recordField(name: string): Field | undefined {
  const parts = name.split(".");
  if (parts.length > SEGMENTS_MAX) return undefined;
  const keys = parts.map((_, at) =>
    parts.slice(at).map((_, n) => keyOf(parts.slice(at, at + n + 1).join("."))),
  );
  if (parts.length > 1) return { name, any: (event, test) => walk(event.record, keys, 0, test, 0) };
  // Most fields stand at the top, and hold no more than a text.
  const key = keyOf(name);
  return {
    name,
    any({ record }, test) {
      if (typeof record !== "object" || record === null) return false;
      const value = ownOf(record, key);
      if (value === undefined) return Array.isArray(record) && walk(record, keys, 0, test, 0);
      return typeof value === "object" ? walk(value, keys, 1, test, 0) : test(value);
    },
  };
}

/** A name of a property, and whether every object inherits one of that name. */
interface Key {
  readonly name: string;
  readonly isInherited: boolean;
}

function keyOf(name: string): Key {
  return { name, isInherited: name in Object.prototype };
}

/** What a decoded object has of its own under a name: records inherit from `Object` alone. */
function ownOf(node: object, { name, isInherited }: Key): unknown {
  if (isInherited && !Object.hasOwn(node, name)) return undefined;
  return (node as Readonly<Record<string, unknown>>)[name];
}

/** `keys[at]` are the names under which the path may go on: its next part, its next two, … */
function walk(
  node: unknown,
  keys: readonly (readonly Key[])[],
  at: number,
  test: ValueTest,
  depth: number,
): boolean {
  if (at === keys.length && test(node)) return true;
  if (typeof node !== "object" || node === null) return false;
  if (Array.isArray(node)) {
    if (depth > DEPTH_MAX) return false;
    const count = Math.min(node.length, ELEMENTS_MAX);
    for (let i = 0; i < count; i++) if (walk(node[i], keys, at, test, depth + 1)) return true;
    return false;
  }
  if (at === keys.length) return false;
  const names = keys[at] as readonly Key[];
  for (let taken = 0; taken < names.length; taken++) {
    const inner = ownOf(node, names[taken] as Key);
    if (inner !== undefined && walk(inner, keys, at + taken + 1, test, depth)) return true;
  }
  return false;
}

/** Whether any value anywhere in the event passes: keywords name no field. */
export function anyValue(event: Event, test: ValueTest): boolean {
  if (event.record !== undefined) return anyInside(event.record, test, 0);
  for (const read of EVENT_VALUES) {
    const value = read(event);
    if (value !== undefined && test(value)) return true;
  }
  return false;
}

function anyInside(node: unknown, test: ValueTest, depth: number): boolean {
  if (typeof node !== "object" || node === null) return test(node);
  if (depth > DEPTH_MAX) return false;
  const values = Array.isArray(node) ? node : Object.values(node);
  const count = Math.min(values.length, ELEMENTS_MAX);
  for (let i = 0; i < count; i++) if (anyInside(values[i], test, depth + 1)) return true;
  return false;
}

type EventReader = (event: Event) => string | number | boolean | undefined;

/** `user:acme/alice` is `alice` to a rule, `address:1.2.3.4` is `1.2.3.4`. */
function bare(subject: string | undefined): string | undefined {
  if (subject === undefined) return undefined;
  const colon = subject.indexOf(":");
  const slash = subject.startsWith("user:") ? subject.indexOf("/") : -1;
  return subject.slice(Math.max(colon, slash) + 1);
}

const EVENT_VALUES: readonly EventReader[] = [
  (event) => event.kind,
  (event) => event.service,
  (event) => bare(event.account),
  (event) => bare(event.address),
  (event) => event.target,
  (event) => event.action,
  (event) => event.process,
  (event) => event.method,
  (event) => event.userAgent,
];

/** Names that rules for Linux logs use, in lower case, and what of an event each means. */
const EVENT_FIELDS: ReadonlyMap<string, EventReader> = new Map<string, EventReader>([
  ...named(["kind", "event.kind", "eventtype"], (event) => event.kind),
  ...named(["service", "program", "syslog.appname", "facility"], (event) => event.service),
  ...named(["user", "username", "user.name", "account", "subjectusername"], (event) =>
    bare(event.account),
  ),
  ...named(["src_ip", "sourceip", "source.ip", "ipaddress", "rhost", "address"], (event) =>
    bare(event.address),
  ),
  ...named(["target", "targetuser", "targetusername", "runas"], (event) => event.target),
  ...named(["action", "event.action"], (event) => event.action),
  ...named(["image", "process", "process.name", "exe", "command"], (event) => event.process),
  ...named(["method", "auth_method"], (event) => event.method),
  ...named(["useragent", "user_agent"], (event) => event.userAgent),
  ...named(["country", "source.geo.country_iso_code"], (event) => event.country),
  ...named(["isroot"], (event) => event.isRoot === true),
  ...named(["isaccountknown"], (event) => event.isAccountKnown !== false),
  ...named(["isprivilegegrant"], (event) => event.isPrivilegeGrant === true),
]);

function named(names: readonly string[], read: EventReader): [string, EventReader][] {
  return names.map((name) => [name, read]);
}

/**
 * A field of an event that may have no record: the record's own where it has one of the name, else
 * the event's field that rules for Linux logs mean by it.
 */
export function eventField(name: string): Field | undefined {
  const inRecord = recordField(name);
  const read = EVENT_FIELDS.get(name.toLowerCase());
  if (inRecord === undefined || read === undefined) return inRecord;
  return {
    name,
    any(event, test) {
      if (event.record !== undefined && inRecord.any(event, isThere)) {
        return inRecord.any(event, test);
      }
      const value = read(event);
      return value !== undefined && test(value);
    },
  };
}
