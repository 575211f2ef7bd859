// Repair of a journal by generations (DESIGN.md 9), with whole coordinators: what was answered OK
// is kept, whoever stands elsewhere comes to the kept head, and nobody signs twice at one place.

import {
  addressSubject,
  decode,
  EnvelopeSchema,
  HeadSchema,
  hex,
  Ledger,
  LIMITS,
  type SubjectText,
  signEnvelope,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { RepairStand } from "../../testkit/repair-stand.ts";

const HOUR_MS = 3_600_000;

/** Every coordinator is in the generation, at one chain, undamaged, and deciding goes on. */
function expectOne(stand: RepairStand, generation: number, of = [1, 2, 3]): void {
  const all = of.map((n) => stand.status(n));
  for (const { point, damage, obstacle, repair } of all) {
    expect({ generation: point.generation, damage, obstacle, repair }).toEqual({
      generation,
      damage: undefined,
      obstacle: undefined,
      repair: undefined,
    });
  }
  expect(new Set(all.map(({ point }) => hex(point.chainHash))).size).toBe(1);
  const before = all[0]?.sealed?.head.position ?? 0n;
  stand.tick(2);
  expect(stand.status(of[0] as number).sealed?.head.position).toBeGreaterThan(before);
  expect(stand.status(of[0] as number).sealed?.head.generation).toBe(generation);
}

/** No coordinator has ever signed two heads at one (ledger, generation, position). */
function expectNoEquivocation(stand: RepairStand): void {
  const signed = new Map<string, string>();
  for (const { channel, bytes } of stand.mesh.published) {
    if (!channel.includes(".heads.")) continue;
    const envelope = decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
    const head = envelope && decode(HeadSchema, envelope.body, LIMITS.headBytesMax);
    if (envelope === undefined || head === undefined) continue;
    const key = hex(envelope.signatures[0]?.key ?? new Uint8Array());
    const at = `${key}/${head.ledger}/${head.generation}/${head.position}`;
    const body = hex(envelope.body);
    expect(signed.get(at) ?? body).toBe(body);
    signed.set(at, body);
  }
}

describe("repair of a journal", () => {
  test("rolled back: all notice within a tick, and go on in generation 2 after an order", () => {
    const stand = new RepairStand("repair-rolled-back");
    const { index } = stand.status(1);
    stand.rollBack(4);
    stand.tick();
    for (const n of [1, 2, 3]) expect(stand.status(n).damage).toContain("journal ends at");
    stand.repair(2);
    expectOne(stand, 2);
    // What was entered is still there, and the opening after it.
    expect(stand.status(1).index).toBe(index + 1);
    expectNoEquivocation(stand);
  });

  test("who has applied more than any majority goes back to the kept head", () => {
    const stand = new RepairStand("repair-longer");
    // Only the first coordinator hears what comes now, and nobody hears it.
    const [first, second, third] = [stand.seat(1), stand.seat(2), stand.seat(3)];
    second.isCut = true;
    third.isCut = true;
    stand.mesh.append(Ledger.CONTROL, Uint8Array.of(1, 2, 3));
    stand.mesh.settle();
    const tail = stand.tickOf(1);
    stand.mesh.append(Ledger.CONTROL, tail);
    stand.mesh.settle();
    const longest = stand.status(1).point.position;
    stand.rollBack(stand.stream().length - stand.status(2).point.position + 2);
    first.isCut = true;
    second.isCut = false;
    third.isCut = false;
    stand.mesh.reconnect();
    expect(stand.status(2).damage).toContain("journal ends at");
    // The two that agree open the generation without the first; it had more, and nothing sealed.
    stand.repair(2);
    const base = stand.status(2).base;
    expect(base).toBeLessThan(longest);
    first.isCut = false;
    stand.tick(8);
    expectOne(stand, 2);
    expect(stand.mesh.lines.some((line) => line.includes("coordinator-1 went-back"))).toBe(true);
    expectNoEquivocation(stand);
  });

  test("the longest promised is kept, and who is shorter fetches what is missing", () => {
    const stand = new RepairStand("repair-shorter");
    const third = stand.seat(3);
    third.isCut = true;
    stand.tick(3);
    stand.enterPolicy();
    stand.tick(3);
    const { index } = stand.status(1);
    const behind = stand.status(3).point.position;
    stand.rollBack(stand.stream().length - behind + 3);
    third.isCut = false;
    stand.tick();
    stand.repair(2);
    expectOne(stand, 2);
    expect(stand.status(3).base).toBeGreaterThan(behind);
    // The policy that the two had entered, and the opening.
    expect(stand.status(3).index).toBe(index + 1);
    expectNoEquivocation(stand);
  });

  test("one that has read on past what a majority had sealed goes back to it", () => {
    const stand = new RepairStand("repair-passed-by");
    const third = stand.seat(3);
    third.isCut = true;
    stand.enterPolicy();
    const { index } = stand.status(1);
    const behind = stand.status(3).point.position;
    stand.rollBack(stand.stream().length - behind);
    // In its place come messages that make no head: none of its own shows the third what it lacks.
    for (let n = 0; n < 3; n++) stand.mesh.append(Ledger.CONTROL, Uint8Array.of(1, 2, n));
    third.isCut = false;
    stand.mesh.reconnect();
    stand.tick(2);
    expect(stand.status(3).damage).toContain("than what was sealed");
    stand.repair(2);
    stand.tick(3);
    expectOne(stand, 2);
    expect(stand.status(3).index).toBe(index + 1);
    expectNoEquivocation(stand);
  });

  test("one that was away and crashed finds the generation and follows it", () => {
    const stand = new RepairStand("repair-away");
    const third = stand.seat(3);
    stand.mesh.crash(third);
    stand.tick(3);
    stand.rollBack(5);
    stand.tick();
    stand.repair(2);
    expectOne(stand, 2, [1, 2]);
    stand.mesh.startCoordinator(third);
    stand.tick(8);
    expectOne(stand, 2);
    expectNoEquivocation(stand);
  });

  test("a crash at any phase after the order changes nothing of the outcome", () => {
    for (const phase of ["persist", "seal", "publish", "enforce", "reply"] as const) {
      const stand = new RepairStand(`repair-crash-${phase}`);
      stand.rollBack(4);
      stand.tick();
      const second = stand.seat(2);
      second.dieBefore = { phase, round: 1 };
      stand.mesh.order(stand.orderOf(2));
      expect(second.node).toBeUndefined();
      stand.mesh.startCoordinator(second);
      stand.tick(8);
      expectOne(stand, 2);
      expectNoEquivocation(stand);
    }
  });

  test("a stream that was made anew and grown past ours is damage, and is repaired", () => {
    const stand = new RepairStand("repair-regrown");
    const stream = stand.stream();
    const own = stream.length;
    stream.length = 0;
    for (let n = 0; n < own + 3; n++) stream.push(Uint8Array.of(n));
    stand.mesh.reconnect();
    for (const n of [1, 2, 3])
      expect(stand.status(n).damage).toContain("is not the one we applied");
    stand.repair(2);
    expectOne(stand, 2);
    expectNoEquivocation(stand);
  });

  test("a second repair goes on from the first", () => {
    const stand = new RepairStand("repair-twice");
    stand.rollBack(4);
    stand.tick();
    stand.repair(2);
    expectOne(stand, 2);
    stand.rollBack(2);
    stand.tick();
    expect(stand.status(1).damage).toContain("journal ends at");
    stand.repair(3);
    expectOne(stand, 3);
    expectNoEquivocation(stand);
  });

  test("a stream that begins with no opening is left for the generation after it", () => {
    const stand = new RepairStand("repair-spoilt");
    stand.rollBack(4);
    stand.mesh.streams.spoil(Ledger.CONTROL, 2, Uint8Array.of(1));
    stand.repair(2);
    for (const n of [1, 2, 3]) {
      expect(stand.status(n).point.generation).toBe(1);
      expect(stand.status(n).obstacle).toContain("generation 2 begins with no opening (malformed)");
    }
    stand.repair(3);
    expectOne(stand, 3);
    expectNoEquivocation(stand);
  });

  test("a minority of promises opens nothing", () => {
    const stand = new RepairStand("repair-minority");
    stand.rollBack(4);
    stand.tick();
    stand.mesh.crash(stand.seat(2));
    stand.mesh.crash(stand.seat(3));
    stand.repair(2);
    expect(stand.status(1).point.generation).toBe(1);
    expect(stand.status(1).repair?.choice).toEqual({ kind: "short", missing: 1 });
    expect(stand.mesh.streams.of(Ledger.CONTROL, 2)).toBeUndefined();
    // The nearest that does: one more promise.
    stand.mesh.startCoordinator(stand.seat(2));
    stand.tick(6);
    expectOne(stand, 2, [1, 2]);
  });

  test("one that lost its store counts for nothing, and is brought up after the repair", () => {
    const stand = new RepairStand("repair-wiped");
    stand.wipe(3);
    stand.rollBack(4);
    stand.mesh.crash(stand.seat(2));
    stand.mesh.startCoordinator(stand.seat(3));
    stand.tick();
    stand.repair(2);
    expect(stand.status(1).point.generation).toBe(1);
    stand.mesh.startCoordinator(stand.seat(2));
    stand.tick(8);
    expectOne(stand, 2);
  });

  test("one that lost its store after the stream forgot its opening takes up a snapshot", () => {
    const stand = new RepairStand("repair-wiped-late");
    stand.rollBack(4);
    stand.repair(2);
    stand.tick(8);
    expect(stand.status(1).snapshotPosition).toBeGreaterThan(stand.status(1).base);
    stand.mesh.streams.trimFirst(Ledger.CONTROL, 2);
    stand.wipe(3);
    stand.mesh.startCoordinator(stand.seat(3));
    stand.tick(12);
    expectOne(stand, 2);
    const caughtUp = stand.mesh.lines.filter((line) => line.includes("coordinator-3 caught-up"));
    expect(caughtUp).not.toEqual([]);
    expectNoEquivocation(stand);
  });
});

describe("repair of the signals journal", () => {
  test("signals that only the lost journal had taken are sent again and count once", () => {
    const stand = new RepairStand("repair-signals");
    const { mesh } = stand;
    for (const seat of mesh.sidecars) mesh.startSidecar(seat);
    stand.tick(4);
    // One host's signal is taken and sealed, and stays.
    stand.fail(1, "203.0.113.7");
    stand.tick(4);
    expect(stand.waiting(1)).toBe(0);
    const { index } = stand.status(1, Ledger.SIGNALS);
    // The other one's is in the stream alone when the broker loses its end.
    for (const seat of mesh.coordinators) seat.isCut = true;
    stand.fail(2, "203.0.113.7");
    mesh.settle();
    for (const seat of mesh.coordinators) seat.isCut = false;
    stand.rollBack(3, Ledger.SIGNALS);
    for (const n of [1, 2, 3]) {
      expect(stand.status(n, Ledger.SIGNALS).damage).toContain("journal ends at");
      expect(stand.status(n).damage).toBeUndefined();
    }
    expect(stand.waiting(2)).toBe(1);
    stand.repair(2, { ledger: Ledger.SIGNALS });
    stand.tick(8);
    const after = [1, 2, 3].map((n) => stand.status(n, Ledger.SIGNALS));
    for (const { point, damage, active } of after) {
      expect({ generation: point.generation, damage, active }).toEqual({
        generation: 2,
        damage: undefined,
        active: 1,
      });
    }
    // The opening and one revocation.
    expect(after[0]?.index).toBe(index + 2);
    expect(stand.waiting(2)).toBe(0);
    // And the edges follow: the revocation is enforced.
    const subjects = [addressSubject("203.0.113.7") as SubjectText];
    mesh.tick(HOUR_MS / 4);
    for (const { node } of mesh.sidecars) {
      expect(node?.decide({ subjects }, mesh.reading)?.id).toHaveLength(64);
    }
    expectNoEquivocation(stand);
  });
});

describe("an order of repair", () => {
  test("is refused for a generation that is open, and from who is no operator", () => {
    const stand = new RepairStand("repair-refused");
    const { kit } = stand.mesh;
    const answers = (envelope: Parameters<typeof stand.mesh.order>[0]) => {
      stand.mesh.lines.length = 0;
      stand.mesh.order(envelope);
      return stand.mesh.lines.find((line) => line.startsWith("answer"));
    };
    expect(answers(stand.orderOf(1))).toBe("answer refused generation-not-next");
    const [approver] = kit.approvers;
    const forged = signEnvelope(
      kit.mesh,
      "repair",
      stand.orderOf(2).body,
      approver?.signer as never,
    );
    expect(answers(forged)).toBe("answer refused unknown-key");
    const late = { notAfterMs: BigInt(stand.mesh.nowMs) };
    expect(answers(stand.orderOf(2, late))).toBe("answer refused expired");
    const keepHeadHash = new Uint8Array(32);
    expect(answers(stand.orderOf(2, { keepHeadHash }))).toBe("answer refused threshold-short");
    expect(answers(stand.orderOf(2))).toBe("answer followed");
  });
});

describe("promises that contradict each other", () => {
  test("wait for two operators' choice, and both heads are named", () => {
    const stand = new RepairStand("repair-fork");
    // A broker that shows one history to the first coordinator and another one to the third.
    const [first, second, third] = [stand.seat(1), stand.seat(2), stand.seat(3)];
    stand.mesh.crash(second);
    const fork = stand.stream().length;
    third.isCut = true;
    stand.mesh.append(Ledger.CONTROL, stand.tickOf(1));
    stand.mesh.settle();
    third.isCut = false;
    first.isCut = true;
    stand.stream().length = fork;
    stand.mesh.nowMs += 500;
    stand.mesh.append(Ledger.CONTROL, stand.tickOf(3));
    stand.mesh.settle();
    stand.stream().length = fork;
    first.isCut = false;
    stand.mesh.reconnect();
    stand.repair(2);
    const { obstacle, point } = stand.status(1);
    expect(obstacle).toContain("promises-contradict");
    expect(point.generation).toBe(1);
    const heads = [1, 3].map((n) => stand.lastHeadOf(n));
    for (const head of heads) expect(obstacle).toContain(hex(stand.mesh.kit.crypto.sha256(head)));
    const keepHeadHash = stand.mesh.kit.crypto.sha256(heads[1] as Uint8Array);
    stand.repair(2, { keepHeadHash }, 2);
    stand.tick(4);
    expectOne(stand, 2, [1, 3]);
    expect(stand.status(1).base).toBe(fork + 1);
    stand.mesh.startCoordinator(second);
    stand.tick(8);
    expectOne(stand, 2);
    expectNoEquivocation(stand);
  });
});
