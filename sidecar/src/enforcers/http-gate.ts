// The forward-auth enforcer: one HTTP check per access, as nginx auth_request, Caddy forward_auth,
// Traefik ForwardAuth and HAProxy ask it. Answers from memory (no await on the way) and never
// permits by mistake: only a `permit` of a ready decision point is a 2xx, whatever else happens.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "../node-http.ts";
import type { AccessRequest, DecisionPoint, DecisionRecord, Denial } from "./decision.ts";
import type { DecisionRing } from "./decision-ring.ts";
import { GateRequests } from "./gate-request.ts";
import type { HttpGateConfig } from "./http-gate-config.ts";
import { HTTP_GATE_STAGES, stageAnswered } from "./http-gate-stages.ts";

/** Bytes of request headers taken; nginx passes up to 32 KiB of its client's, cookies included. */
const HEADER_BYTES_MAX = 64 * 1024;
/** Connections open at once; proxies keep few, and one more is refused, which no proxy permits. */
export const CONNECTIONS_MAX = 4096;
/** Longer than nginx (60 s) and Caddy (120 s) keep one idle, so they close it: no race. */
const KEEP_ALIVE_MS = 125_000;
const REQUEST_MS_MAX = 10_000;
/** Node looks for slow requests only so often: by default every 30 s. */
const SLOW_CHECKED_EVERY_MS = 1_000;
const CLOSE_MS_MAX = 2000;

// Raw pairs: with no header set before, node writes them as they are.
const PERMIT_HEADERS = ["Content-Length", "0", "Cache-Control", "no-store"];
const ID_IN_HEADER = /^[\x21-\x7e]{1,128}$/;

export interface HttpGateOptions {
  readonly config: HttpGateConfig;
  readonly decisions: DecisionPoint;
  /** Where answers that are no permits are kept; enforcers of one host may share it. */
  readonly ring: DecisionRing;
  /** Wall clock in milliseconds since the Unix epoch: it dates records and decides nothing. */
  readonly nowMs: () => number;
  /** Told when the decision point throws; that request was answered 503. */
  readonly onFault: (error: unknown) => void;
}

export interface HttpGateCounts {
  permitted: number;
  denied: number;
  /** Answered 503: no state yet, or the decision point threw. */
  notReady: number;
  /** Refused because an identity could not be read. */
  unreadable: number;
  /** Denials at a stage that the gate cannot do, answered at a milder one. */
  unsupportedStage: number;
  /** Asked by a peer outside `trustedProxies`: a proxy may be missing there. */
  fromUntrusted: number;
}

export interface HttpGate {
  readonly host: string;
  readonly port: number;
  counts(): Readonly<HttpGateCounts>;
  /** Takes no new connection, lets answers finish, and ends what is open after two seconds. */
  close(): Promise<void>;
}

/** Listens; rejects with the system's error (`EADDRINUSE`) when it cannot. */
export async function startHttpGate(options: HttpGateOptions): Promise<HttpGate> {
  const answering = new Answering(options);
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      insecureHTTPParser: false,
      headersTimeout: REQUEST_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      connectionsCheckingInterval: SLOW_CHECKED_EVERY_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
    },
    (request, response) => answering.onRequest(request, response),
  );
  // Node silently DROPS header lines above this count, so a client could push the proxy's own lines
  // out of sight. No limit: HEADER_BYTES_MAX bounds them, and refuses instead of dropping.
  server.maxHeadersCount = 0;
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, options.config);
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    counts: () => answering.counts(),
    close: () => close(server),
  };
}

class Answering {
  readonly #counts = { permitted: 0, denied: 0, notReady: 0, unreadable: 0, unsupportedStage: 0 };
  readonly #options: HttpGateOptions;
  readonly #decisions: DecisionPoint;
  readonly #requests: GateRequests;
  readonly #path: string;

  constructor(options: HttpGateOptions) {
    this.#options = options;
    this.#decisions = options.decisions;
    this.#requests = new GateRequests(options.config);
    this.#path = options.config.path;
  }

