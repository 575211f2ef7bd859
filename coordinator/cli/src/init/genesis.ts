// The genesis of a new mesh: its first roster, signed by its roots. Its hash is the mesh's name for
// ever.

import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { meshIdOf, type OpenedGenesis, openGenesis } from "@ostraka/agents/node";
import {
  type Bytes,
  type Crypto,
  compareText,
  encode,
  GenesisSchema,
  isReject,
  OstrakaError,
  Role,
  signEnvelope,
} from "@ostraka/proto";
import { AUTHOR_THRESHOLD, GROUPS, type KeyedHolder, ROOT_THRESHOLD } from "./holders.ts";

export interface GenesisWish {
  readonly meshName: string;
  readonly holders: readonly KeyedHolder[];
  readonly faultDomains: readonly string[];
  readonly caFingerprint: Bytes;
}

/**
 * Makes and signs the genesis, and opens it as every member will.
 * @throws OstrakaError OSTRAKA_USAGE when no mesh could work with it.
 */
export function makeGenesis(crypto: Crypto, wish: GenesisWish): OpenedGenesis {
  const sorted = [...wish.holders].sort((a, b) => compareText(a.name, b.name));
  const genesis = create(GenesisSchema, {
    format: 1,
    nonce: new Uint8Array(randomBytes(16)),
    caFingerprint: wish.caFingerprint,
    roster: {
      format: 1,
      version: 1,
      meshName: wish.meshName,
      holders: sorted.map(({ name, role, signer, foreignKeys }) => ({
        name,
        keys: [{ role, key: signer.publicKey }],
        foreignKeys: [...foreignKeys],
      })),
      groups: GROUPS.map(({ name, holders }) => ({ name, holders: [...holders] })),
      faultDomains: [...wish.faultDomains],
      rootThreshold: ROOT_THRESHOLD,
      authorThreshold: AUTHOR_THRESHOLD,
    },
  });
  const body = encode(GenesisSchema, genesis);
  const roots = sorted.filter((h) => h.role === Role.ROOT).map((h) => h.signer);
  const opened = openGenesis(
    crypto,
    signEnvelope(meshIdOf(crypto, body), "genesis", body, ...roots),
  );
  if (!isReject(opened)) return opened;
  throw new OstrakaError(
    "OSTRAKA_USAGE",
    `no mesh can be made of that (${opened.reject}): check the names of the mesh and its domains`,
  );
}
