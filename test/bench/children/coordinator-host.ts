// A further coordinator of the stand in a process of its own: it decides and seals beside the first
// one until it is told to stop.

import { openGenesis } from "@ostraka/agents/node";
import { openCrypto } from "@ostraka/host";
import { decode, EnvelopeSchema, isReject, LIMITS } from "@ostraka/proto";
import { benchCoordinator } from "../bench-coordinator.ts";
import type { CoordinatorStart, HostOrder } from "../host-line.ts";

const start = JSON.parse(process.argv[2] ?? "") as CoordinatorStart;
const crypto = openCrypto();
const bytes = new Uint8Array(Buffer.from(start.genesis, "base64"));
const envelope = decode(EnvelopeSchema, bytes, LIMITS.messageBytesMax);
const genesis = envelope && openGenesis(crypto, envelope);
if (genesis === undefined || isReject(genesis)) throw new Error("no genesis");
const runtime = benchCoordinator({ crypto, genesis, start });
process.on("message", (order: HostOrder) => {
  if (order.type === "close") stop();
});
process.on("disconnect", () => process.exit(0));
await runtime.start();

function stop(): void {
  runtime.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${start.name}: ${String(error)}\n`);
      process.exit(1);
    },
  );
}
