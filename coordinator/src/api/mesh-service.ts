// Says how the mesh is, as this coordinator sees it: ledgers, hosts and their receipts, live. Shows
// receipts as they were signed; whoever asks counts coverage for themselves.

import { LEDGERS, type LedgerId } from "@ostraka/proto";
import type { MeshService } from "@ostraka/proto/gen/admin";
import type { CoordinatorRuntime } from "../runtime.ts";
import { VERSION } from "../version.ts";
import type { Handlers } from "./grpc-service.ts";
import { damageText, notesOf, sealsOf } from "./status-notes.ts";

export function meshHandlers(runtime: CoordinatorRuntime): Handlers<typeof MeshService> {
  const { node, parts } = runtime;
  return {
    getStatus: async () => {
      const { view } = node.control.mesh;
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
      };
    },
    listHosts: async () => ({
      hosts: [...node.control.mesh.view.hosts()].map((host) => {
        const receipt = node.receipts.of(host.key)?.envelope;
        return {
          name: host.name,
          hostKey: host.key,
          faultDomain: host.faultDomain,
          isWitness: host.isWitness,
          membershipIndex: BigInt(host.index),
          ...(receipt !== undefined && { receipt }),
        };
      }),
    }),
    watchReceipts: (_request, stream) => {
      // First what there is, then what comes: nobody misses one in between.
      const stop = runtime.onReceipt((receipt) => stream.send({ receipt }));
      stream.onEnd(stop);
      for (const { envelope } of node.receipts.all()) stream.send({ receipt: envelope });
    },
  };
}

function ledgerStatus(runtime: CoordinatorRuntime, ledger: LedgerId) {
  const { point, index, active, sealed, damage } = runtime.node.status(ledger);
  return {
    ledger,
    generation: point.generation,
    position: BigInt(point.position),
    index: BigInt(index),
    sealedIndex: sealed?.head.index ?? 0n,
    sealedPosition: sealed?.head.position ?? 0n,
    machineTimeMs: BigInt(point.machineTimeMs),
    active,
    damage: damage === undefined ? "" : damageText(damage),
    seals: sealsOf(runtime, ledger).text,
  };
}
