import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event } from "@ostraka/agents/kernel";
import { afterEach, describe, expect, test } from "vitest";
import { type HttpEvents, type HttpEventsConfig, openHttpEvents } from "./http-events.ts";
import { HTTP_BODY_BYTES_MAX } from "./limits.ts";

const NOW_MS = Date.parse("2026-03-30T15:54:19Z");
const LOGIN = { id: "1", time: NOW_MS, kind: "login-failed", service: "shop" };

let source: HttpEvents | undefined;
let batches: (readonly Event[])[] = [];

afterEach(async () => {
  await source?.close();
  source = undefined;
  batches = [];
});

async function open(config: Partial<HttpEventsConfig> = {}): Promise<string> {
  source = await openHttpEvents({
    port: 0,
    realm: "acme",
    nowMs: () => NOW_MS,
    onEvents: (events) => void batches.push(events),
    ...config,
  });
  return `http://127.0.0.1:${source.port}/v1/events`;
}

async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Connection: "close", ...headers },
    body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("a batch is taken whole", () => {
  test("as one event, as an array, and as lines", async () => {
    const url = await open();
    const two = [LOGIN, { ...LOGIN, id: "2" }];
    expect(await post(url, LOGIN)).toEqual({ status: 202, body: { accepted: 1 } });
    expect(await post(url, two)).toEqual({ status: 202, body: { accepted: 2 } });
    const lines = `${JSON.stringify(two[0])}\n\n${JSON.stringify(two[1])}\r\n`;
    const type = { "Content-Type": "application/x-ndjson; charset=utf-8" };
    expect(await post(url, lines, type)).toEqual({ status: 202, body: { accepted: 2 } });
    expect(batches.map((batch) => batch.length)).toEqual([1, 2, 2]);
  });

  test("or refused whole, naming the event and its field", async () => {
    const url = await open();
    const answer = await post(url, [LOGIN, { ...LOGIN, kind: "login" }]);
    expect(answer).toMatchObject({
      status: 400,
      body: { error: "bad-event", index: 1, field: "kind" },
    });
    expect(batches).toEqual([]);
  });

  test("the answer waits for the taker, and its failure is 503", async () => {
    const url = await open({ onEvents: () => Promise.reject(new Error("the disk is full")) });
    const answer = await post(url, LOGIN);
    expect(answer).toMatchObject({ status: 503, body: { error: "unavailable" } });
    expect(JSON.stringify(answer.body)).not.toContain("disk");
  });
});

describe("what is not a batch is refused", () => {
  test("by method, path, type and encoding", async () => {
    const url = await open();
    const get = await fetch(url, { headers: { Connection: "close" } });
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await post(url.replace("events", "event"), LOGIN)).status).toBe(404);
    expect((await post(url, LOGIN, { "Content-Type": "text/plain" })).status).toBe(415);
    expect((await post(url, LOGIN, { "Content-Encoding": "gzip" })).status).toBe(415);
    expect((await post(url, LOGIN, { Origin: "https://example.com" })).status).toBe(403);
    expect(batches).toEqual([]);
  });

  test("by its bytes: bad JSON, invalid UTF-8, nothing at all", async () => {
    const url = await open();
    expect(await post(url, "{")).toMatchObject({ status: 400, body: { error: "bad-json" } });
    const invalid = new Uint8Array([0x22, 0xff, 0x22]);
    expect(await post(url, invalid)).toMatchObject({ body: { error: "invalid-utf8" } });
    expect(await post(url, [])).toMatchObject({ status: 400, body: { error: "no-events" } });
    const type = { "Content-Type": "application/x-ndjson" };
    const lines = `${JSON.stringify(LOGIN)}\n{\n`;
    expect(await post(url, lines, type)).toMatchObject({ body: { error: "bad-json", index: 1 } });
    expect(batches).toEqual([]);
  });

  test("by its size, announced or not, while the largest body is taken", async () => {
    const url = await open();
    const padding = HTTP_BODY_BYTES_MAX - JSON.stringify(LOGIN).length;
    const largest = JSON.stringify(LOGIN) + " ".repeat(padding);
    expect((await post(url, largest)).status).toBe(202);
    expect((await post(url, `${largest} `)).status).toBe(413);
    expect(await postUnannounced(url, `${largest} `)).toMatch(/^HTTP\/1.1 413 /);
    expect(batches).toHaveLength(1);
  });
});

// A chunked body has no announced length; fetch would not let it end early.
function postUnannounced(url: string, body: string): Promise<string> {
  const { port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1");
    let answer = "";
    socket.on("data", (data) => {
      answer += data.toString();
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", (error) => (answer === "" ? reject(error) : resolve(answer)));
    const head = ["Host: h", "Content-Type: application/json", "Transfer-Encoding: chunked"];
    socket.write(`POST ${pathname} HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\n`);
    socket.write(`${body.length.toString(16)}\r\n${body}\r\n`);
  });
}

describe("a token", () => {
  test("is asked for when there is a file of one, and must be that one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "http-events-"));
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, "right\n");
    const url = await open({ tokenFile });
    expect((await post(url, LOGIN)).status).toBe(401);
    expect((await post(url, LOGIN, { Authorization: "Bearer wrong" })).status).toBe(401);
    expect((await post(url, LOGIN, { Authorization: "Bearer right" })).status).toBe(202);
    await writeFile(tokenFile, "\n");
    await expect(openHttpEvents({ ...unused, tokenFile })).rejects.toThrow("is empty");
    await rm(folder, { recursive: true });
    await expect(openHttpEvents({ ...unused, tokenFile })).rejects.toThrow("ENOENT");
  });
});

const unused: HttpEventsConfig = { port: 0, realm: "acme", nowMs: () => 0, onEvents: () => {} };

test("others than this host are listened to only with a token", async () => {
  await expect(openHttpEvents({ ...unused, address: "0.0.0.0" })).rejects.toThrow("token file");
  await expect(openHttpEvents({ ...unused, address: "::" })).rejects.toThrow("token file");
  source = await openHttpEvents({ ...unused, address: "127.0.0.2" });
  expect(source.port).toBeGreaterThan(0);
});

test("a port that is taken is an error at start", async () => {
  await open();
  const port = source?.port ?? 0;
  await expect(openHttpEvents({ ...unused, port })).rejects.toMatchObject({ code: "EADDRINUSE" });
});
