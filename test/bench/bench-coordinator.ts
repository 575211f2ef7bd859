// One coordinator of the stand: the real runtime on its own store, key and credentials, without the
// doors that people call at.

import { join } from "node:path";
import type { OpenedGenesis } from "@ostraka/agents/node";
import { openClock, openLog, openSigner, openSqliteStore } from "@ostraka/host";
import type { Crypto } from "@ostraka/proto";
import { CoordinatorRuntime } from "../../coordinator/src/runtime.ts";
import type { CoordinatorStart } from "./host-line.ts";

export interface BenchCoordinatorParts {
  readonly crypto: Crypto;
  readonly genesis: OpenedGenesis;
  readonly start: CoordinatorStart;
  readonly onPhase?: () => void;
}

export function benchCoordinator(parts: BenchCoordinatorParts): CoordinatorRuntime {
  const { crypto, genesis, start, onPhase } = parts;
  const { name, folder, urls, replicas } = start;
  const store = join(folder, "state.sqlite");
  const listen = { listen: "127.0.0.1:0", tls: "" };
  return new CoordinatorRuntime({
    config: {
      ...{ name, store, genesis: "", signingKey: "" },
      nats: { urls, creds: join(folder, "nats.creds"), replicas },
      ...{ api: listen, join: listen, ca: { certificate: "", key: "" }, natsAccount: { seed: "" } },
      log: { level: "warn" },
    },
    ...{ crypto, genesis, onPhase },
    signer: openSigner(new Uint8Array(Buffer.from(start.seed, "base64"))),
    store: openSqliteStore(store),
    clock: openClock(),
    log: openLog({ name, level: "warn" }),
    onFailure: (error) => {
      throw error;
    },
  });
}
