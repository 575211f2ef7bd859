// The gate behind a real nginx (auth_request): what a client sees, and whom the gate takes it for.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type GateStand, OUTER_PROXY, startGateStand, visit } from "./proxies/gate-stand.ts";
import { startNginx } from "./proxies/nginx.ts";
import { findBinary, type ProxyProcess } from "./proxies/proxy-process.ts";

const nginx = findBinary("nginx");
const CLIENT = "127.0.0.7";

describe.skipIf(nginx === undefined)("nginx (where skipped: apt-get install nginx-light)", () => {
  let stand: GateStand;
  let proxy: ProxyProcess;

  beforeAll(async () => {
    stand = await startGateStand();
    proxy = await startNginx(nginx as string, stand.gate.port, stand.page.port);
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
    const answer = await visit(proxy.port, { from: CLIENT, path: "/wiki//%41?edit=1" });
    expect(answer).toMatchObject({ status: 200, body: "the page" });
    expect(stand.decisions.asked).toEqual([
      { subjects: ["address:127.0.0.7"], resource: "/wiki/A", action: "GET" },
    ]);
  });

  test("a denied client sees 403 with the ids, never the page; its neighbour does", async () => {
    stand.decisions.denied.set("address:127.0.0.7", "suspend");
    const answer = await visit(proxy.port, { from: CLIENT });
    expect(answer.status).toBe(403);
    expect(answer.headers["x-ostraka-revocation"]).toBe("a1b2c3");
    const record = stand.ring.find(answer.headers["x-ostraka-decision"] as string);
    expect(record?.request.subjects).toEqual(["address:127.0.0.7"]);
    expect(stand.page.visits).toBe(0);
    expect((await visit(proxy.port, { from: "127.0.0.8" })).status).toBe(200);
  });

  test("step-up is a 401 with the gate's challenge", async () => {
    stand.decisions.denied.set("address:127.0.0.7", "step-up");
    const answer = await visit(proxy.port, { from: CLIENT, method: "POST" });
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toContain("insufficient_user_authentication");
    expect(stand.page.visits).toBe(0);
  });

  test("a gate without state closes the page: nginx makes a 500 of its 503", async () => {
    stand.decisions.ready = false;
    expect((await visit(proxy.port, { from: CLIENT })).status).toBe(500);
    expect(stand.page.visits).toBe(0);
  });

  test("a client that writes X-Forwarded-For itself is still taken for itself", async () => {
    stand.decisions.denied.set("address:127.0.0.7", "suspend");
    const spoofs = ["192.0.2.1", "127.0.0.1", "192.0.2.1, 127.0.0.1", ",", "[::1]:9"];
    for (const spoof of [...spoofs, ["192.0.2.1", "192.0.2.2"]]) {
      const headers = { "X-Forwarded-For": spoof };
      expect((await visit(proxy.port, { from: CLIENT, headers })).status, String(spoof)).toBe(403);
    }
    expect(stand.decisions.asked.map((asked) => asked.subjects)).toEqual(
      Array(6).fill(["address:127.0.0.7"]),
    );
  });

  test("a client cannot have its neighbour taken for it, nor choose user or resource", async () => {
    const headers = {
      "X-Forwarded-For": "127.0.0.8",
      "X-Remote-User": "bob",
      "X-Forwarded-Uri": "/public",
      "X-Forwarded-Method": "HEAD",
    };
    await visit(proxy.port, { from: CLIENT, path: "/admin", headers });
    expect(stand.decisions.asked).toEqual([
      { subjects: ["address:127.0.0.7"], resource: "/admin", action: "GET" },
    ]);
  });

  test("behind a trusted outer proxy the address it names is the client's", async () => {
    const headers = { "X-Forwarded-For": "192.0.2.66, 203.0.113.7" };
    await visit(proxy.port, { from: OUTER_PROXY, headers });
    expect(stand.decisions.asked[0]?.subjects).toEqual(["address:203.0.113.7"]);
  });

  test("the user that nginx knows is a subject, and denied is denied from everywhere", async () => {
    stand.decisions.denied.set("user:acme/alice", "terminate");
    const login = (name: string) => `Basic ${Buffer.from(`${name}:x`).toString("base64")}`;
    const alice = { from: "127.0.0.11", headers: { Authorization: login("alice") } };
    expect((await visit(proxy.port, alice)).status).toBe(403);
    const bob = { from: "127.0.0.11", headers: { Authorization: login("bob") } };
    expect((await visit(proxy.port, bob)).status).toBe(200);
  });

  test("headers too large for the gate close the page", async () => {
    const padding = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [`X-Padding-${i}`, "a".repeat(8000)]),
    );
    const answer = await visit(proxy.port, { from: CLIENT, headers: padding });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(stand.page.visits).toBe(0);
  });
});
