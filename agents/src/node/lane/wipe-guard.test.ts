import { type Bytes, decode, encodeNew, hex, Ledger, type Tick, TickSchema } from "@ostraka/proto";
import { expect, test } from "vitest";
import { MemoryStore } from "../../../testkit/memory-store.ts";
import { RepairStand } from "../../../testkit/repair-stand.ts";
import { LaneRows } from "./lane-rows.ts";
import { WipeGuard } from "./wipe-guard.ts";

const OURS = Uint8Array.from({ length: 32 }, () => 1);
const noChain = (): Bytes | undefined => undefined;

function emptyGuard(): WipeGuard {
  const guard = new WipeGuard(new LaneRows(new MemoryStore(), "c"), OURS);
  guard.open();
  return guard;
}

function ownTick(timeMs: number): Tick {
  const bytes = encodeNew(TickSchema, { coordinatorKey: OURS, timeMs: BigInt(timeMs) });
  return decode(TickSchema, bytes, bytes.length) as Tick;
}

test("a tick that was sent before the journal was looked at does not make a new store a lost one", () => {
  const guard = emptyGuard();
  guard.onTickSent(1_000);
  guard.onReread(0, 4, false);
  expect(guard.onTick(ownTick(1_000), 2, noChain)).toEqual([]);
  expect(guard.isWiped).toBe(false);
});

test("a new store that was killed at its first ticks is no lost one when it comes back", () => {
  const store = new MemoryStore();
  const rows = new LaneRows(store, "c");
  const first = new WipeGuard(rows, OURS);
  first.open();
  store.write(first.onTickSent(1_000));
  store.write(first.onTickSent(2_000));
  const second = new WipeGuard(rows, OURS);
  second.open();
  second.onReread(0, 4, false);
  expect(second.onTick(ownTick(2_000), 2, noChain)).toEqual([]);
  expect(second.isWiped).toBe(false);
  // The nearest that is: a tick which neither run has sent.
  expect(second.onTick(ownTick(1_500), 3, noChain)).toHaveLength(1);
});

test("where another history was signed nothing is signed again, also after a restart", () => {
  const store = new MemoryStore();
  const rows = new LaneRows(store, "c");
  const guard = new WipeGuard(rows, OURS);
  guard.open();
  store.write([guard.dissentRow(12)]);
  const again = new WipeGuard(rows, OURS);
  again.open();
  expect([12, 13].map((position) => again.isMuteAt(position))).toEqual([true, false]);
  store.write([again.dissentRow(9)]);
  again.open();
  expect(again.dissentUntil).toBe(12);
});

test("an own tick that this run has not sent shows that the store was lost", () => {
  const guard = emptyGuard();
  guard.onTickSent(1_000);
  guard.onReread(0, 4, false);
  expect(guard.onTick(ownTick(999), 2, noChain)).toHaveLength(1);
  expect(guard.isWiped).toBe(true);
});

test("a broker that hands out a tick of this run twice does not silence its author", () => {
  const guard = emptyGuard();
  guard.onTickSent(1_000);
  guard.onReread(0, 4, false);
  guard.onTick(ownTick(1_000), 2, noChain);
  guard.onTick(ownTick(1_000), 3, noChain);
  expect(guard.isWiped).toBe(false);
});

/** Heads of the control ledger that a coordinator has let out. */
function headsOf(stand: RepairStand, n: number): number {
  const key = hex(stand.seat(n).person.signer.publicKey.subarray(0, 8));
  return stand.mesh.published.filter(
    ({ channel }) => channel.includes(".heads.control.") && channel.endsWith(key),
  ).length;
}

test("two that start again seal at once, also when the clock of one was set back by an hour", () => {
  const stand = new RepairStand("wipe-clock");
  const { mesh } = stand;
  const old = stand.tickOf(2);
  mesh.nowMs += 3_600_000;
  const ahead = stand.tickOf(2);
  mesh.nowMs -= 3_600_000;
  mesh.append(Ledger.CONTROL, ahead);
  mesh.settle();
  const last = stand.tickOf(3);
  for (const seat of mesh.coordinators) mesh.crash(seat);
  mesh.append(Ledger.CONTROL, last);
  // Alone it has no proof, and a stale tick from below where it came in is none.
  const before = headsOf(stand, 1);
  expect(before).toBeGreaterThan(0);
  mesh.startCoordinator(stand.seat(1));
  mesh.append(Ledger.CONTROL, old);
  stand.tick(3);
  expect(headsOf(stand, 1)).toBe(before);
  mesh.startCoordinator(stand.seat(2));
  stand.enterPolicy();
  stand.tick(4);
  expect(headsOf(stand, 1)).toBeGreaterThan(before);
  const { index, sealed } = stand.status(1);
  expect(sealed?.head.index).toBe(BigInt(index));
});
