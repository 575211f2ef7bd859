// What a deny set holds and does not enforce: steps not yet reached, halts, dry runs.

import { create } from "@bufbuild/protobuf";
import {
  hex,
  Ledger,
  parseSubject,
  RevocationSchema,
  Stage,
  type SubjectText,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../testkit/node-crypto.ts";
import { DenySet, hasBegun } from "./index.ts";

const NOW_MS = 1_767_225_600_000;
const MALLORY = parseSubject("user:test/mallory") as SubjectText;
const ASKED = { subjects: [MALLORY] };
const STEPS = [
  { afterMs: 0n, permille: 300 },
  { afterMs: 60_000n, permille: 1_000 },
];
const time = (ms: number, headMs = ms) => ({
  machineMs: NOW_MS + ms,
  headMs: NOW_MS + headMs,
  wallMs: NOW_MS + ms,
});
const id = (n: number) => nodeCrypto.sha256(Uint8Array.of(n));

function setOf() {
  return new DenySet(nodeCrypto, { host: "host-1", labels: () => [] });
}

function add(set: DenySet, n: number, fields: object = {}, share?: number, fromMs = NOW_MS) {
  const body = { id: id(n), stage: Stage.SUSPEND, fromMs: BigInt(NOW_MS), scope: {}, ...fields };
  const revocation = create(RevocationSchema, { ...body, expiresMs: BigInt(NOW_MS + 3_600_000) });
  const widening =
    share === undefined ? undefined : { share, enteredMs: NOW_MS, steps: STEPS, fromMs };
  return set.add(revocation, MALLORY, { ledger: Ledger.CONTROL, index: n, widening });
}

describe("a revocation that widens", () => {
  test("is held at once, and denies from the host's own step on", () => {
    const set = setOf();
    const held = add(set, 1, {}, 400, NOW_MS + 60_000);
    expect(set.size).toBe(1);
    expect(held && hasBegun(held, time(59_999))).toBe(false);
    expect(set.decide(ASKED, time(59_999))).toBeUndefined();
    expect(set.decide(ASKED, time(60_000))?.id).toBe(hex(id(1)));
    const whole = setOf();
    add(whole, 1);
    expect(set.digest()).toEqual(whole.digest());
  });

  test("takes no step while no head comes: with the middle gone nobody is newly denied", () => {
    const set = setOf();
    add(set, 1, {}, 400, NOW_MS + 60_000);
    expect(set.decide(ASKED, time(600_000, 59_999))).toBeUndefined();
    expect(set.decide(ASKED, time(600_000, 60_000))?.id).toBe(hex(id(1)));
    // What had begun goes on until it expires.
    const begun = setOf();
    add(begun, 1, {}, 200);
    expect(begun.decide(ASKED, time(600_000, 0))?.id).toBe(hex(id(1)));
    expect(begun.decide(ASKED, time(3_600_000, 0))).toBeUndefined();
  });

  test("that is halted denies for ever where it had begun, and never where it had not", () => {
    for (const [share, isDenied] of [
      [299, true],
      [300, false],
    ] as const) {
      const set = setOf();
      add(set, 1, {}, share, share < 300 ? NOW_MS : NOW_MS + 60_000);
      expect(set.halt(hex(id(1)), 300)?.widening?.share).toBe(share);
      expect(set.decide(ASKED, time(100_000)) !== undefined).toBe(isDenied);
      expect(set.size).toBe(1);
    }
  });

  test("alone can be halted", () => {
    const set = setOf();
    add(set, 1);
    expect(set.halt(hex(id(1)), 300)).toBeUndefined();
    expect(set.halt(hex(id(2)), 300)).toBeUndefined();
    expect(set.decide(ASKED, time(0))?.id).toBe(hex(id(1)));
  });

  test("that was halted still ends by a lift", () => {
    const set = setOf();
    add(set, 1, {}, 400, NOW_MS + 60_000);
    set.halt(hex(id(1)), 300);
    expect(set.lift([id(1)], NOW_MS + 1e9, MALLORY).map((h) => h.id)).toEqual([hex(id(1))]);
    expect(set.size).toBe(0);
  });
});

describe("a dry run", () => {
  test("denies nobody, and is shown as what would deny", () => {
    const set = setOf();
    add(set, 1, { isDryRun: true });
    expect(set.dryRuns).toBe(1);
    expect(set.decide(ASKED, time(0))).toBeUndefined();
    expect(set.wouldDeny(ASKED, time(0))?.id).toBe(hex(id(1)));
    expect(set.wouldDeny(ASKED, time(3_600_000))).toBeUndefined();
    set.expire(time(3_600_000));
    expect(set.dryRuns).toBe(0);
  });

  test("beside one that is enforced changes nothing", () => {
    const set = setOf();
    add(set, 1, { isDryRun: true, stage: Stage.TERMINATE });
    add(set, 2);
    expect(set.decide(ASKED, time(0))?.id).toBe(hex(id(2)));
    expect(set.wouldDeny(ASKED, time(0))?.id).toBe(hex(id(1)));
    expect(setOf().wouldDeny(ASKED, time(0))).toBeUndefined();
  });
});
