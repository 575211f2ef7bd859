// A walk over a mesh in memory, for the tests of this folder: everything taken, both ledgers
// closed. No test of its own, and nothing of the product.

import { openCrypto } from "@ostraka/host";
import { isReject, LEDGERS } from "@ostraka/proto";
import { LedgerWalk } from "./ledger-walk.ts";
import type { SampleMesh } from "./sample-mesh.ts";

/** Walks both ledgers as they are now. */
export function walkOf(mesh: SampleMesh): LedgerWalk {
  const walk = new LedgerWalk(openCrypto(), mesh.genesis, true);
  for (const ledger of LEDGERS) {
    const { records, sealed } = mesh.read(ledger);
    for (const record of records) {
      const taken = walk.take(ledger, record);
      if (isReject(taken)) throw new Error(`not taken: ${taken.reject}`);
    }
    const head = walk.close(ledger, sealed);
    if (isReject(head)) throw new Error(`not closed: ${head.reject}`);
  }
  return walk;
}
