// A broker that leads one coordinator of three astray: the two others go on, and it comes back to
// their history by itself, without ever signing a second head where it has signed one (I3, I4).

import { decode, EnvelopeSchema, HeadSchema, hex, Ledger, LIMITS } from "@ostraka/proto";
import { expect, test } from "vitest";
import { RepairStand } from "../../testkit/repair-stand.ts";

const ALL = [1, 2, 3];

/** Shows the third coordinator, alone, this many messages of a journal that nobody else has. */
function leadAstray(stand: RepairStand, messages: number): number {
  const [first, second] = [stand.seat(1), stand.seat(2)];
  const before = stand.stream().length;
  first.isCut = true;
  second.isCut = true;
  for (let n = 0; n < messages; n++) {
    stand.mesh.nowMs += 100;
    stand.mesh.append(Ledger.CONTROL, stand.tickOf(3));
    stand.mesh.settle();
  }
  const { position } = stand.status(3).point;
  stand.stream().length = before;
  stand.seat(3).isCut = true;
  first.isCut = false;
  second.isCut = false;
  return position;
}

/** Each coordinator's heads of the control ledger by generation and position, none of them two. */
function signedOnce(stand: RepairStand): ReadonlyMap<string, string> {
  const signed = new Map<string, string>();
  for (const { channel, bytes } of stand.mesh.published) {
    if (!channel.includes(".heads.")) continue;
    const envelope = decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
    const head = envelope && decode(HeadSchema, envelope.body, LIMITS.headBytesMax);
    if (envelope === undefined || head === undefined) continue;
    const key = hex(envelope.signatures[0]?.key ?? new Uint8Array());
    const at = `${key}/${head.ledger}/${head.generation}/${head.position}`;
    expect(signed.get(at) ?? hex(envelope.body), at).toBe(hex(envelope.body));
    signed.set(at, hex(envelope.body));
  }
  return signed;
}

function expectOne(stand: RepairStand): void {
  const all = ALL.map((n) => stand.status(n));
  expect(all.map(({ damage }) => damage)).toEqual([undefined, undefined, undefined]);
  expect(new Set(all.map(({ point }) => hex(point.chainHash))).size).toBe(1);
}

test.each([1, 3])("one that signed %i messages of a fork takes the truth from the others", (n) => {
  const stand = new RepairStand(`dissent-${n}`);
  const signedTo = leadAstray(stand, n);
  stand.enterPolicy();
  stand.tick(4);
  const { index } = stand.status(1);
  stand.seat(3).isCut = false;
  stand.mesh.reconnect();
  expect(stand.status(3).damage).toContain("is not the one we applied");
  stand.tick(8);
  expect(stand.status(1).index).toBe(index);
  expectOne(stand);
  // And it seals with the others again, above where it had signed the other one.
  stand.mesh.crash(stand.seat(2));
  stand.enterPolicy();
  stand.tick(2);
  expect(stand.status(1).sealed?.head.index).toBe(BigInt(index + 1));
  expect(Number(stand.status(1).sealed?.head.position)).toBeGreaterThan(signedTo);
  signedOnce(stand);
});

test("a dissenter that stands further than the others is silent until they are past it", () => {
  const stand = new RepairStand("dissent-further");
  const signedTo = leadAstray(stand, 40);
  stand.tick();
  const common = stand.status(1).point.position;
  expect(common).toBeLessThan(signedTo);
  stand.seat(3).isCut = false;
  stand.mesh.reconnect();
  for (let n = 0; n < 8 && stand.status(3).damage !== undefined; n++) stand.tick();
  const { damage, point, silentUntil } = stand.status(3);
  expect({ damage, silentUntil }).toEqual({ damage: undefined, silentUntil: signedTo });
  expect(point.position).toBeLessThan(signedTo);
  // It keeps silent over a restart as well.
  stand.mesh.crash(stand.seat(3));
  stand.mesh.startCoordinator(stand.seat(3));
  stand.tick(16);
  expectOne(stand);
  expect(stand.status(3).silentUntil).toBeUndefined();
  signedOnce(stand);
});

test("one of two that are left never gives up what it signed while nobody has sealed more", () => {
  const stand = new RepairStand("dissent-alone");
  stand.mesh.crash(stand.seat(2));
  const signedTo = leadAstray(stand, 3);
  stand.tick(2);
  stand.seat(3).isCut = false;
  stand.mesh.reconnect();
  stand.tick(8);
  expect(stand.status(3).damage).toContain("journal ends at");
  expect(stand.status(3).point.position).toBe(signedTo);
  signedOnce(stand);
});

/** Two enter and seal what the third has not read; the broker loses it, and grows anew under it. */
function forkBelowSealed(stand: RepairStand): number {
  stand.seat(3).isCut = true;
  const behind = stand.status(3).point.position;
  stand.enterPolicy();
  stand.tick(3);
  stand.stream().length = behind;
  const [first, second] = [stand.seat(1), stand.seat(2)];
  first.isCut = true;
  second.isCut = true;
  stand.seat(3).isCut = false;
  stand.tick(6);
  first.isCut = false;
  second.isCut = false;
  stand.mesh.reconnect();
  return stand.status(1).index;
}

test("one that follows a regrown journal alone hears what the stopped majority has signed", () => {
  const stand = new RepairStand("dissent-regrown");
  const index = forkBelowSealed(stand);
  stand.tick(8);
  for (const n of ALL) expect(stand.status(n).damage).toBeDefined();
  stand.repair(2);
  stand.tick(2);
  expectOne(stand);
  // Nothing that was answered OK is lost: the policy, and the opening after it.
  expect(stand.status(3).index).toBe(index + 1);
  signedOnce(stand);
});

test("a repair that is ordered at once keeps what a majority has sealed, and nobody must choose", () => {
  const stand = new RepairStand("dissent-repaired");
  const index = forkBelowSealed(stand);
  stand.repair(2);
  stand.tick(6);
  expectOne(stand);
  expect(stand.status(3).index).toBe(index + 1);
  signedOnce(stand);
});
