// The gate behind a real Caddy (forward_auth): what a client sees, and whom the gate takes it for.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startCaddy } from "./proxies/caddy.ts";
import { type GateStand, OUTER_PROXY, startGateStand, visit } from "./proxies/gate-stand.ts";
import { findBinary, type ProxyProcess } from "./proxies/proxy-process.ts";

const caddy = findBinary("caddy");
const CLIENT = "127.0.0.7";

describe.skipIf(caddy === undefined)("Caddy (where skipped: apt-get install caddy)", () => {
  let stand: GateStand;
  let proxy: ProxyProcess;

  beforeAll(async () => {
    stand = await startGateStand();
    proxy = await startCaddy(caddy as string, stand.gate.port, stand.page.port, OUTER_PROXY);
  });
  afterAll(async () => {
    await proxy?.stop();
    await stand?.stop();
  });
  beforeEach(() => {
    stand.decisions.reset();
    stand.page.visits = 0;
  });

  test("a permitted client reaches the page, and the gate is asked about that access", async () => {
    const answer = await visit(proxy.port, { from: CLIENT, method: "DELETE", path: "/a/../b?c" });
    expect(answer).toMatchObject({ status: 200, body: "the page" });
    expect(stand.decisions.asked).toEqual([
      { subjects: ["address:127.0.0.7"], resource: "/b", action: "DELETE" },
    ]);
  });

  test("a denied client sees the gate's own 403, ids and body, and never the page", async () => {
    stand.decisions.denied.set("address:127.0.0.7", "suspend");
    const answer = await visit(proxy.port, { from: CLIENT });
    expect(answer.status).toBe(403);
    expect(answer.headers["x-ostraka-revocation"]).toBe("a1b2c3");
    expect(stand.ring.find(answer.headers["x-ostraka-decision"] as string)).toBeDefined();
    expect(JSON.parse(answer.body)).toEqual({
      reason: "address:127.0.0.7 is cut off",
      revocation: "a1b2c3",
      until: "2026-01-02T03:00:00.000Z",
    });
    expect(stand.page.visits).toBe(0);
    expect((await visit(proxy.port, { from: "127.0.0.8" })).status).toBe(200);
  });

  test("step-up is a 401 with the gate's challenge", async () => {
    stand.decisions.denied.set("address:127.0.0.7", "step-up");
    const answer = await visit(proxy.port, { from: CLIENT });
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toContain("insufficient_user_authentication");
    expect(stand.page.visits).toBe(0);
  });

  test("a gate without state is a 503 that says why", async () => {
    stand.decisions.ready = false;
    const answer = await visit(proxy.port, { from: CLIENT });
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toMatchObject({ reason: "no sealed head yet" });
    expect(stand.page.visits).toBe(0);
  });

  test("a client that writes X-Forwarded-For itself is still taken for itself", async () => {
    stand.decisions.denied.set("address:127.0.0.7", "suspend");
    for (const spoof of ["192.0.2.1", "127.0.0.1", "192.0.2.1, 127.0.0.1", ","]) {
      const headers = { "X-Forwarded-For": spoof };
      expect((await visit(proxy.port, { from: CLIENT, headers })).status, spoof).toBe(403);
    }
  });

  test("behind a trusted outer proxy the address it names is the client's", async () => {
    const headers = { "X-Forwarded-For": "192.0.2.66, 203.0.113.7" };
    await visit(proxy.port, { from: OUTER_PROXY, headers });
    expect(stand.decisions.asked[0]?.subjects).toEqual(["address:203.0.113.7"]);
  });

  test("a client chooses neither its user nor its resource", async () => {
    const headers = {
      "X-Remote-User": "bob",
      "X-Forwarded-Uri": "/public",
      "X-Forwarded-Method": "HEAD",
    };
    await visit(proxy.port, { from: CLIENT, path: "/admin", headers });
    expect(stand.decisions.asked).toEqual([
      { subjects: ["address:127.0.0.7"], resource: "/admin", action: "GET" },
    ]);
  });

  test("headers too large for the gate close the page", async () => {
    const headers = { "X-Padding": "a".repeat(100_000) };
    const answer = await visit(proxy.port, { from: CLIENT, headers });
    expect(answer.status).toBe(431);
    expect(stand.page.visits).toBe(0);
  });
});
