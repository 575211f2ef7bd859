// How a coordinator stands to one ledger, for who shows it: its API, its notices, tests and the
// simulator. Reads only, and says nothing that the lane does not hold.

import type { MeshView } from "../../kernel/index.ts";
import type { LedgerLane } from "./ledger-lane.ts";
import type { RepairDesk } from "./repair-desk.ts";

/** @param liars hex keys of coordinators that were heard sealing two heads at one position. */
export function laneStatus(
  lane: LedgerLane,
  desk: RepairDesk,
  view: MeshView,
  liars: Iterable<string>,
) {
  const { guard, machine, poison, repair, retention, sealer, shelf, watch } = lane;
  // One with an empty store that has not looked yet does not know what it has lost.
  const isUnaware = !guard.hasJoined && view.coordinatorKeys().length > 1;
  return {
    /** It has lost its store, and signs nothing before it has heard enough. */
    isWiped: guard.isWiped,
    /** Whether it signs nothing where it stands, or where its first message would put it. */
    isMute: isUnaware || guard.isMuteAt(Math.max(1, machine.point.position)),
    repair: repair.state(view),
    obstacle: desk.obstacle,
    stalled: poison.stalled,
    /** Newest snapshot that a majority has sealed. */
    snapshotPosition: shelf.newestSealed(),
    /** Last position of the own copy that was forgotten; 0 while it is whole. */
    prunedPosition: retention.prunedPosition,
    point: machine.point,
    base: machine.base,
    index: machine.book.index,
    active: machine.book.active.size,
    sealed: sealer.latest,
    damage: watch.damage,
    /** The others have gone on: what is next comes from them, not from the stream. */
    isFollowingOthers: lane.isBehindStream,
    /** Up to here it signs nothing, for it has signed a history there that it gave up. */
    silentUntil: lane.silentUntil,
    dissenters: [...watch.dissenters, ...liars],
    missingSeals: sealer.missingSeals(view),
  };
}
