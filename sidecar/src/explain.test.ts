import { request } from "node:http";
import type { Held, HeldLease } from "@ostraka/agents/node";
import { Ledger, parseSubject, Stage, type SubjectText } from "@ostraka/proto";
import { afterEach, describe, expect, test } from "vitest";
import { DecisionRing } from "./enforcers/decision-ring.ts";
import { type ExplainServer, explain, LocalReasons, startExplain } from "./explain.ts";

const ADDRESS = parseSubject("address:203.0.113.7") as SubjectText;
const ID = "ab".repeat(32);

const HELD: Held = {
  id: ID,
  subject: ADDRESS,
  stage: Stage.SUSPEND,
  expiresMs: 1_800_000_000_000,
  rule: "seen-on-two-hosts",
  hostCount: 2,
  ledger: Ledger.SIGNALS,
  index: 12,
  isDryRun: false,
  resources: [],
  actions: [],
};
const LEASE: HeldLease = {
  id: "lease-web-1-1",
  subject: ADDRESS,
  stage: Stage.SUSPEND,
  untilMs: 9,
};

function optionsOf(helds: readonly Held[], leases: readonly HeldLease[] = []) {
  const denySet = {
    find: (id: string) => helds.find((held) => held.id === id),
    leases: () => leases,
  };
  const wouldDeny = { of: () => 3 };
  const node = { denySet, wouldDeny, readiness: () => ({ ready: true, why: "fresh" }) };
  return {
    hostName: "web-1",
    ring: new DecisionRing("web-1", "0a1b2c"),
    node: node as unknown as Parameters<typeof explain>[0]["node"],
    reasons: new LocalReasons(),
  };
}

describe("what stands behind an id", () => {
  test("a decision leads to the revocation and to what this host saw", () => {
    const options = optionsOf([HELD]);
    options.reasons.note({ what: "signalled", subject: ADDRESS, levelMdb: 40_000, reasons: ["x"] });
    const { id } = options.ring.record({
      timeMs: 1_700_000_000_000,
      enforcer: "http-gate",
      answer: "403",
      request: { subjects: [ADDRESS] },
      reason: "address 203.0.113.7 was cut off",
      denial: {
        effect: "deny",
        stage: "suspend",
        reason: "address 203.0.113.7 was cut off",
        revocation: ID,
        untilMs: HELD.expiresMs,
      },
    });
    expect(explain(options, id)).toMatchObject({
      host: "web-1",
      decision: { id, answer: "403", time: "2023-11-14T22:13:20.000Z" },
      revocation: { id: ID, at: "s:12", stage: "suspend", rule: "seen-on-two-hosts" },
      seenHere: { levelMdb: 40_000, reasons: ["x"] },
    });
  });

  test("a dry run says what it would have denied, a widening from when on it denies", () => {
    const dry = explain(optionsOf([{ ...HELD, isDryRun: true }]), ID);
    expect(dry).toMatchObject({ revocation: { isDryRun: true, wouldDeny: 3 } });
    const steps = { share: 500, enteredMs: 0, steps: [], fromMs: 1_700_000_000_000 };
    const widened = explain(optionsOf([{ ...HELD, widening: steps }]), ID);
    expect(widened).toMatchObject({ revocation: { enforcedFrom: "2023-11-14T22:13:20.000Z" } });
    const never = { ...steps, fromMs: Number.POSITIVE_INFINITY };
    const halted = explain(optionsOf([{ ...HELD, widening: never }]), ID);
    expect(halted).toMatchObject({ revocation: { enforcedFrom: null } });
    expect(JSON.stringify(explain(optionsOf([HELD]), ID))).not.toMatch(/wouldDeny|enforcedFrom/);
  });

  test("a revocation's id and a lease's id do too", () => {
    expect(explain(optionsOf([HELD]), ID)).toMatchObject({
      revocation: { id: ID },
      seenHere: null,
    });
    expect(explain(optionsOf([], [LEASE]), LEASE.id)).toMatchObject({
      lease: { subject: ADDRESS, stage: "suspend" },
    });
  });

  test("an id that this host does not know has nothing behind it", () => {
    expect(explain(optionsOf([HELD]), "cd".repeat(32))).toBeUndefined();
    expect(explain(optionsOf([HELD]), "web-1-0a1b2c-7")).toBeUndefined();
  });

  test("reasons are those of the newest signal, and the oldest subject is forgotten", () => {
    const reasons = new LocalReasons();
    reasons.note({ what: "signalled", subject: "a", levelMdb: 1 });
    reasons.note({ what: "signalled", subject: "a", levelMdb: 2 });
    reasons.note({ what: "leased", subject: "a", levelMdb: 3 });
    expect(reasons.of("a")).toMatchObject({ levelMdb: 2 });
    for (let i = 0; i < 1_024; i++) reasons.note({ what: "signalled", subject: `b${i}` });
    expect(reasons.of("a")).toBeUndefined();
    expect(reasons.of("b0")).toBeDefined();
  });
});

describe("over HTTP", () => {
  let server: ExplainServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  async function ask(path: string, headers: Record<string, string> = {}, method = "GET") {
    server ??= await startExplain({ host: "127.0.0.1", port: 0 }, optionsOf([HELD]));
    const { host, port } = server;
    return await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const asked = request({ host, port, path, headers, method }, (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString("utf8");
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      });
      asked.on("error", reject);
      asked.end();
    });
  }

  test("a known id is answered, an unknown one is 404", async () => {
    const known = await ask(`/explain/${ID}`);
    expect(known.status).toBe(200);
    expect(JSON.parse(known.text)).toMatchObject({ revocation: { at: "s:12" } });
    expect((await ask("/explain/nobody")).status).toBe(404);
    expect((await ask("/explain/%2e%2e%2fetc")).status).toBe(404);
    expect((await ask(`/explain/${"a".repeat(201)}`)).status).toBe(404);
    expect((await ask("/")).status).toBe(404);
    expect((await ask(`/explain/${ID}`, {}, "POST")).status).toBe(405);
  });

  test("a page in a browser gets nothing", async () => {
    const origin = await ask(`/explain/${ID}`, { origin: "http://evil.example" });
    const rebound = await ask(`/explain/${ID}`, { host: "evil.example" });
    for (const { status, text } of [origin, rebound]) {
      expect(status).toBe(403);
      expect(text).not.toContain("203.0.113.7");
    }
  });
});
