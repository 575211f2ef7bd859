// Act three: anyone can check. Exports both ledgers from the running mesh into a file and verifies
// the file offline from the genesis, with the code of `ledger export` and `ledger verify`.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openApiSource } from "../ledger/api-source.ts";
import { exportText, readBoth } from "../ledger/export-source.ts";
import { verifyExportFile } from "../ledger/read-export.ts";
import { isFault } from "../ledger/verify-export.ts";
import type { EmbeddedMesh } from "./embedded-mesh.ts";
import type { Narrator } from "./narrator.ts";
import { WAIT_MS } from "./story-parts.ts";
import { until } from "./trace-book.ts";

export interface LedgerTold {
  readonly entries: number;
  readonly verified: boolean;
}

export async function ledgerAct(mesh: EmbeddedMesh, narrator: Narrator): Promise<LedgerTold> {
  const path = join(mesh.paths.dir, "ledger.jsonl");
  narrator.title("Anyone can check it afterwards, offline");
  const source = openApiSource(mesh);
  const ledgers = await until(() => readBoth(source), "the ledgers can be read", WAIT_MS);
  writeFileSync(path, [...exportText(mesh.genesis.mesh, ledgers)].join(""), { mode: 0o600 });
  const result = verifyExportFile(mesh.crypto, mesh.genesis, path);
  if (isFault(result)) {
    const { line, at, code } = result;
    narrator.event(`the export does NOT hold: line ${line}, ${at}: ${code}`, "red");
    return { entries: 0, verified: false };
  }
  const { entries } = result;
  narrator.event(`${entries} entries, warrants and seals hold from the genesis on`, "green");
  narrator.detail(path);
  return { entries, verified: true };
}
