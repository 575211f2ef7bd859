import {
  BatchSchema,
  type Bytes,
  decode,
  encodeNew,
  IntakeAckSchema,
  isReject,
  LIMITS,
  parseSubject,
  type SubjectText,
  signEnvelope,
  wireSubjectKind,
} from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { MachineRun } from "../../testkit/machine-run.ts";
import { MemoryStore } from "../../testkit/memory-store.ts";
import type { HostPerson, Person } from "../../testkit/mesh-kit.ts";
import { nodeCrypto, testMesh } from "../../testkit/node-crypto.ts";
import { commitmentOf, type Sealing, type Write } from "../kernel/index.ts";
import { Courier } from "./index.ts";

const kit = testMesh("courier", { coordinators: 3 });
const [host, other] = kit.hosts as readonly HostPerson[] as [HostPerson, HostPerson];
const { view } = MachineRun.joined(kit);
const subject = parseSubject("address:203.0.113.7") as SubjectText;
const RESEND_MS = 5 * LIMITS.tickMs;

/** A courier with its store, as a sidecar holds it: what it returns is written at once. */
class Desk {
  readonly store: MemoryStore;
  readonly incarnation: Bytes;
  readonly courier: Courier;

  constructor(store = new MemoryStore(), incarnation = kit.random(16)) {
    this.store = store;
    this.incarnation = incarnation;
    this.courier = new Courier({
      crypto: nodeCrypto,
      mesh: kit.mesh,
      hostKey: host.signer.publicKey,
      incarnation,
      random: (n) => kit.random(n),
      channel: "journal",
    });
    this.write(this.courier.open(store));
  }

  write(writes: Write[]): number {
    if (writes.length > 0) this.store.write(writes);
    return writes.length;
  }

  add(count = 1): void {
    for (let i = 0; i < count; i++) {
      const part = kit.privatePart(subject, `statement ${i}`);
      const draft = {
        epoch: 1,
        timeMs: 1n,
        subjectKind: wireSubjectKind(subject),
        commitment: commitmentOf(nodeCrypto, part),
      };
      this.write(this.courier.add(draft, part));
    }
  }

  ack(by: number, nextNumber: number, position = 1, fields: object = {}) {
    const coordinator = kit.coordinators[by] as Person;
    const body = encodeNew(IntakeAckSchema, {
      format: 1,
      coordinatorKey: coordinator.signer.publicKey,
      hostKey: host.signer.publicKey,
      incarnation: this.incarnation,
      nextNumber: BigInt(nextNumber),
      generation: 1,
      position: BigInt(position),
      ...fields,
    });
    const envelope = signEnvelope(kit.mesh, "ack", body, coordinator.signer);
    return this.courier.onAck(view, envelope)?.reject;
  }

  release(position = 1, generation = 1): void {
    this.write(this.courier.release(3, { generation, position }));
  }

  /** What is sent at a time, as `first+count`. */
  flush(wallMs: number): string[] {
    return this.courier.flush(wallMs).map((sealing) => {
      const batch = batchOf(sealing);
      return `${batch.firstNumber}+${batch.count}`;
    });
  }

  crash(): Desk {
    return new Desk(this.store.copy());
  }
}

function batchOf({ body }: Sealing) {
  const batch = decode(BatchSchema, body, LIMITS.envelopeBodyBytesMax);
  if (batch === undefined) throw new Error("no batch");
  return batch;
}

describe("the outbox", () => {
  test("sends what is new at once, and what is not released again after a while", () => {
    const desk = new Desk();
    desk.add(2);
    expect(desk.flush(10_000)).toEqual(["0+2"]);
    expect(desk.flush(10_001)).toEqual([]);
    desk.add();
    expect(desk.flush(10_002)).toEqual(["2+1"]);
    expect(desk.flush(10_001 + RESEND_MS)).toEqual([]);
    expect(desk.flush(10_002 + RESEND_MS)).toEqual(["0+3"]);
  });

  test("sends everything unreleased again after a reconnect, in batches of their bound", () => {
    const desk = new Desk();
    desk.add(LIMITS.batchSignalsMax + 1);
    expect(desk.flush(10_000)).toEqual([`0+${LIMITS.batchSignalsMax}`, "128+1"]);
    desk.courier.resend();
    expect(desk.flush(10_001)).toEqual([`0+${LIMITS.batchSignalsMax}`, "128+1"]);
  });

  test("takes no more than its bound, and counts what it drops", () => {
    const desk = new Desk();
    desk.add(LIMITS.outboxSignalsMax + 2);
    expect(desk.courier.waiting).toBe(LIMITS.outboxSignalsMax);
    expect(desk.courier.dropped).toBe(2);
    for (const by of [0, 1]) desk.ack(by, 3);
    desk.release();
    desk.add(4);
    expect(desk.courier.waiting).toBe(LIMITS.outboxSignalsMax);
    expect(desk.courier.dropped).toBe(3);
  });
});

