// The place database: a tiny one made here, byte by byte, as the MaxMind DB format 2.0 says, and
// the nearest files that are refused.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event } from "@ostraka/agents/kernel";
import { OstrakaError, type SubjectText } from "@ostraka/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openGeo } from "./geo.ts";
import { GEO_CACHE_MAX } from "./sources/limits.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "ostraka-geo-"));
const FILE = join(FOLDER, "places.mmdb");
afterAll(() => rmSync(FOLDER, { recursive: true }));

type Value = string | number | { readonly double: number } | { readonly [key: string]: Value };

/** Control byte and bytes of a value; every size here is below 29. */
function encode(value: Value): Buffer {
  if (typeof value === "string") return Buffer.concat([head(2, value.length), Buffer.from(value)]);
  if (typeof value === "number") {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([head(6, 4), bytes]);
  }
  if ("double" in value && typeof value["double"] === "number") {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value["double"]);
    return Buffer.concat([head(3, 8), bytes]);
  }
  const members = Object.entries(value).flatMap(([key, v]) => [encode(key), encode(v as Value)]);
  return Buffer.concat([head(7, members.length / 2), ...members]);
}

const head = (type: number, size: number) => Buffer.from([(type << 5) | size]);

/** A database of one network, the upper half of all IPv4 addresses, and nothing else. */
function database(record: Value): Buffer {
  const NODES = 1;
  const data = encode(record);
  const node = Buffer.alloc(6);
  node.writeUIntBE(NODES, 0, 3); // left: not found
  node.writeUIntBE(NODES + 16, 3, 3); // right: the data section's beginning
  const metadata = encode({
    ...{ node_count: NODES, record_size: 24, ip_version: 4, database_type: "Test" },
    ...{ binary_format_major_version: 2, binary_format_minor_version: 0, build_epoch: 0 },
  });
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from("MaxMind.com")]);
  return Buffer.concat([node, Buffer.alloc(16), data, marker, metadata]);
}

const PLACE = {
  country: { iso_code: "GR" },
  location: { latitude: { double: 37.98 }, longitude: { double: 23.72 } },
};
const PEER = "address:203.0.113.9" as SubjectText;
const ELSEWHERE = "address:10.0.0.1" as SubjectText;
const EVENT: Event = {
  ...{ id: "f:1", timeMs: 0, kind: "login-failed", service: "sshd", count: 1, address: PEER },
};

describe("a database of places", () => {
  beforeAll(() => writeFileSync(FILE, database(PLACE)));

  test("completes an event that says nothing of its address's place", () => {
    expect(openGeo(FILE).withPlace(EVENT)).toEqual({
      ...EVENT,
      ...{ country: "GR", latitude: 37.98, longitude: 23.72 },
    });
  });

  test("overrules no source, and invents nothing where it knows nothing", () => {
    const geo = openGeo(FILE);
    const said = { ...EVENT, country: "IT" };
    const { address: _none, ...nowhere } = EVENT;
    expect(geo.withPlace(said)).toBe(said);
    expect(geo.withPlace(nowhere)).toBe(nowhere);
    expect(geo.placeOf(ELSEWHERE)).toBeUndefined();
    expect(geo.placeOf("address:2001:db8::1" as SubjectText)).toBeUndefined();
  });

  test("answers alike when its memory has been filled and emptied", () => {
    const geo = openGeo(FILE);
    for (let i = 0; i <= GEO_CACHE_MAX; i++) {
      geo.placeOf(`address:203.0.${i >> 8}.${i & 255}` as SubjectText);
    }
    expect(geo.placeOf(PEER)?.country).toBe("GR");
  });

  test("with a record that is no place gives none", () => {
    const odd = join(FOLDER, "odd.mmdb");
    writeFileSync(
      odd,
      database({ country: { iso_code: "Greece" }, location: { latitude: { double: 400 } } }),
    );
    expect(openGeo(odd).placeOf(PEER)).toBeUndefined();
  });
});

describe("a file that is no database", () => {
  const refusal = (path: string): string => {
    try {
      openGeo(path);
    } catch (error) {
      if (error instanceof OstrakaError) return error.message;
      throw error;
    }
    return "accepted";
  };

  test("is refused with what to do: missing, text, cut", () => {
    const cut = join(FOLDER, "cut.mmdb");
    const text = join(FOLDER, "text.mmdb");
    writeFileSync(cut, database(PLACE).subarray(0, 30));
    writeFileSync(text, "no database");
    expect(refusal(join(FOLDER, "none.mmdb"))).toContain("cannot be read (ENOENT): name a file");
    for (const path of [cut, text]) expect(refusal(path)).toContain("is no whole MaxMind DB file");
  });

  test("while the whole one beside it is taken", () => {
    const whole = join(FOLDER, "whole.mmdb");
    writeFileSync(whole, database(PLACE));
    expect(refusal(whole)).toBe("accepted");
  });
});
