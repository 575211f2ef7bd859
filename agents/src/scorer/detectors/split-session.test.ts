import type { SubjectText } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { beginDay, dayValueOf, openBettingAccount } from "../betting-account.ts";
import { DEFAULT_SCORER_POLICY, type Lease, openScorer, type Signal } from "../index.ts";
import { type Observation, openObservation } from "../observation.ts";
import { type DetectorMemory, NO_NAMES } from "./detector.ts";
import { SPLIT_BET, splitSession } from "./split-session.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 2, 9);
const OFFICE = { networkHash: 11, agentHash: 21, countryHash: 31 };
const PHONE = { networkHash: 12, agentHash: 21, countryHash: 31 };
const OTHER_PROGRAM = { networkHash: 11, agentHash: 22, countryHash: 31 };
const NEXT_DOOR = { networkHash: 12, agentHash: 22, countryHash: 31 };
const ABROAD = { networkHash: 13, agentHash: 23, countryHash: 32 };
type Place = Partial<Observation>;

function life(...acts: readonly (readonly [number, Place])[]): DetectorMemory {
  const memory = { ...openBettingAccount(), chain: 0, mark: 0, names: NO_NAMES };
  beginDay(memory);
  for (const [minutes, place] of acts) {
    const timeMs = START + minutes * MINUTE;
    const seen = { ...openObservation(), outcome: "acted" as const, timeMs, ...place };
    splitSession.observe(memory, seen);
  }
  return memory;
}

describe("a session that goes on in other hands", () => {
  test("is one whose network and program both change within half a day", () => {
    expect(life([0, OFFICE], [10, NEXT_DOOR]).wins).toBe(1);
    expect(life([0, OFFICE], [10, ABROAD]).wins).toBe(1);
    expect(life([0, OFFICE], [10, PHONE]).wins).toBe(0);
    expect(life([0, OFFICE], [10, OTHER_PROGRAM]).wins).toBe(0);
    expect(life([0, OFFICE], [721, ABROAD]).wins).toBe(0);
  });

  test("is none where an act that was held back says where it was before", () => {
    const before = { ...NEXT_DOOR, isLate: true, isHeldBack: true };
    expect(life([0, OFFICE], [1, before], [2, OFFICE]).wins).toBe(0);
    // Late by less than lines come out of order, it is where the session goes on.
    expect(life([0, OFFICE], [1, { ...before, isHeldBack: false }], [2, OFFICE]).wins).toBe(1);
  });

  test("says nothing where the source does not say where and by what", () => {
    expect(life([0, { networkHash: 11 }], [1, { networkHash: 12 }]).starts).toBe(0);
    expect(life([0, { agentHash: 11 }], [1, { agentHash: 12 }]).starts).toBe(0);
    const nowhere = { networkHash: 12, agentHash: 22 };
    expect(dayValueOf(life([0, OFFICE], [1, nowhere]))).toBe(
      dayValueOf(life([0, OFFICE], [1, NEXT_DOOR])),
    );
  });

  test("pays once a day, however often it goes to and fro, and the worse change replaces the lesser", () => {
    const once = life([0, OFFICE], [1, NEXT_DOOR]);
    const often = life([0, OFFICE], [1, NEXT_DOOR], [2, OFFICE], [3, NEXT_DOOR]);
    expect(often.today).toBe(once.today);
    const worse = life([0, OFFICE], [1, NEXT_DOOR], [2, ABROAD], [3, NEXT_DOOR]);
    const worst = life([0, OFFICE], [1, ABROAD]);
    expect(worse.today).toBeCloseTo(worst.today, 6);
    expect(worse.open).toBeCloseTo(worst.open, 6);
  });

  test("is worth exactly 1 on average at its ceilings", () => {
    const { near, far } = SPLIT_BET.ceilings;
    const values = [
      [near, life([0, OFFICE], [1, NEXT_DOOR])],
      [far, life([0, OFFICE], [1, ABROAD])],
      [1 - near - far, life([0, OFFICE], [1, OFFICE])],
    ] as const;
    const mean = values.reduce((sum, [chance, memory]) => sum + chance * dayValueOf(memory), 0);
    expect(mean).toBeCloseTo(1, 9);
    const open = values.reduce((sum, [chance, memory]) => sum + chance * memory.open, 0);
    expect(open).toBeLessThanOrEqual(0.5 + 1e-9);
  });
});

test("a stolen session is denied on this host, and abroad the mesh is told; the account is left alone", () => {
  const told: (Lease | Signal)[] = [];
  const scorer = openScorer({ policy: DEFAULT_SCORER_POLICY, hasContext: true });
  const act = (n: number, address: string, userAgent: string, country: string) => {
    const event = {
      id: `e${n}`,
      timeMs: START + n * MINUTE,
      kind: "activity" as const,
      service: "app",
      account: "user:acme/alice" as SubjectText,
      session: "session:s1" as SubjectText,
      address: `address:${address}` as SubjectText,
      action: "read",
      ...{ userAgent, country, count: 1 },
    };
    scorer.step(
      { type: "event", event },
      { lease: (lease) => told.push(lease), signal: (signal) => told.push(signal) },
    );
  };
  act(1, "192.0.2.1", "Firefox/138.0", "DE");
  act(2, "198.51.100.1", "Firefox/139.0", "FR");
  expect(told).toEqual([]);
  act(3, "203.0.113.9", "python-requests", "RO");
  expect(told.map(({ subject }) => subject)).toEqual(["session:s1", "session:s1"]);
  expect(told[1]).toMatchObject({ reasons: [{ detector: "split-session", kind: "declared" }] });
});
