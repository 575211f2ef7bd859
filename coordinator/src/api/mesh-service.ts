// Says how the mesh is, as this coordinator sees it: ledgers, coordinators, what is missing. Shows
// what was signed as it was signed; whoever asks counts for themselves.

import { LEDGERS, type LedgerId } from "@ostraka/proto";
import type { MeshService } from "@ostraka/proto/gen/admin";
import { stopText } from "../journal-words.ts";
import type { CoordinatorRuntime } from "../runtime.ts";
import { VERSION } from "../version.ts";
import { firingOf } from "./firing.ts";
import type { Handlers } from "./grpc-service.ts";
import { hostStatus } from "./host-status.ts";
import { watchReceipts } from "./receipt-feed.ts";
import { coordinatorName, isDissenting, notesOf, sealsOf } from "./status-notes.ts";

export function meshHandlers(runtime: CoordinatorRuntime): Handlers<typeof MeshService> {
  const { node, parts } = runtime;
  return {
    getStatus: async () => {
      const { view } = node.control.mesh;
      const firing = firingOf(runtime);
      return {
        coordinator: parts.config.name,
        version: VERSION,
        meshId: new Uint8Array(Buffer.from(view.mesh, "hex")),
        ledgers: LEDGERS.map((ledger) => ledgerStatus(runtime, ledger)),
        epoch: view.epoch,
        rosterVersion: view.rosterVersion,
        coordinators: view.coordinatorKeys().length,
        notes: notesOf(runtime),
        isBusConnected: runtime.isBusConnected,
        machineVersion: view.machineVersion,
        coordinatorList: coordinatorList(runtime),
        hosts: [...view.hosts()].length,
        canFire: firing.canFire,
        firing: firing.text,
      };
    },
    listCoordinators: async () => ({ coordinators: coordinatorList(runtime) }),
    listHosts: async () => ({
      hosts: [...node.control.mesh.view.hosts()].map((host) => hostStatus(runtime, host)),
    }),
    watchReceipts: async function* (_request, { signal }) {
      for await (const { envelope } of watchReceipts(runtime, signal)) {
        if (envelope !== undefined) yield { receipt: envelope };
      }
    },
  };
}

function ledgerStatus(runtime: CoordinatorRuntime, ledger: LedgerId) {
  const { point, index, active, sealed, damage, stalled } = runtime.node.status(ledger);
  return {
    ledger,
    generation: point.generation,
    position: BigInt(point.position),
    index: BigInt(index),
    sealedIndex: sealed?.head.index ?? 0n,
    sealedPosition: sealed?.head.position ?? 0n,
    machineTimeMs: BigInt(point.machineTimeMs),
    active,
    damage: stopText(ledger, { damage, stalled }),
    seals: sealsOf(runtime, ledger).text,
  };
}

function coordinatorList(runtime: CoordinatorRuntime) {
  const { node } = runtime;
  const { view } = node.control.mesh;
  return view.coordinatorKeys().map((key) => ({
    name: coordinatorName(runtime, key),
    key: Uint8Array.from(key),
    isSelf: Buffer.compare(key, node.publicKey) === 0,
    tickedMs: BigInt(node.control.tickedMs(key)),
    isDissenting: isDissenting(runtime, key),
    heads: LEDGERS.flatMap((ledger) => {
      const head = node.newestHeadOf(ledger, key);
      if (head === undefined) return [];
      const { generation, position, index } = head;
      return [{ ledger, generation, position, index }];
    }),
  }));
}
