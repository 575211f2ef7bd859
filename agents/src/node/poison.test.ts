// A message at which a machine fails (DESIGN.md 9, poison), at one, two and all of three
// coordinators: recorded before the process ends, stopped at after two failures, passed over only
// by a majority's notes, and then everywhere the same.

import {
  decode,
  type Entry,
  EntryRecordSchema,
  EntrySchema,
  EnvelopeSchema,
  HeadSchema,
  hex,
  Ledger,
  LIMITS,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { RepairStand } from "../../testkit/repair-stand.ts";

/** Whose machines fail at the next message of the control journal. @returns its position. */
function failNext(stand: RepairStand, coordinators: readonly number[]): number {
  const at = stand.stream().length + 1;
  for (const n of coordinators) {
    stand.seat(n).failsAt = (ledger, position) => ledger === Ledger.CONTROL && position === at;
  }
  return at;
}

/** As a supervisor does: whoever died is started again, a few times. */
function supervise(stand: RepairStand, rounds: number): void {
  for (let n = 0; n < rounds; n++) {
    for (const seat of stand.mesh.coordinators) {
      if (seat.node === undefined) stand.mesh.startCoordinator(seat);
    }
    stand.tick();
  }
}

function entriesOf(stand: RepairStand, n: number): Entry[] {
  return [...stand.seat(n).store.scan("record/c/")].map(([, bytes]) => {
    const record = decode(EntryRecordSchema, bytes, LIMITS.messageBytesMax);
    return decode(EntrySchema, record?.entry ?? new Uint8Array(), LIMITS.entryBytesMax) as Entry;
  });
}

function expectNoEquivocation(stand: RepairStand): void {
  const signed = new Map<string, string>();
  for (const { channel, bytes } of stand.mesh.published) {
    const envelope = channel.includes(".heads.")
      ? decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax)
      : undefined;
    const head = envelope && decode(HeadSchema, envelope.body, LIMITS.headBytesMax);
    if (envelope === undefined || head === undefined) continue;
    const key = hex(envelope.signatures[0]?.key ?? new Uint8Array());
    const at = `${key}/${head.ledger}/${head.generation}/${head.position}`;
    expect(signed.get(at) ?? hex(envelope.body)).toBe(hex(envelope.body));
    signed.set(at, hex(envelope.body));
  }
}

describe("a message at which machines fail", () => {
  test("at one of three: it stops there and says so, and the others go on", () => {
    const stand = new RepairStand("poison-one");
    const at = failNext(stand, [1]);
    stand.tick();
    expect(stand.seat(1).node).toBeUndefined();
    supervise(stand, 12);
    expect(stand.status(1).stalled?.position).toBe(at);
    expect(stand.status(1).point.position).toBe(at - 1);
    const [two, three] = [stand.status(2), stand.status(3)];
    expect(two.point.position).toBeGreaterThan(at);
    expect(hex(two.point.chainHash)).toBe(hex(three.point.chainHash));
    expect(two.damage).toBeUndefined();
    expect(entriesOf(stand, 2).some(({ effect }) => effect.case === "poison")).toBe(false);
  });

  test.each([[[1, 2]], [[1, 2, 3]]])(
    "at %j of three: all pass over it by the same notes",
    (who) => {
      const stand = new RepairStand(`poison-${who.length}`);
      const at = failNext(stand, who);
      const { index } = stand.status(3);
      stand.tick();
      supervise(stand, 16);
      const all = [1, 2, 3].map((n) => stand.status(n));
      for (const { stalled, damage, point } of all) {
        expect({ stalled, damage }).toEqual({ stalled: undefined, damage: undefined });
        expect(point.position).toBeGreaterThan(at);
        expect(hex(point.chainHash)).toBe(hex(all[0]?.point.chainHash ?? new Uint8Array()));
      }
      const poisons = [1, 2, 3].map((n) =>
        entriesOf(stand, n).filter(({ effect }) => effect.case === "poison"),
      );
      for (const entries of poisons) expect(entries).toEqual(poisons[0]);
      expect(poisons[0]?.map((entry) => [Number(entry.position), Number(entry.index)])).toEqual([
        [at, index + 1],
      ]);
      expectNoEquivocation(stand);
      // Deciding goes on: what is entered now is sealed.
      stand.enterPolicy();
      supervise(stand, 4);
      const after = stand.status(1);
      expect(Number(after.sealed?.head.index)).toBeGreaterThan(index + 1);
    },
  );

  test("a kill at a message is no failure of the machine", () => {
    const stand = new RepairStand("poison-kill");
    for (const round of [1, 2, 3]) {
      const seat = stand.seat(1);
      seat.dieBefore = { phase: "persist", round };
      stand.tick(3);
      if (seat.node === undefined) stand.mesh.startCoordinator(seat);
    }
    stand.tick(2);
    expect(stand.status(1).stalled).toBeUndefined();
    expect(stand.seat(1).store.get("poison/c")).toBeUndefined();
  });
});
