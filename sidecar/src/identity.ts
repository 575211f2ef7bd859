// Who a host is: its key, the mesh it belongs to and the library that signs, opened from the files
// that its configuration names. Holds no state of the mesh.

import type { OpenedGenesis } from "@ostraka/agents/edge";
import { type Log, loadKeyFile, openCrypto, readGenesisFile } from "@ostraka/host";
import type { Crypto, Signer } from "@ostraka/proto";
import type { SidecarConfig } from "./config.ts";

/** Who this host is: opened from the files that the configuration names. */
export interface SidecarIdentity {
  readonly crypto: Crypto;
  readonly genesis: OpenedGenesis;
  readonly signer: Signer;
  readonly meshName: string;
}

/**
 * Opens genesis and signing key. @throws OstrakaError see `readGenesisFile` and `loadKeyFile`.
 */
export function openIdentity(config: SidecarConfig, log?: Log): SidecarIdentity {
  const crypto = openCrypto({ onFallback: (why) => log?.warn(why) });
  const genesis = readGenesisFile(crypto, config.genesis);
  const signer = loadKeyFile(config.signingKey);
  return { crypto, genesis, signer, meshName: genesis.roster.meshName };
}
