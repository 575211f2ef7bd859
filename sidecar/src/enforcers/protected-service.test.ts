import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AccessRequest, Decision } from "./decision.ts";
import { DecisionRing } from "./decision-ring.ts";
import { type HttpGate, startHttpGate } from "./http-gate.ts";
import { parseHttpGateConfig } from "./http-gate-config.ts";
import { type ProtectedService, startProtectedService } from "./protected-service.ts";

let asked: AccessRequest[];
let denied: Set<string>;
let gate: HttpGate;
let service: ProtectedService;

function decide(request: AccessRequest): Decision {
  asked.push(request);
  if (!request.subjects.some((subject) => denied.has(subject))) return { effect: "permit" };
  return { effect: "deny", stage: "suspend", reason: "cut off", revocation: "a1", untilMs: 0 };
}

beforeEach(async () => {
  asked = [];
  denied = new Set();
  gate = await startHttpGate({
    config: parseHttpGateConfig({ realm: "acme", port: 0, trustedProxies: ["127.0.0.1"] }),
    decisions: { decide, isReady: () => true, readiness: () => ({ ready: true, why: "test" }) },
    ring: new DecisionRing("edge", "abcd"),
    nowMs: () => 0,
    onFault: (error) => expect.unreachable(String(error)),
  });
  service = await startProtectedService({
    name: "edge-1",
    host: "127.0.0.1",
    port: 0,
    gateUrl: `http://127.0.0.1:${gate.port}/auth`,
  });
});

afterEach(async () => {
  await service.close();
  await gate.close();
});

function visit(headers: Record<string, string> = {}, path = "/reports?y=1"): Promise<Response> {
  return fetch(`http://127.0.0.1:${service.port}${path}`, { headers });
}

test("a permitted visitor gets the page, and the gate was asked about that access", async () => {
  const response = await visit({ "X-Demo-Client": "203.0.113.7", "X-Demo-User": "alice" });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    service: "edge-1",
    path: "/reports?y=1",
    client: "203.0.113.7",
  });
  expect(asked).toEqual([
    {
      subjects: ["address:203.0.113.7", "user:acme/alice"],
      resource: "/reports",
      action: "GET",
    },
  ]);
});

test("a denied visitor gets the gate's status, headers and body; another does not", async () => {
  denied.add("address:203.0.113.7");
  const response = await visit({ "X-Demo-Client": "203.0.113.7" });
  expect(response.status).toBe(403);
  expect(response.headers.get("x-ostraka-decision")).toBe("edge-abcd-1");
  expect(response.headers.get("x-ostraka-revocation")).toBe("a1");
  expect(await response.json()).toMatchObject({ reason: "cut off", revocation: "a1" });
  expect((await visit({ "X-Demo-Client": "203.0.113.8" })).status).toBe(200);
});

test("headers that a proxy sets are not taken from the visitor", async () => {
  denied.add("address:127.0.0.1");
  const headers = {
    "X-Forwarded-For": "192.0.2.1",
    "X-Remote-User": "bob",
    "X-Forwarded-Uri": "/",
  };
  expect((await visit(headers)).status).toBe(403);
  expect(asked[0]).toEqual({
    subjects: ["address:127.0.0.1"],
    resource: "/reports",
    action: "GET",
  });
});

test("a simulated address that is none is refused before the gate is asked", async () => {
  expect((await visit({ "X-Demo-Client": "203.0.113.7, 192.0.2.1" })).status).toBe(400);
  expect(asked).toEqual([]);
});

test("without its gate the service refuses", async () => {
  await gate.close();
  expect((await visit()).status).toBe(503);
});

test("an answer that is neither 200 nor an error is a refusal", async () => {
  const odd = createServer((_request, response) => response.writeHead(204).end());
  await new Promise<void>((resolve) => odd.listen(0, "127.0.0.1", resolve));
  const gateUrl = `http://127.0.0.1:${(odd.address() as AddressInfo).port}/auth`;
  const other = await startProtectedService({ name: "x", host: "127.0.0.1", port: 0, gateUrl });
  expect((await fetch(`http://127.0.0.1:${other.port}/`)).status).toBe(502);
  await other.close();
  odd.close();
});
