import { expect, test } from "vitest";
import { parseSidecarConfig } from "./config.ts";
import { hasContext } from "./has-context.ts";
import { RECORD_FORMATS } from "./sources/records/records.ts";
import { TEXT_FORMATS } from "./sources/text/format-table.ts";

const LEAST = `name: web-1\ngenesis: g\nsigningKey: k\nstore: s
nats: { urls: ["nats://127.0.0.1:4222"] }\n`;
const among = (rest: string) => hasContext(parseSidecarConfig(LEAST + rest, "/etc/sidecar.yaml"));
const file = (format: string) => among(`sources: [{ type: file, path: a, format: ${format} }]\n`);

test("records and a database of places can say where and on what; an auth-log cannot", () => {
  expect(RECORD_FORMATS.filter(({ type }) => !file(type))).toEqual([]);
  expect(among("sources: [{ type: file, path: a }]\n")).toBe(true);
  expect(among("sources: [{ type: auth-log, path: a }]\ngeo: { path: places.mmdb }\n")).toBe(true);
  expect(among("sources: [{ type: auth-log, path: a }]\n")).toBe(false);
  expect(among("")).toBe(false);
});

test("a text log of one service cannot", () => {
  expect(file(TEXT_FORMATS[0]?.name ?? "")).toBe(false);
});
