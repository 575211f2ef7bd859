// Either the real gate over a real deny set, or a bare node:http server with the same answer;
// prints its port.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { openCrypto } from "@ostraka/host";
import { Ledger } from "@ostraka/proto";
import { DenySet } from "../../../agents/src/enforcer/index.ts";
import type { DecisionPoint } from "../../../sidecar/src/enforcers/decision.ts";
import { DecisionRing } from "../../../sidecar/src/enforcers/decision-ring.ts";
import { startHttpGate } from "../../../sidecar/src/enforcers/http-gate.ts";
import { parseHttpGateConfig } from "../../../sidecar/src/enforcers/http-gate-config.ts";
import { denialOf } from "../../../sidecar/src/gate-decisions.ts";
import { addressSubject, revocation } from "../revocations.ts";

const HELD = 10_000;

const port = process.argv[2] === "gate" ? await startGate() : await startBare();
process.stdout.write(`${port}\n`);
process.on("SIGTERM", () => process.exit(0));
// Whoever started it is gone, however it ended.
process.stdin.on("end", () => process.exit(0)).resume();

async function startGate(): Promise<number> {
  const denySet = new DenySet(openCrypto(), { host: "host-1", labels: () => [] });
  const at = { ledger: Ledger.SIGNALS, index: 1 } as const;
  for (let n = 0; n < HELD; n++) denySet.add(revocation(n), addressSubject(n), at);
  const decisions: DecisionPoint = {
    decide: (request) => {
      const nowMs = Date.now();
      const held = denySet.decide(request, { machineMs: nowMs, headMs: nowMs, wallMs: nowMs });
      return held === undefined ? { effect: "permit" } : denialOf(held);
    },
    isReady: () => true,
    readiness: () => ({ ready: true, why: "fresh" }),
  };
  const gate = await startHttpGate({
    config: parseHttpGateConfig({ realm: "bench", port: 0, trustedProxies: ["127.0.0.1"] }),
    decisions,
    ring: new DecisionRing("host-1", "bench"),
    nowMs: () => Date.now(),
    onFault: (error) => {
      throw error;
    },
  });
  return gate.port;
}

async function startBare(): Promise<number> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "Content-Length": 0 });
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
