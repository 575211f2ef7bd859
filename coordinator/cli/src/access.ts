// The way into a running mesh: genesis and CA from the data directory, a client of the admin API
// that trusts only that CA. Everything that comes back is checked elsewhere, from the genesis on.

import { readFileSync } from "node:fs";
import type { OpenedGenesis } from "@ostraka/agents/node";
import { type AdminClient, connectAdmin } from "@ostraka/coordinator";
import { openCrypto, readGenesisFile } from "@ostraka/host";
import { certFingerprint } from "@ostraka/host/mesh-ca";
import { type Crypto, equalBytes, OstrakaError } from "@ostraka/proto";
import { isAnswer } from "./failure.ts";
import { type IdentityFlags, openTlsIdentity } from "./identity.ts";
import { type MeshFile, pathsOf, readMeshFile } from "./mesh-dir.ts";

export interface Access {
  readonly crypto: Crypto;
  readonly genesis: OpenedGenesis;
  readonly file: MeshFile;
  readonly client: AdminClient;
  /** The data folder, where what was verified is kept; absent = nothing is kept. */
  readonly data?: string;
}

/** Flags that every command on a running mesh takes. */
export interface AccessFlags extends IdentityFlags {
  readonly json: boolean;
}

/** Opens the way in, lets `act` use it, closes it. */
export async function withAccess<T>(
  flags: AccessFlags,
  act: (access: Access) => Promise<T>,
): Promise<T> {
  const crypto = openCrypto();
  const file = readMeshFile(flags.data);
  const paths = pathsOf(flags.data);
  const genesis = readGenesisFile(crypto, paths.genesis);
  const ca = readCa(paths.caCertificate, genesis);
  const addresses = file.coordinators.map(({ api }) => api);
  const client = connectAdmin({ addresses, ca, ...openTlsIdentity(flags) });
  try {
    return await act({ crypto, genesis, file, client, data: flags.data });
  } catch (error) {
    throw isUnanswered(error) ? unreachable(flags.data, addresses, error) : error;
  } finally {
    client.close();
  }
}

/** A call that no coordinator answered, or not in time; a deadline of our own has no such cause. */
function isUnanswered(error: unknown): boolean {
  if (!(error instanceof OstrakaError) || isAnswer(error)) return false;
  const isOfCall = error.cause instanceof Error && "metadata" in error.cause;
  return isOfCall && ["OSTRAKA_UNREACHABLE", "OSTRAKA_DEADLINE"].includes(error.code);
}

function unreachable(dir: string, addresses: readonly string[], cause: unknown): OstrakaError {
  return new OstrakaError(
    "OSTRAKA_UNREACHABLE",
    `no coordinator of ${dir} answers at ${addresses.join(", ")}: ` +
      "start the mesh, or check the network",
    { cause },
  );
}

function readCa(path: string, genesis: OpenedGenesis): string {
  let ca: string;
  try {
    ca = readFileSync(path, "utf8");
  } catch (error) {
    const why = `the mesh CA's certificate ${path} is missing: restore it`;
    throw new OstrakaError("OSTRAKA_NOT_FOUND", why, { cause: error });
  }
  if (equalBytes(certFingerprint(ca), genesis.genesis.caFingerprint)) return ca;
  throw new OstrakaError(
    "OSTRAKA_DATA_MISMATCH",
    `${path} is not the CA that the genesis names: restore the right one`,
  );
}
