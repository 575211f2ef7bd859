// Source `http`: programs on this host post their own observations as JSON.
// Owns the listener and its bounds. A batch is handed on whole or not at all; the answer 202 is
// given only AFTER it has been. Whether an event is a repeat is the scorer's business.

import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Event } from "@ostraka/agents/kernel";
import { canonicalAddress } from "@ostraka/proto";
import { createServer } from "../node-http.ts";
import { readEventBody } from "./http-event-body.ts";
import { HTTP_BODY_BYTES_MAX, HTTP_CONNECTIONS_MAX, HTTP_REQUEST_MS_MAX } from "./limits.ts";

/** Node looks for slow requests only so often: by default every 30 s. */
const SLOW_CHECKED_EVERY_MS = 1_000;

export interface HttpEventsConfig {
  /** Address to listen on; 127.0.0.1 without it. Any but a loopback address needs a token. */
  readonly address?: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** Realm of users whose event names none. */
  readonly realm: string;
  /** File with a bearer token, read once at start; without it every local program may post. */
  readonly tokenFile?: string;
  /** This host's clock in ms since the epoch. */
  readonly nowMs: () => number;
  /** Takes a batch; if it throws or rejects, the caller is told 503 and may send it again. */
  readonly onEvents: (events: readonly Event[]) => void | Promise<void>;
}

export interface HttpEvents {
  readonly port: number;
  /** Takes no more requests, waits for those in flight, then ends every connection. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Opens the listener.
 * @throws when the token file cannot be read, is empty or is missing where others than this host
 * could post, or when the port cannot be listened on.
 */
export async function openHttpEvents(config: HttpEventsConfig): Promise<HttpEvents> {
  const address = config.address ?? "127.0.0.1";
  if (config.tokenFile === undefined && !isLoopback(address)) {
    throw new Error(`source http on ${address} needs a token file; without one use 127.0.0.1`);
  }
  const token = config.tokenFile === undefined ? undefined : await readToken(config.tokenFile);
  const timeouts = {
    requestTimeout: HTTP_REQUEST_MS_MAX,
    headersTimeout: HTTP_REQUEST_MS_MAX,
    keepAliveTimeout: HTTP_REQUEST_MS_MAX,
    connectionsCheckingInterval: SLOW_CHECKED_EVERY_MS,
  };
  const server = createServer(timeouts, (request, response) => {
    void serve(request, response, config, token);
  });
  server.maxConnections = HTTP_CONNECTIONS_MAX;
  await listen(server, config.port, address);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => closeServer(server),
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  config: HttpEventsConfig,
  token: Buffer | undefined,
): Promise<void> {
  let made: Answer;
  try {
    made = await answer(request, config, token);
  } catch {
    // The cause is `onEvents`'s to report; a caller that hung up is not answered.
    made = refusal(503, "unavailable", "the events were not taken; send them again");
  }
  send(request, response, made);
}

async function answer(
  request: IncomingMessage,
  config: HttpEventsConfig,
  token: Buffer | undefined,
): Promise<Answer> {
  const refused = refuseByHead(request, token);
  if (refused !== undefined) return refused;
  const text = await readBody(request);
  if (text === "too-large") {
    return refusal(413, "too-large", `a body holds at most ${HTTP_BODY_BYTES_MAX} bytes`);
  }
  if (text === "invalid-utf8") return refusal(400, "invalid-utf8", "the body is not UTF-8");
  const context = { realm: config.realm, nowMs: config.nowMs() };
  const events = readEventBody(text, contentType(request) !== "application/json", context);
  if (!Array.isArray(events)) return { status: 400, body: { ...events } };
  await config.onEvents(events);
  return { status: 202, body: { accepted: events.length } };
}

function refuseByHead(request: IncomingMessage, token: Buffer | undefined): Answer | undefined {
  if (request.url !== "/v1/events") return refusal(404, "not-found", "post to /v1/events");
  if (request.method !== "POST") {
    return { ...refusal(405, "bad-method", "use POST"), headers: { Allow: "POST" } };
  }
  // A page in somebody's browser is no source, even one that reached the loopback address.
  if (request.headers.origin !== undefined) {
    return refusal(403, "from-browser", "requests with an Origin are refused");
  }
  if (token !== undefined && !isBearer(request, token)) {
    const headers = { "WWW-Authenticate": "Bearer" };
    return { ...refusal(401, "bad-token", "send the bearer token of this host"), headers };
  }
  if (!CONTENT_TYPES.has(contentType(request))) {
    const message = "send application/json or application/x-ndjson";
    return refusal(415, "bad-content-type", message);
  }
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    return refusal(415, "bad-encoding", "send the body uncompressed");
  }
  return undefined;
}

const CONTENT_TYPES: ReadonlySet<string> = new Set([
  "application/json",
  "application/x-ndjson",
  "application/ndjson",
]);

function contentType(request: IncomingMessage): string {
  const [type = ""] = (request.headers["content-type"] ?? "").split(";");
  return type.trim().toLowerCase();
}

// Hashing first makes the lengths equal, and the comparison takes the same time for every guess.
function isBearer(request: IncomingMessage, token: Buffer): boolean {
  const given = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  return given !== undefined && timingSafeEqual(tokenDigest(given), token);
}

function tokenDigest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

async function readToken(path: string): Promise<Buffer> {
  const token = (await readFile(path, "utf8")).trim();
  if (token === "") throw new Error(`token file ${path} is empty; put one line with a token in it`);
  return tokenDigest(token);
}

async function readBody(request: IncomingMessage): Promise<string | "too-large" | "invalid-utf8"> {
  if (Number(request.headers["content-length"] ?? 0) > HTTP_BODY_BYTES_MAX) return "too-large";
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Destroying the request would cut the connection BEFORE the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > HTTP_BODY_BYTES_MAX) return "too-large";
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    // The decoder says no more than that the bytes are not UTF-8.
    return "invalid-utf8";
  }
}

function refusal(status: number, error: string, message: string): Answer {
  return { status, body: { error, message } };
}

function send(request: IncomingMessage, response: ServerResponse, made: Answer): void {
  if (response.destroyed) return;
  const text = `${JSON.stringify(made.body)}\n`;
  // What is left of a refused body is not read: the connection ends with the answer.
  const isUnread = !request.complete;
  response.writeHead(made.status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
    ...(isUnread ? { Connection: "close" } : {}),
    ...made.headers,
  });
  response.end(text);
}

function isLoopback(address: string): boolean {
  const canonical = canonicalAddress(address);
  return canonical === "::1" || canonical?.startsWith("127.") === true;
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeIdleConnections();
  });
}