describe("acknowledgements", () => {
  const waitingAfter = (acks: readonly (readonly [by: number, next: number])[], sealed = 1) => {
    const desk = new Desk();
    desk.add(5);
    for (const [by, next] of acks) desk.ack(by, next);
    desk.release(sealed);
    return desk.courier.waiting;
  };

  test("release what a majority has taken, and not what fewer have", () => {
    expect(waitingAfter([[0, 5]])).toBe(5);
    expect(
      waitingAfter([
        [0, 5],
        [0, 5],
      ]),
    ).toBe(5);
    expect(
      waitingAfter([
        [0, 5],
        [1, 2],
      ]),
    ).toBe(3);
    expect(
      waitingAfter([
        [0, 2 ** 40],
        [1, 0],
        [2, 1],
      ]),
    ).toBe(4);
    expect(
      waitingAfter([
        [0, 5],
        [2, 5],
      ]),
    ).toBe(0);
  });

  test("release nothing before a sealed head stands at or past their positions", () => {
    const desk = new Desk();
    desk.add(5);
    desk.ack(0, 5, 7);
    desk.ack(1, 5, 9);
    desk.release(8);
    expect(desk.courier.waiting).toBe(5);
    desk.release(9);
    expect(desk.courier.waiting).toBe(0);
    expect([...desk.store.scan("outbox/")]).toEqual([]);
  });

  test("of a generation that is over release nothing: its tail may be lost with it", () => {
    const desk = new Desk();
    desk.add(5);
    for (const by of [0, 1]) desk.ack(by, 5, 7);
    desk.release(9, 2);
    expect(desk.courier.waiting).toBe(5);
    // Said again in the new one, of what it still has: the rest is sent again.
    for (const by of [0, 1]) desk.ack(by, 3, 8, { generation: 2 });
    for (const by of [0, 1]) desk.ack(by, 5, 7);
    desk.release(9, 2);
    expect(desk.courier.waiting).toBe(2);
    expect(desk.flush(60_000)).toEqual(["3+2"]);
  });

  test("that say a number again do not move it further away", () => {
    const desk = new Desk();
    desk.add(5);
    for (const by of [0, 1]) desk.ack(by, 5, 7);
    for (const by of [0, 1]) desk.ack(by, 5, 8);
    desk.release(7);
    expect(desk.courier.waiting).toBe(0);
  });

  test("never go back: a late one of a smaller number takes nothing away", () => {
    const desk = new Desk();
    desk.add(5);
    for (const by of [0, 1]) desk.ack(by, 4);
    desk.ack(0, 1);
    desk.release();
    expect(desk.courier.waiting).toBe(1);
  });

  test.each([
    ["for another host", { hostKey: other.signer.publicKey }, "malformed"],
    ["in another coordinator's name", { coordinatorKey: other.signer.publicKey }, "malformed"],
    ["for another incarnation", { incarnation: new Uint8Array(16) }, undefined],
  ] as const)("%s release nothing", (_, fields, code) => {
    const desk = new Desk();
    desk.add(5);
    for (const by of [0, 1, 2]) expect(desk.ack(by, 5, 1, fields)).toBe(code);
    desk.release();
    expect(desk.courier.waiting).toBe(5);
  });

  test("of who is no coordinator are refused", () => {
    const desk = new Desk();
    const body = encodeNew(IntakeAckSchema, { format: 1, hostKey: host.signer.publicKey });
    const fault = desk.courier.onAck(view, signEnvelope(kit.mesh, "ack", body, other.signer));
    expect(isReject(fault) && fault.reject).toBe("unknown-key");
  });
});

