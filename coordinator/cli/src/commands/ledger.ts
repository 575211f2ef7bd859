// `ostraka ledger export`: both ledgers as a file that anyone can verify, also of a stopped mesh.
// Never leaves half a file where a whole one is expected.

import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { openCrypto, readGenesisFile } from "@ostraka/host";
import { OstrakaError } from "@ostraka/proto";
import { type AccessFlags, withAccess } from "../access.ts";
import { usage } from "../failure.ts";
import { openApiSource } from "../ledger/api-source.ts";
import { EXPORT_FORMATS, type ExportFormat } from "../ledger/export-batch.ts";
import { urlOf } from "../ledger/export-receiver.ts";
import { exportText, type LedgerSource, readBoth } from "../ledger/export-source.ts";
import { openStoreSource } from "../ledger/store-source.ts";
import { pathsOf } from "../mesh-dir.ts";
import type { Terminal } from "../terminal.ts";
import { streamLedger } from "./ledger-stream.ts";

export interface ExportFlags extends AccessFlags {
  readonly out?: string;
  /** A file or an address. */
  readonly to?: string;
  readonly format?: string;
  readonly cursor?: string;
  readonly follow?: boolean;
  /** File with the value of the Authorization header. */
  readonly auth?: string;
  readonly ca?: string;
  readonly timeout?: string;
}

export async function runLedgerExport(flags: ExportFlags, terminal: Terminal): Promise<number> {
  const format = formatOf(flags.format);
  const { out, to } = flags;
  if ((out === undefined) === (to === undefined)) {
    throw usage("say where it goes: --out FILE for a whole export, or --to FILE or address");
  }
  const streams = flags.cursor !== undefined || flags.follow === true || format === "ocsf";
  if (to !== undefined && (streams || urlOf(to) !== undefined)) {
    return await streamLedger(format, to, flags, terminal);
  }
  if (streams) throw usage("--out writes a whole export; with --format ocsf or --cursor give --to");
  return await exportWhole(out ?? (to as string), flags, terminal);
}

function formatOf(name = "jsonl"): ExportFormat {
  const format = EXPORT_FORMATS.find((known) => known === name);
  if (format !== undefined) return format;
  throw usage(`--format ${name.slice(0, 40)}: one of ${EXPORT_FORMATS.join(", ")}`);
}

async function exportWhole(out: string, flags: ExportFlags, terminal: Terminal): Promise<number> {
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw usage(`--out ${out} is a folder: name a file in it`);
  }
  const genesis = readGenesisFile(openCrypto(), pathsOf(flags.data).genesis);
  const { ledgers, name } = await readLedgers(flags);
  const count = writeWhole(out, exportText(genesis.mesh, ledgers)) - 1 - ledgers.size;
  if (flags.json) terminal.json({ out, entries: count, from: name });
  else {
    terminal.say(`${out}: ${count} entries from ${name}`);
    const where = pathsOf(flags.data).genesis;
    terminal.note(`check it with: ostraka ledger verify ${out} --genesis ${where}`);
  }
  return 0;
}

/** From a coordinator if one answers, else from the stores of the stopped mesh. */
async function readLedgers(flags: ExportFlags) {
  try {
    return await withAccess(flags, async (access) => readNamed(openApiSource(access)));
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
