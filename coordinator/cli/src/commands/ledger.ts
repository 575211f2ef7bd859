// `ostraka ledger export`: both ledgers as a file that anyone can verify, also of a stopped mesh.
// Never leaves half a file where a whole one is expected.

import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { openCrypto, readGenesisFile } from "@ostraka/host";
import { OstrakaError } from "@ostraka/proto";
import { type AccessFlags, withAccess } from "../access.ts";
import { usage } from "../failure.ts";
import { openApiSource } from "../ledger/api-source.ts";
import { exportText, type LedgerSource, readBoth } from "../ledger/export-source.ts";
import { openStoreSource } from "../ledger/store-source.ts";
import { pathsOf } from "../mesh-dir.ts";
import type { Terminal } from "../terminal.ts";

export interface ExportFlags extends AccessFlags {
  readonly out: string;
}

export async function runLedgerExport(flags: ExportFlags, terminal: Terminal): Promise<number> {
  if (statSync(flags.out, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw usage(`--out ${flags.out} is a folder: name a file in it`);
  }
  const genesis = readGenesisFile(openCrypto(), pathsOf(flags.data).genesis);
  const { ledgers, name } = await readLedgers(flags);
  const count = writeWhole(flags.out, exportText(genesis.mesh, ledgers)) - 1 - ledgers.size;
  if (flags.json) terminal.json({ out: flags.out, entries: count, from: name });
  else {
    terminal.say(`${flags.out}: ${count} entries from ${name}`);
    const where = pathsOf(flags.data).genesis;
    terminal.note(`check it with: ostraka ledger verify ${flags.out} --genesis ${where}`);
  }
  return 0;
}

/** From a coordinator if one answers, else from the stores of the stopped mesh. */
async function readLedgers(flags: ExportFlags) {
  try {
    return await withAccess(flags, async ({ client }) => readNamed(openApiSource(client)));
  } catch (error) {
    const code = error instanceof OstrakaError ? error.code : undefined;
    if (code !== "OSTRAKA_UNREACHABLE" && code !== "OSTRAKA_DEADLINE") throw error;
    return await readNamed(openStoreSource(flags.data));
  }
}

async function readNamed(source: LedgerSource) {
  return { ledgers: await readBoth(source), name: source.name };
}

/**
 * Beside its place, fsynced, then renamed: a file of that name is a whole export. @returns lines.
 */
function writeWhole(path: string, lines: Iterable<string>): number {
  const making = `${path}.new`;
  let file: number;
  try {
    file = openSync(making, "w", 0o600);
  } catch (error) {
    throw new OstrakaError(
      "OSTRAKA_USAGE",
      `${path} cannot be written: name a file in a folder of yours with --out`,
      { cause: error },
    );
  }
  let count = 0;
  try {
    try {
      for (const line of lines) {
        writeSync(file, line);
        count++;
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(making, path);
  } catch (error) {
    rmSync(making, { force: true });
    throw error;
  }
  return count;
}
