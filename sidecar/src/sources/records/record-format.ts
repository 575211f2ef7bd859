// The shape of a JSON record format, and the safe reading of fields out of a record. A field that
// is not what it should be is a field that is not there. Owns no format.

import type { Facts } from "../facts.ts";
import { offsetMsOf, wallMsOf } from "../written-time.ts";
import type { RecordType } from "./record-names.ts";

export type JsonRecord = Readonly<Record<string, unknown>>;

export interface RecordFormat {
  readonly type: RecordType;
  /** Other names for it in a configuration. */
  readonly aliases?: readonly string[];
  /** Whether the record is one of these, by fields that only these have. */
  recognises(record: JsonRecord): boolean;
  /** What the record says, or nothing when it lacks what it must have: its time. */
  read(record: JsonRecord): Facts | undefined;
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member of a record by its path; nothing where the path ends early. */
export function at(record: unknown, ...path: readonly string[]): unknown {
  let value = record;
  for (const key of path) {
    if (!isRecord(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

export function text(record: unknown, ...path: readonly string[]): string | undefined {
  const value = at(record, ...path);
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function number(record: unknown, ...path: readonly string[]): number | undefined {
  const value = at(record, ...path);
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** The first element of a list, or the member itself. */
export function first(record: unknown, ...path: readonly string[]): unknown {
  const value = at(record, ...path);
  return Array.isArray(value) ? value[0] : value;
}

// With or without an offset; without one these sources mean UTC.
const ISO = new RegExp(
  "^(\\d{4})-(\\d\\d)-(\\d\\d)[T ](\\d\\d):(\\d\\d)(?::(\\d\\d)(?:[.,](\\d{1,9}))?)?" +
    "\\s?(Z|UTC|[+-]\\d\\d:?\\d\\d)?$",
);

/** Milliseconds since the epoch of an ISO 8601 text, or of a number of s, ms or µs. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === "number") return epochMs(value);
  if (typeof value !== "string") return undefined;
  const match = ISO.exec(value);
  if (match === null)
    return /^\d{10,16}(?:\.\d+)?$/.test(value) ? epochMs(Number(value)) : undefined;
  const [, y, mo, d, h, mi, s = "0", fraction, zone = "Z"] = match;
  const wallMs = wallMsOf([y, mo, d, h, mi, s], fraction);
  if (wallMs === undefined || zone === "Z" || zone === "UTC") return wallMs;
  return wallMs - offsetMsOf(zone);
}

// Seconds until the year 2286, milliseconds since 1973, microseconds and nanoseconds after.
function epochMs(value: number): number | undefined {
  if (!Number.isFinite(value) || value <= 0) return undefined;
  if (value < 1e11) return Math.floor(value * 1000);
  if (value < 1e14) return Math.floor(value);
  return Math.floor(value < 1e17 ? value / 1e3 : value / 1e6);
}
