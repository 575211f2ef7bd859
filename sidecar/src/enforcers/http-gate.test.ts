import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AccessRequest, Decision, DecisionPoint, DecisionRecord } from "./decision.ts";
import { DecisionRing } from "./decision-ring.ts";
import { type HttpGate, startHttpGate } from "./http-gate.ts";
import { parseHttpGateConfig } from "./http-gate-config.ts";

const UNTIL_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const DENIAL = {
  effect: "deny",
  stage: "suspend",
  reason: "failed logins on 2 hosts",
  revocation: "a1b2c3",
  untilMs: UNTIL_MS,
} as const;

class FakeDecisions implements DecisionPoint {
  ready = true;
  answer: () => Decision = () => ({ effect: "permit" });
  readonly asked: AccessRequest[] = [];
  readonly told: DecisionRecord[] = [];
  decide(request: AccessRequest): Decision {
    this.asked.push(request);
    return this.answer();
  }
  isReady(): boolean {
    return this.ready;
  }
  readiness(): { ready: boolean; why: string } {
    return { ready: this.ready, why: this.ready ? "both heads applied" : "no sealed head yet" };
  }
  onDecision(record: DecisionRecord): void {
    this.told.push(record);
  }
}

let decisions: FakeDecisions;
let ring: DecisionRing;
let faults: unknown[];
let gate: HttpGate;

beforeEach(async () => {
  decisions = new FakeDecisions();
  ring = new DecisionRing("edge-1", "k3v9qa");
  faults = [];
  gate = await startHttpGate({
    config: parseHttpGateConfig({ realm: "acme", port: 0, trustedProxies: ["127.0.0.1"] }),
    decisions,
    ring,
    nowMs: () => 42,
    onFault: (error) => faults.push(error),
  });
});

afterEach(() => gate.close());

const PROXIED = { "X-Forwarded-For": "203.0.113.7" };

