// What stands behind a real proxy in these tests: a real gate whose decisions the test sets, and a
// page that counts its visits, so that "was refused" means that the page was never reached.

import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type Server,
} from "node:http";
import type { AddressInfo } from "node:net";
import type {
  AccessRequest,
  Decision,
  DecisionPoint,
  DenyStage,
} from "../../../sidecar/src/enforcers/decision.ts";
import { DecisionRing } from "../../../sidecar/src/enforcers/decision-ring.ts";
import { type HttpGate, startHttpGate } from "../../../sidecar/src/enforcers/http-gate.ts";
import { parseHttpGateConfig } from "../../../sidecar/src/enforcers/http-gate-config.ts";

/** The loopback address that the proxies use towards the gate. */
const PROXY = "127.0.0.1";
/** A client address that the gate trusts as an outer proxy. */
export const OUTER_PROXY = "127.0.0.9";

/** Denies the subjects in `denied`, each at its stage, and remembers what it was asked. */
export class FakeDecisions implements DecisionPoint {
  ready = true;
  readonly denied = new Map<string, DenyStage>();
  readonly asked: AccessRequest[] = [];

  decide(request: AccessRequest): Decision {
    this.asked.push(request);
    for (const subject of request.subjects) {
      const stage = this.denied.get(subject);
      if (stage !== undefined) {
        const reason = `${subject} is cut off`;
        return { effect: "deny", stage, reason, revocation: "a1b2c3", untilMs: 1_767_322_800_000 };
      }
    }
    return { effect: "permit" };
  }

  isReady(): boolean {
    return this.ready;
  }

  readiness(): { ready: boolean; why: string } {
    return { ready: this.ready, why: this.ready ? "both heads applied" : "no sealed head yet" };
  }

  reset(): void {
    this.ready = true;
    this.denied.clear();
    this.asked.length = 0;
  }
}

export interface GateStand {
  readonly decisions: FakeDecisions;
  readonly ring: DecisionRing;
  readonly gate: HttpGate;
  readonly page: { readonly port: number; visits: number };
  stop(): Promise<void>;
}

export async function startGateStand(): Promise<GateStand> {
  const decisions = new FakeDecisions();
  const ring = new DecisionRing("edge-1", "k3v9qa");
  const trustedProxies = [PROXY, OUTER_PROXY];
  const gate = await startHttpGate({
    config: parseHttpGateConfig({ realm: "acme", port: 0, trustedProxies }),
    decisions,
    ring,
    nowMs: () => 0,
    onFault: (error) => {
      throw error;
    },
  });
  const page = { port: 0, visits: 0 };
  const server = createServer((_request, response) => {
    page.visits++;
    response.end("the page");
  });
  page.port = await listen(server);
  const stop = async () => {
    await gate.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { decisions, ring, gate, page, stop };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

export interface Visit {
  /** Loopback address to come from. */
  readonly from: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request to the proxy on `port`, on a connection of its own. */
export function visit(port: number, { from, method, path, headers }: Visit): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, localAddress: from, agent: false as const };
    const request = httpRequest(
      { ...options, method: method ?? "GET", path: path ?? "/", headers: headers ?? {} },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk) => {
          body += chunk;
        });
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode as number, headers: response.headers, body });
        });
      },
    );
    request.on("error", reject);
    request.end();
  });
}
