import type { Access, EdgeReading, Held, HeldLease } from "@ostraka/agents/node";
import { Ledger, parseSubject, Stage, type SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { denialOf, GateDecisions, stagesOf } from "./gate-decisions.ts";

const ADDRESS = parseSubject("address:203.0.113.7") as SubjectText;

const HELD: Held = {
  id: "ab".repeat(32),
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
  untilMs: 1_700_000_000_000,
};

describe("a denial in words", () => {
  test("a quorum's revocation names the subject, the rule and the hosts", () => {
    expect(denialOf(HELD)).toEqual({
      effect: "deny",
      stage: "suspend",
      reason: "address 203.0.113.7 was cut off by quorum rule seen-on-two-hosts (2 hosts)",
      revocation: HELD.id,
      untilMs: HELD.expiresMs,
    });
  });

  test("people's revocation says that people approved it", () => {
    const held = { ...HELD, ledger: Ledger.CONTROL, rule: "kill-switch", hostCount: 0 } as const;
    expect(denialOf(held).reason).toBe(
      "address 203.0.113.7 was cut off with people's approval, rule kill-switch",
    );
  });

  test("a lease says that this host stands alone", () => {
    expect(denialOf(LEASE)).toMatchObject({
      revocation: "lease-web-1-1",
      untilMs: LEASE.untilMs,
      reason: "address 203.0.113.7 was cut off by this host alone, on what it saw itself",
    });
  });

  test("a token's value is not repeated", () => {
    const subject = parseSubject("token:very-secret") as SubjectText;
    expect(denialOf({ ...HELD, subject }).reason).not.toContain("very-secret");
  });

  test.each([
    [Stage.STEP_UP, "step-up"],
    [Stage.THROTTLE, "throttle"],
    [Stage.RESTRICT, "restrict"],
    [Stage.SUSPEND, "suspend"],
    [Stage.TERMINATE, "terminate"],
    [99 as Stage, "suspend"],
  ])("stage %i is answered as %s", (stage, name) => {
    expect(denialOf({ ...HELD, stage }).stage).toBe(name);
  });
});

describe("the gate's decision point", () => {
  function pointOf(held: Held | HeldLease | undefined, ready: boolean) {
    const asked: { access: Access; now: EdgeReading }[] = [];
    const node = {
      decide: (access: Access, now: EdgeReading) => {
        asked.push({ access, now });
        return held;
      },
      readiness: () => ({ ready, why: ready ? "fresh" : "no control head yet" }),
    };
    const clock = { wallMs: () => 5_000, monotonicMs: () => 7 };
    return { point: new GateDecisions(node, clock), asked };
  }

  test("what the node does not hold is permitted, at both clocks of now", () => {
    const { point, asked } = pointOf(undefined, true);
    expect(point.decide({ subjects: [ADDRESS], action: "GET" })).toEqual({ effect: "permit" });
    expect(asked).toEqual([
      {
        access: { subjects: [ADDRESS], action: "GET" },
        now: { wallMs: 5_000, monoMs: 7 },
      },
    ]);
  });

  test("what it holds is denied", () => {
    expect(pointOf(LEASE, true).point.decide({ subjects: [ADDRESS] }).effect).toBe("deny");
  });

  test("it is as ready as the node", () => {
    expect(pointOf(undefined, true).point.isReady()).toBe(true);
    const { point } = pointOf(undefined, false);
    expect(point.isReady()).toBe(false);
    expect(point.readiness().why).toBe("no control head yet");
  });

  test("its stages are the mesh's stages of the same names", () => {
    expect(stagesOf(["step-up", "suspend"])).toEqual(new Set([Stage.STEP_UP, Stage.SUSPEND]));
  });
});