describe("an incarnation that was overtaken by a batch held back", () => {
  const overtake = (desk: Desk, by: readonly number[]) => {
    for (const one of by) desk.ack(one, 9, 1, { incarnation: other.signer.publicKey.slice(0, 16) });
    desk.write(desk.courier.rotate(3, { generation: 1, position: 1 }));
  };

  test("is left for a new one, which sends everything unreleased from 0", () => {
    const desk = new Desk();
    desk.add(2);
    expect(desk.flush(0)).toEqual(["0+2"]);
    expect(desk.flush(RESEND_MS)).toEqual(["0+2"]);
    overtake(desk, [0, 1]);
    const [sealing] = desk.courier.flush(RESEND_MS);
    const { incarnation, firstNumber, count } = batchOf(sealing as Sealing);
    expect([Number(firstNumber), count]).toEqual([0, 2]);
    expect(incarnation).not.toEqual(desk.incarnation);
  });

  test.each([
    ["by fewer than a majority", [0], true],
    ["before it has had to repeat itself", [0, 1], false],
  ] as const)("is not given up for what is said %s", (_, by, hasRepeated) => {
    const desk = new Desk();
    desk.add(2);
    desk.flush(0);
    if (hasRepeated) desk.flush(RESEND_MS);
    overtake(desk, by);
    const [sealing] = desk.courier.flush(2 * RESEND_MS);
    expect(batchOf(sealing as Sealing).incarnation).toEqual(desk.incarnation);
  });
});

describe("after a restart", () => {
  test("with an empty outbox a new incarnation begins at 0", () => {
    const first = new Desk();
    first.add(2);
    for (const by of [0, 1]) first.ack(by, 2);
    first.release();
    const second = first.crash();
    expect(second.courier.unknownIncarnation).toBeUndefined();
    second.add();
    expect(second.flush(20_000)).toEqual(["0+1"]);
    expect(second.store.get("incarnation")).toEqual(second.incarnation);
  });

  test("what is left waits for a majority's word, then only what is above it is signed anew", () => {
    const first = new Desk();
    first.add(5);
    first.flush(10_000);
    const second = first.crash();
    expect(second.courier.unknownIncarnation).toEqual(first.incarnation);
    second.add();
    // However long it takes: nobody's word is needed for sending to nobody.
    expect(second.flush(10_000_000)).toEqual([]);
    second.release();
    expect(second.flush(20_000_000)).toEqual([]);
    const word = { incarnation: first.incarnation };
    second.ack(0, 3, 1, word);
    second.release();
    expect(second.flush(20_000_001)).toEqual([]);
    second.ack(1, 3, 1, word);
    second.release();
    expect(second.flush(20_000_002)).toEqual(["0+3"]);
    expect([...second.store.scan("outbox/")]).toHaveLength(3);
    expect(second.courier.unknownIncarnation).toBeUndefined();
  });

  test("acknowledgements of the last incarnation release nothing of the new one", () => {
    const first = new Desk();
    first.add(5);
    const second = first.crash();
    const word = { incarnation: first.incarnation };
    for (const by of [0, 1]) second.ack(by, 5, 1, word);
    second.release();
    second.add(2);
    for (const by of [0, 1, 2]) second.ack(by, 5, 1, word);
    second.release();
    expect(second.courier.waiting).toBe(2);
  });

  test("a second crash before that word loses nothing of either incarnation", () => {
    const first = new Desk();
    first.add(5);
    first.flush(10_000);
    const second = first.crash();
    second.add(7);
    const third = second.crash();
    expect(third.courier.unknownIncarnation).toEqual(first.incarnation);
    expect(third.courier.waiting).toBe(12);
    for (const by of [0, 1]) third.ack(by, 4, 1, { incarnation: first.incarnation });
    third.release();
    // One of the first that was not taken, and the seven that never left.
    expect(third.courier.waiting).toBe(8);
    expect(third.flush(20_000)).toEqual(["0+8"]);
    const fourth = third.crash();
    expect(fourth.courier.unknownIncarnation).toEqual(third.incarnation);
    expect(fourth.courier.waiting).toBe(8);
  });

  test("the signals are the same statements under new numbers", () => {
    const first = new Desk();
    first.add(2);
    const before = first.courier.flush(1)[0]?.privates;
    const second = first.crash();
    for (const by of [0, 1]) second.ack(by, 1, 1, { incarnation: first.incarnation });
    second.release();
    const [batch] = second.courier.flush(2);
    expect(batch?.privates).toEqual(before?.slice(1));
  });
});