function ask(path = "/auth", init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${gate.port}${path}`, { headers: PROXIED, ...init });
}

/** Sends bytes as they are and returns everything the gate says before it closes. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(gate.port, "127.0.0.1", () => socket.write(text, "latin1"));
    let said = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => {
      said += chunk;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // Reset by the gate after its answer, with input of ours unread.
      if (error.code === "ECONNRESET" || error.code === "EPIPE") resolve(said);
      else reject(error);
    });
    socket.on("close", () => resolve(said));
  });
}

const get = (headers: string) => raw(`GET /auth HTTP/1.1\r\nHost: g\r\n${headers}\r\n`);
const CLOSE = "Connection: close\r\n";

describe("an answer", () => {
  test("a permit is an empty 200 and is not recorded", async () => {
    const response = await ask();
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
    expect(response.headers.get("x-ostraka-decision")).toBeNull();
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(decisions.asked).toEqual([{ subjects: ["address:203.0.113.7"] }]);
    expect(decisions.told).toEqual([]);
  });

  test("a denial is a 403 that names decision, revocation, reason and end", async () => {
    decisions.answer = () => DENIAL;
    const response = await ask();
    expect(response.status).toBe(403);
    expect(response.headers.get("x-ostraka-revocation")).toBe("a1b2c3");
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(await response.json()).toEqual({
      reason: "failed logins on 2 hosts",
      revocation: "a1b2c3",
      until: "2026-01-02T03:04:05.000Z",
    });
    const id = response.headers.get("x-ostraka-decision") as string;
    const record = ring.find(id);
    expect(record).toEqual({
      id: "edge-1-k3v9qa-1",
      timeMs: 42,
      enforcer: "http-gate",
      answer: "403",
      request: { subjects: ["address:203.0.113.7"] },
      reason: "failed logins on 2 hosts",
      denial: DENIAL,
    });
    expect(decisions.told).toEqual([record]);
  });

  test("restrict, suspend and terminate are 403", async () => {
    for (const stage of ["restrict", "suspend", "terminate"] as const) {
      decisions.answer = () => ({ ...DENIAL, stage });
      expect((await ask()).status).toBe(403);
    }
    expect(gate.counts()).toMatchObject({ denied: 3, unsupportedStage: 0 });
  });

  test("a step-up is a 401 with a challenge", async () => {
    decisions.answer = () => ({ ...DENIAL, stage: "step-up" });
    const response = await ask();
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("insufficient_user_authentication");
    expect(await response.json()).toMatchObject({ revocation: "a1b2c3" });
  });

  test("a throttle, which it cannot do, is a step-up and is counted as unsupported", async () => {
    decisions.answer = () => ({ ...DENIAL, stage: "throttle" });
    expect((await ask()).status).toBe(401);
    expect(gate.counts()).toMatchObject({ denied: 1, unsupportedStage: 1 });
  });

  test("every method is answered, HEAD without a body", async () => {
    decisions.answer = () => DENIAL;
    for (const method of ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"]) {
      expect((await ask("/auth", { method })).status, method).toBe(403);
    }
    const head = await raw(
      `HEAD /auth HTTP/1.1\r\nHost: g\r\nX-Forwarded-For: 203.0.113.7\r\n${CLOSE}\r\n`,
    );
    expect(head).toMatch(/^HTTP\/1\.1 403 /);
    expect(head).toMatch(/\r\n\r\n$/);
  });

  test("a request with a body, as a proxy that forwards it sends, is answered", async () => {
    const response = await ask("/auth", { method: "POST", body: "x".repeat(1_000_000) });
    expect(response.status).toBe(200);
  });

  test("an HTTP/1.0 check without Host, as nginx asks by default, is answered", async () => {
    const said = await raw("GET /auth HTTP/1.0\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n");
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("a protocol upgrade is decided like any request", async () => {
    decisions.answer = () => DENIAL;
    const said = await get(
      "X-Forwarded-For: 203.0.113.7\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n",
    );
    expect(said).toMatch(/^HTTP\/1\.1 403 /);
  });
});

describe("never open by mistake", () => {
  test("until there is a state everything is 503, and health says why", async () => {
    decisions.ready = false;
    const response = await ask();
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      reason: "no sealed head yet",
      revocation: null,
      until: null,
    });
    expect(decisions.asked).toEqual([]);
    for (const path of ["/healthz", "/readyz", "/healthz?verbose"]) {
      const health = await ask(path);
      expect(health.status).toBe(503);
      expect(await health.json()).toEqual({ status: "unready", why: "no sealed head yet" });
    }
    decisions.ready = true;
    expect((await ask()).status).toBe(200);
    const health = await ask("/healthz");
    expect(health.status).toBe(200);
    expect(await health.json()).toEqual({ status: "ready", why: "both heads applied" });
  });

  test("a decision point that throws is a 503 and is reported, and the gate goes on", async () => {
    decisions.answer = () => {
      throw new Error("broken");
    };
    const response = await ask();
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain("broken");
    expect(faults).toEqual([new Error("broken")]);
    decisions.answer = () => ({ effect: "permit" });
    expect((await ask()).status).toBe(200);
  });

  test.each([[{}], [{ effect: "PERMIT" }], [{ effect: "deny" }], [Promise.resolve()], [[]]])(
    "an answer of another shape (%j) is a denial",
    async (answer) => {
      decisions.answer = () => answer as unknown as Decision;
      expect((await ask()).status).toBe(403);
    },
  );

  test("no answer at all is a 503", async () => {
    decisions.answer = () => undefined as unknown as Decision;
    expect((await ask()).status).toBe(503);
  });

  test("text of a decision cannot add a header, and a time that is none is null", async () => {
    decisions.answer = () => ({
      ...DENIAL,
      reason: 'a"\r\nSet-Cookie: b',
      revocation: "x\r\nSet-Cookie: b",
      untilMs: Number.NaN,
    });
    const response = await ask();
    expect(response.status).toBe(403);
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(response.headers.get("x-ostraka-revocation")).toBeNull();
    expect(await response.json()).toMatchObject({ reason: 'a"\r\nSet-Cookie: b', until: null });
  });

  test("a listener that throws after the answer is reported and changes nothing", async () => {
    decisions.answer = () => DENIAL;
    decisions.onDecision = () => {
      throw new Error("listener");
    };
    expect((await ask()).status).toBe(403);
    expect(faults).toEqual([new Error("listener")]);
  });

  test("other paths are 404, look-alikes of the check's path among them", async () => {
    for (const path of ["/", "/authx", "/Auth", "/auth%2f", "/healthz/x", "//auth"]) {
      expect((await ask(path)).status, path).toBe(404);
    }
    for (const path of ["/auth/", "/auth/any/thing", "/auth?x", "/auth/../healthz"]) {
      const said = await raw(
        `GET ${path} HTTP/1.1\r\nHost: g\r\n${CLOSE}X-Forwarded-For: 203.0.113.7\r\n\r\n`,
      );
      expect(said, path).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Length: 0\r\n/);
    }
  });
});

describe("hostile headers", () => {
  const client = (subject: string) => [{ subjects: [subject] }];

  test.each([
    ["no address", ""],
    ["an empty address", "X-Forwarded-For:\r\n"],
    ["an address of other words", "X-Forwarded-For: unknown\r\n"],
    ["an empty last element", "X-Forwarded-For: 203.0.113.7,\r\n"],
    ["a zone", "X-Forwarded-For: fe80::1%eth0\r\n"],
    ["an empty last line", "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For:\r\n"],
  ])("%s from a trusted proxy is a 403 and asks nobody", async (_what, headers) => {
    const said = await get(headers + CLOSE);
    expect(said).toMatch(/^HTTP\/1\.1 403 /);
    expect(said).toContain('"reason":"unreadable client address","revocation":null,"until":null');
    expect(decisions.asked).toEqual([]);
    expect(gate.counts().unreadable).toBe(1);
  });

  test("ports and brackets are read past", async () => {
    await get(`X-Forwarded-For: 192.0.2.1, [2001:DB8::7]:443\r\n${CLOSE}`);
    expect(decisions.asked).toEqual(client("address:2001:db8::7"));
  });

  test("thousands of lines before the proxy's own do not push it out of sight", async () => {
    const filler = "a:\r\n".repeat(5000);
    const said = await get(
      `X-Forwarded-For: 192.0.2.66\r\n${filler}X-Forwarded-For: 203.0.113.7\r\n${CLOSE}`,
    );
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
    expect(decisions.asked).toEqual(client("address:203.0.113.7"));
  });

  test("headers of 60 kB are read, of 100 kB refused", async () => {
    const padding = (bytes: number) => `X-Padding: ${"a".repeat(bytes)}\r\n`;
    const tail = `X-Forwarded-For: 203.0.113.7\r\n${CLOSE}`;
    expect(await get(padding(60_000) + tail)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await get(padding(100_000) + tail)).toMatch(/^HTTP\/1\.1 431 /);
    expect(decisions.asked).toHaveLength(1);
  });

  test.each([
    ["a folded line", "X-Forwarded-For: 192.0.2.66,\r\n 203.0.113.7\r\n"],
    ["a space before the colon", "X-Forwarded-For : 203.0.113.7\r\n"],
    ["a bare carriage return", "X-Forwarded-For: 203.0.113.7\rX: y\r\n"],
    ["a NUL", "X-Forwarded-For: 203.0.113.7\u0000\r\n"],
    ["two lengths", "Content-Length: 1\r\nContent-Length: 2\r\n"],
    ["a length and chunks", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"],
  ])("%s is never a permit", async (_what, headers) => {
    const said = await get(`${headers}${CLOSE}`);
    expect(said).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(decisions.asked).toEqual([]);
  });

  test("a tunnel through the gate is not to be had", async () => {
    expect(await raw("CONNECT /auth HTTP/1.1\r\nHost: g\r\n\r\n")).not.toContain(" 200 ");
    expect(decisions.asked).toEqual([]);
  });

  test("a user of a trusted proxy joins the address; two users are refused", async () => {
    await get(`X-Forwarded-For: 203.0.113.7\r\nX-Remote-User: alice\r\n${CLOSE}`);
    expect(decisions.asked).toEqual([{ subjects: ["address:203.0.113.7", "user:acme/alice"] }]);
    const said = await get(
      `X-Forwarded-For: 203.0.113.7\r\nX-Remote-User: a\r\nX-Remote-User: b\r\n${CLOSE}`,
    );
    expect(said).toMatch(/^HTTP\/1\.1 403 [\s\S]*unreadable user name/);
  });
});

test("a port in use is an error, not a gate that listens nowhere", async () => {
  const config = parseHttpGateConfig({ realm: "acme", port: gate.port });
  const second = startHttpGate({ config, decisions, ring, nowMs: () => 0, onFault: () => {} });
  await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
});