  counts(): HttpGateCounts {
    return { ...this.#counts, fromUntrusted: this.#requests.fromUntrusted };
  }

  onRequest(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url as string;
    if (this.#isCheck(url)) {
      this.#onCheck(request, response);
    } else if (/^\/(healthz|readyz)(\?|$)/.test(url)) {
      this.#onHealth(response);
    } else {
      sendJson(response, 404, { reason: "no such path at this gate" });
    }
  }

  #isCheck(url: string): boolean {
    if (!url.startsWith(this.#path)) return false;
    const next = url.charCodeAt(this.#path.length);
    return Number.isNaN(next) || next === 0x2f || next === 0x3f; // end, "/" or "?"
  }

  #onCheck(request: IncomingMessage, response: ServerResponse): void {
    let access: AccessRequest = { subjects: [] };
    try {
      const read = this.#requests.read(request.socket.remoteAddress, request.rawHeaders);
      if (typeof read === "string") {
        this.#counts.unreadable++;
        this.#refuse(response, 403, access, read);
        return;
      }
      access = read;
      if (!this.#decisions.isReady()) {
        this.#counts.notReady++;
        this.#refuse(response, 503, access, this.#decisions.readiness().why);
        return;
      }
      const decision = this.#decisions.decide(access);
      // Asked for by name: an answer of any other shape is a denial, if one without a reason.
      if (decision.effect === "permit") this.#permit(response);
      else this.#deny(response, access, decision);
    } catch (error) {
      this.#onFault(response, access, error);
    }
  }

  #permit(response: ServerResponse): void {
    this.#counts.permitted++;
    response.writeHead(200, PERMIT_HEADERS);
    response.end();
  }

  #deny(response: ServerResponse, request: AccessRequest, denial: Denial): void {
    this.#counts.denied++;
    if (!HTTP_GATE_STAGES.includes(denial.stage)) this.#counts.unsupportedStage++;
    const status = stageAnswered(denial.stage) === "step-up" ? 401 : 403;
    this.#refuse(response, status, request, denial.reason, denial);
  }

  #onFault(response: ServerResponse, request: AccessRequest, error: unknown): void {
    this.#options.onFault(error);
    if (response.headersSent) return;
    this.#counts.notReady++;
    this.#refuse(response, 503, request, "this host cannot decide at the moment");
  }

  #refuse(
    response: ServerResponse,
    status: number,
    request: AccessRequest,
    reason: string,
    denial?: Denial,
  ): void {
    const record = this.#options.ring.record({
      timeMs: this.#options.nowMs(),
      enforcer: "http-gate",
      answer: String(status),
      request,
      reason,
      ...(denial === undefined ? {} : { denial }),
    });
    const revocation = denial?.revocation ?? null;
    const headers = ["X-Ostraka-Decision", record.id];
    if (revocation !== null && ID_IN_HEADER.test(revocation)) {
      headers.push("X-Ostraka-Revocation", revocation);
    }
    if (status === 401) headers.push("WWW-Authenticate", this.#options.config.stepUpChallenge);
    const until = denial === undefined ? null : isoTime(denial.untilMs);
    sendJson(response, status, { reason, revocation, until }, headers);
    this.#tell(record);
  }

  #tell(record: DecisionRecord): void {
    try {
      this.#decisions.onDecision?.(record);
    } catch (error) {
      this.#options.onFault(error); // the answer is out; what was told of it may not undo that
    }
  }

  #onHealth(response: ServerResponse): void {
    try {
      const { ready, why } = this.#decisions.readiness();
      // By what the gate does, not by what people should mend: a proxy that took an unready gate
      // out of use while it decides would deny everyone.
      sendJson(response, this.#decisions.isReady() ? 200 : 503, {
        status: ready ? "ready" : "unready",
        why,
      });
    } catch (error) {
      this.#onFault(response, { subjects: [] }, error);
    }
  }
}

function sendJson(
  response: ServerResponse,
  status: number,
  value: object,
  headers: readonly string[] = [],
): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  response.writeHead(status, [
    ...headers,
    "Content-Type",
    "application/json; charset=utf-8",
    "Content-Length",
    String(body.length),
    "Cache-Control",
    "no-store",
    "X-Content-Type-Options",
    "nosniff",
  ]);
  response.end(body);
}

/** ISO 8601 in UTC; `null` for what is no time. */
function isoTime(ms: number): string | null {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

function listen(server: Server, config: HttpGateConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port, config.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), CLOSE_MS_MAX);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
  });
}
