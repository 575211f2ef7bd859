// What a simulated coordinator's status would tell people: the real sentences of
// coordinator/src/api/status-notes.ts over the simulated node. Owns only what a runtime knows
// besides its node: when it heard of whom.

import { notesOf } from "../../coordinator/src/api/status-notes.ts";
import type { CoordinatorRuntime } from "../../coordinator/src/runtime.ts";
import type { SimCoordinator, World } from "./world.ts";

/** The sentences of a coordinator's status now; none while it does not run. */
export function statusOf(world: World, process: SimCoordinator): readonly string[] {
  const { node, person, heard, sealedSince, startedMs, startedMonoMs } = process;
  if (node === undefined) return [];
  const wallMs = world.wallMs(process);
  const facts = {
    node,
    startedMs,
    startedMonoMs,
    sealedSince,
    receiptsHeard: heard,
    isBusConnected: !world.bus.cut.has(`to:${person.name}`),
    parts: {
      crypto: world.sim.crypto,
      clock: { wallMs: () => wallMs, monotonicMs: () => world.time.nowMs },
      config: { name: person.name, store: "store", nats: { replicas: 1 } },
    },
    scrubOf: () => ({ position: 0, fullPassMs: wallMs }),
    placesOf: () => undefined,
    backlogOf: () => 0,
    mostOf: () => undefined,
  };
  // Notes read these fields and no others; a field more would be missed at once.
  return notesOf(facts as unknown as CoordinatorRuntime);
}
