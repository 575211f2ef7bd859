// Where an address is, from a database that the operator gave (MaxMind DB format 2.0): fills in
// country and place of events that state none. Owns the file's opening and a bounded memory of
// answers. Must never overrule what a source said itself, nor ask anybody over a network.

import { readFileSync, statSync } from "node:fs";
import type { Event } from "@ostraka/agents/kernel";
import { invalidConfig } from "@ostraka/host";
import type { SubjectText } from "@ostraka/proto";
import { Reader, type Response } from "mmdb-lib";
import { GEO_CACHE_MAX, GEO_FILE_BYTES_MAX } from "./sources/limits.ts";

export interface Place {
  /** ISO 3166-1 alpha-2. */
  readonly country?: string;
  /** Degrees; both or neither. */
  readonly latitude?: number;
  readonly longitude?: number;
}

export interface GeoDatabase {
  /** Where an address is; nothing for what the database does not know. */
  placeOf(address: SubjectText): Place | undefined;
  /** The event with its place, if it has an address and states no country. */
  withPlace(event: Event): Event;
}

const FILE = "place database";
const PREFIX = "address:";

/**
 * Reads a database into memory.
 * @throws OstrakaError OSTRAKA_CONFIG_INVALID saying what is wrong with the file.
 */
export function openGeo(path: string): GeoDatabase {
  const reader = readerOf(path);
  const places = new Map<SubjectText, Place | undefined>();

  function placeOf(address: SubjectText): Place | undefined {
    const found = places.get(address);
    if (found !== undefined || places.has(address)) return found;
    // Attackers choose the keys, so the memory is emptied rather than grown.
    if (places.size >= GEO_CACHE_MAX) places.clear();
    const place = lookUp(reader, address.slice(PREFIX.length));
    places.set(address, place);
    return place;
  }

  function withPlace(event: Event): Event {
    const { address, country, latitude } = event;
    if (address === undefined || country !== undefined || latitude !== undefined) return event;
    const place = placeOf(address);
    return place === undefined ? event : { ...event, ...place };
  }

  return { placeOf, withPlace };
}

function readerOf(path: string): Reader<Response> {
  const bytes = bytesOf(path);
  try {
    const reader = new Reader<Response>(bytes);
    // A file that was cut opens and then fails somewhere inside.
    reader.get("192.0.2.1");
    if (reader.metadata.ipVersion === 6) reader.get("2001:db8::1");
    return reader;
  } catch {
    // The reader's own words name offsets, which help nobody.
    throw invalidConfig(FILE, `${path} is no whole MaxMind DB file: fetch it again`);
  }
}

function bytesOf(path: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size <= GEO_FILE_BYTES_MAX) return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw invalidConfig(FILE, `${path} cannot be read (${code}): name a file, or leave geo out`);
  }
  const limit = `${GEO_FILE_BYTES_MAX / 1_048_576} MiB`;
  throw invalidConfig(FILE, `${path} is larger than ${limit}: give one of countries or cities`);
}

function lookUp(reader: Reader<Response>, address: string): Place | undefined {
  let answer: unknown;
  try {
    answer = reader.get(address);
  } catch {
    return undefined; // a broken record: the address is somewhere unknown
  }
  const country = fieldOf(fieldOf(answer, "country"), "iso_code");
  const location = fieldOf(answer, "location");
  const latitude = fieldOf(location, "latitude");
  const longitude = fieldOf(location, "longitude");
  const isPlace = isDegrees(latitude, 90) && isDegrees(longitude, 180);
  const isCountry = typeof country === "string" && /^[A-Z]{2}$/.test(country);
  if (!isCountry && !isPlace) return undefined;
  return { ...(isCountry && { country }), ...(isPlace && { latitude, longitude }) };
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function isDegrees(value: unknown, most: number): value is number {
  return typeof value === "number" && Math.abs(value) <= most;
}
