// `GET /explain/<id>` for the CLI, on this machine only: what stands behind a decision of this
// host, a revocation it holds or a local lease (I10). Reads memory and changes nothing. Names
// subjects, so it answers loopback peers alone, and no page in a browser that was led here.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Held, type HeldLease, type SidecarNode, stageName } from "@ostraka/agents/edge";
import type { Trace } from "@ostraka/agents/kernel";
import { canonicalAddress, ledgerLetter } from "@ostraka/proto";
import type { Endpoint } from "./config.ts";
import type { DecisionRing } from "./enforcers/decision-ring.ts";
import { createServer } from "./node-http.ts";

/** Subjects whose latest reasons are remembered for leases, which carry none. */
const REASONS_KEPT = 1_024;
const ID = /^[0-9A-Za-z._-]{1,200}$/;
const CONNECTIONS_MAX = 32;
const REQUEST_MS_MAX = 5_000;
/** Node looks for slow requests only so often: by default every 30 s. */
const SLOW_CHECKED_EVERY_MS = 1_000;

export interface ExplainOptions {
  readonly hostName: string;
  readonly ring: DecisionRing;
  readonly node: Pick<SidecarNode, "denySet" | "readiness" | "wouldDeny">;
  readonly reasons: LocalReasons;
}

/** Why this host itself drew a line, by subject: the newest of each, the oldest forgotten. */
export class LocalReasons {
  readonly #bySubject = new Map<string, Trace>();

  note(trace: Trace): void {
    const { subject, explained } = trace as { subject?: unknown; explained?: unknown };
    const isDrawn =
      trace.what === "signalled" || (trace.what === "leased" && Array.isArray(explained));
    if (!isDrawn || typeof subject !== "string") return;
    this.#bySubject.delete(subject);
    this.#bySubject.set(subject, trace);
    if (this.#bySubject.size <= REASONS_KEPT) return;
    const [oldest] = this.#bySubject.keys();
    this.#bySubject.delete(oldest as string);
  }

  of(subject: string): object | undefined {
    const trace = this.#bySubject.get(subject);
    if (trace === undefined) return undefined;
    const { evidenceMdb, levelMdb, reasons, explained } = trace;
    return { evidenceMdb, levelMdb, reasons, explained };
  }
}

/**
 * What is known of an id: of a decision (`<host>-<start>-<count>`), a revocation (hex) or a local
 * lease.
 * @returns `undefined` when this host does not know it (any more).
 */
export function explain(options: ExplainOptions, id: string): object | undefined {
  const { hostName: host, ring, node, reasons } = options;
  const decision = ring.find(id);
  const heldId = decision === undefined ? id : (decision.denial?.revocation ?? "");
  const held = node.denySet.find(heldId);
  const lease = [...node.denySet.leases()].find((l) => l.id === heldId);
  if (decision === undefined && held === undefined && lease === undefined) return undefined;
  const subject = held?.subject ?? lease?.subject;
  return {
    host,
    readiness: node.readiness(),
    ...(decision !== undefined && {
      decision: { ...decision, time: isoTime(decision.timeMs) },
    }),
    ...(held !== undefined && { revocation: revocationView(held, node.wouldDeny.of(held.id)) }),
    ...(lease !== undefined && { lease: leaseView(lease) }),
    ...(subject !== undefined && { seenHere: reasons.of(subject) ?? null }),
  };
}

/** @param wouldDeny requests that it would have denied here, if it is a dry run. */
function revocationView(held: Held, wouldDeny: number): object {
  const { id, subject, rule, hostCount, isDryRun, resources, actions, widening } = held;
  const at = `${ledgerLetter(held.ledger)}:${held.index}`;
  const stage = stageName(held.stage);
  const until = isoTime(held.expiresMs);
  return {
    ...{ id, subject, stage, rule, hostCount, at, until, isDryRun, resources, actions },
    ...(isDryRun && { wouldDeny }),
    ...(widening !== undefined && { enforcedFrom: isoTime(widening.fromMs) }),
  };
}

function leaseView(lease: HeldLease): object {
  const { id, subject } = lease;
  return { id, subject, stage: stageName(lease.stage), until: isoTime(lease.untilMs) };
}

function isoTime(ms: number): string | null {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

export interface ExplainServer extends Endpoint {
  close(): Promise<void>;
}

/** Listens; rejects with the system's error (`EADDRINUSE`) when it cannot. */
export async function startExplain(
  endpoint: Endpoint,
  options: ExplainOptions,
): Promise<ExplainServer> {
  const timeouts = {
    requestTimeout: REQUEST_MS_MAX,
    headersTimeout: REQUEST_MS_MAX,
    connectionsCheckingInterval: SLOW_CHECKED_EVERY_MS,
  };
  const server = createServer(timeouts, (request, response) =>
    onRequest(request, response, options),
  );
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(endpoint.port, endpoint.host, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port, close: () => close(server) };
}

function onRequest(
  request: IncomingMessage,
  response: ServerResponse,
  options: ExplainOptions,
): void {
  const match = /^\/explain\/([^/?]+)$/.exec(request.url ?? "");
  const id = match?.[1] ?? "";
  const found = isFromHere(request) && ID.test(id) ? explain(options, id) : undefined;
  if (!isFromHere(request)) send(response, 403, { reason: "for this machine only" });
  else if (match === null) send(response, 404, { reason: "ask for /explain/<id>" });
  else if (request.method !== "GET") send(response, 405, { reason: "use GET" });
  else if (found !== undefined) send(response, 200, found);
  else send(response, 404, { reason: "this host knows nothing of that id, or not any more" });
}

/** A browser sends an Origin or the name of the site that led it here (DNS rebinding). */
function isFromHere(request: IncomingMessage): boolean {
  const peer = canonicalAddress(request.socket.remoteAddress ?? "") ?? "";
  const isLocal = peer.startsWith("127.") || peer === "::1";
  const named = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?$/.test(request.headers.host ?? "");
  return isLocal && named && request.headers.origin === undefined;
}

function send(response: ServerResponse, status: number, value: object): void {
  const body = Buffer.from(`${JSON.stringify(value, textOfBigint)}\n`);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": body.length,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(body);
}

function textOfBigint(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
