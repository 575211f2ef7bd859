// DEMO ONLY: the small protected HTTP service that `ostraka up` runs on each "host". It asks its
// host's gate over real forward-auth before every page, as a proxy would, and passes a refusal
// through. It believes its `X-Demo-*` headers from loopback only; no real service may have them.

import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { canonicalAddress } from "@ostraka/proto";

/** The address that a simulated client pretends to come from. */
export const DEMO_CLIENT_HEADER = "x-demo-client";
/** The account that a simulated client has logged in as. */
export const DEMO_USER_HEADER = "x-demo-user";

const GATE_MS_MAX = 2000;
const GATE_BODY_BYTES_MAX = 64 * 1024;
/** Headers of a gate's refusal that a client gets; the rest belongs to that connection. */
const PASSED_HEADERS = [
  "content-type",
  "cache-control",
  "www-authenticate",
  "x-content-type-options",
  "x-ostraka-decision",
  "x-ostraka-revocation",
];

export interface ProtectedServiceOptions {
  /** Shown on the page. */
  readonly name: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The gate's check, such as `http://127.0.0.1:9180/auth`; the gate must trust this machine. */
  readonly gateUrl: string;
}

export interface ProtectedService {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

interface GateAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Listens; rejects with the system's error when it cannot. */
export async function startProtectedService(
  options: ProtectedServiceOptions,
): Promise<ProtectedService> {
  const gate = new URL(options.gateUrl);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const server = createServer((request, response) => {
    onRequest(request, response, gate, agent, options.name).catch((error: unknown) => {
      // The gate did not answer: refused, as every proxy refuses then.
      const why = error instanceof Error ? error.message : String(error);
      send(response, 503, { reason: `the gate of ${options.name} did not answer: ${why}` });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        agent.destroy();
      }),
  };
}

async function onRequest(
  request: IncomingMessage,
  response: ServerResponse,
  gate: URL,
  agent: Agent,
  name: string,
): Promise<void> {
  request.resume(); // a body is of no interest, and unread it would hold the connection
  const client = clientOf(request);
  if (client === undefined) {
    send(response, 400, { reason: `${DEMO_CLIENT_HEADER} is no address` });
    return;
  }
  const answer = await askGate(request, client, gate, agent);
  if (answer.status === 200) {
    send(response, 200, { service: name, path: request.url, client: client.address });
    return;
  }
  // Only 200 is a permit of our gate; any other answer without an error in it is still a refusal.
  const status = answer.status >= 400 ? answer.status : 502;
  const headers = PASSED_HEADERS.flatMap((key) => {
    const value = answer.headers[key];
    return typeof value === "string" ? [key, value] : [];
  });
  response.writeHead(status, [...headers, "content-length", String(answer.body.length)]);
  response.end(answer.body);
}

interface DemoClient {
  readonly address: string;
  readonly user: string | undefined;
}

/** Who asks; `undefined` when a simulated address is none. */
function clientOf(request: IncomingMessage): DemoClient | undefined {
  const peer = canonicalAddress(request.socket.remoteAddress ?? "");
  if (peer === undefined) return undefined;
  const isSimulated = peer.startsWith("127.") || peer === "::1";
  if (!isSimulated) return { address: peer, user: undefined };
  const given = request.headers[DEMO_CLIENT_HEADER];
  const address = given === undefined ? peer : canonicalAddress(String(given));
  const user = request.headers[DEMO_USER_HEADER];
  if (address === undefined) return undefined;
  return { address, user: user === undefined ? undefined : String(user) };
}

function askGate(
  request: IncomingMessage,
  client: DemoClient,
  gate: URL,
  agent: Agent,
): Promise<GateAnswer> {
  const headers: Record<string, string> = {
    // Set, never appended to: what the client wrote under these names must not reach the gate.
    "x-forwarded-for": client.address,
    "x-forwarded-method": request.method as string,
    "x-forwarded-uri": request.url as string,
  };
  if (client.user !== undefined) headers["x-remote-user"] = client.user;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(GATE_MS_MAX);
    const asked = httpRequest(gate, { agent, headers, signal }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > GATE_BODY_BYTES_MAX) asked.destroy(new Error("its answer is too long"));
        else chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => {
        const status = response.statusCode as number;
        resolve({ status, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

function send(response: ServerResponse, status: number, value: object): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": body.length,
  });
  response.end(body);
}
