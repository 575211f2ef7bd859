// What this machine has verified before, in the data folder: the entries up to a sealed head, so
// that no command walks from entry 1 again or asks for it. Authenticated by its own sealed head
// whenever it is read; what a coordinator shows must follow it. Losing it costs time and nothing
// else.

import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import {
  type EntryRecord,
  hex,
  LEDGERS,
  type LedgerId,
  type MeshId,
  OstrakaError,
  type SealedHead,
} from "@ostraka/proto";
import { type ExportLine, readLine, writeLine } from "./export-lines.ts";
import { claimsOf } from "./head-claims.ts";
import type { LedgerWalk } from "./ledger-walk.ts";

/** Beyond this the file is not read into memory; commands then walk from entry 1. */
const BYTES_MAX = 512_000_000;
const LINE_FEED = 0x0a;

export interface KeptLedger {
  /** Every record up to the head. */
  readonly records: readonly EntryRecord[];
  readonly sealed: SealedHead;
}

export class Checkpoint {
  readonly path: string;
  readonly #mesh: MeshId;

  /** @param dir the data folder. */
  constructor(dir: string, mesh: MeshId) {
    this.path = join(dir, "cache", `ledger-${mesh.slice(0, 16)}.jsonl`);
    this.#mesh = mesh;
  }

  /** What was kept, by ledger; `undefined` where nothing is, or nothing that can be read. */
  read(): ReadonlyMap<LedgerId, KeptLedger> | undefined {
    const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
    if (size === 0 || size > BYTES_MAX) return undefined;
    const [header, ...lines] = linesIn(readFileSync(this.path));
    if (header?.kind !== "header" || header.mesh !== this.#mesh) return undefined;
    const kept = new Map<LedgerId, KeptLedger>();
    for (const ledger of LEDGERS) {
      const found = keptIn(lines, ledger);
      if (found !== undefined) kept.set(ledger, found);
    }
    return kept;
  }

  /** Adds what has been verified since. A folder that cannot be written keeps nothing. */
  append(walk: LedgerWalk, from: ReadonlyMap<LedgerId, number>): void {
    const lines = LEDGERS.flatMap((ledger) => linesOf(walk, ledger, from.get(ledger) ?? 0));
    if (lines.length === 0) return;
    guarded(() => {
      const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
      if (size > BYTES_MAX) return;
      if (size === 0) this.#write([...this.#header(), ...lines]);
      // One write: what two commands add at a time comes one after the other.
      else appendFileSync(this.path, lines.join(""));
    });
  }

  /** Writes all of it anew, as after an erasure. */
  rewrite(walk: LedgerWalk): void {
    const lines = LEDGERS.flatMap((ledger) => linesOf(walk, ledger, 0));
    guarded(() => this.#write([...this.#header(), ...lines]));
  }

  /** Drops it: what cannot be trusted is walked again. */
  drop(): void {
    rmSync(this.path, { force: true });
  }

  #header(): string[] {
    return [`${writeLine({ kind: "header", mesh: this.#mesh })}\n`];
  }

  #write(lines: readonly string[]): void {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    const making = `${this.path}.${process.pid}`;
    writeFileSync(making, lines.join(""), { mode: 0o600 });
    renameSync(making, this.path);
  }
}

function linesIn(bytes: Buffer): ExportLine[] {
  const lines: ExportLine[] = [];
  let from = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, from)) {
    const line = readLine(bytes.subarray(from, at));
    // What follows a torn line was written after it: it is verified again.
    if (line === undefined) break;
    lines.push(line);
    from = at + 1;
  }
  return lines;
}

/** Entries without gaps, up to the last head that is among the lines. */
function keptIn(lines: readonly ExportLine[], ledger: LedgerId): KeptLedger | undefined {
  const records: EntryRecord[] = [];
  let sealed: SealedHead | undefined;
  let index = 0;
  for (const line of lines) {
    if (line.kind === "header" || line.ledger !== ledger) continue;
    if (line.kind === "entry") {
      // Another command may have added the same entries.
      if (line.index === records.length + 1) records.push(line.record);
      continue;
    }
    const claimed = claimsOf(line.sealed)?.index ?? 0;
    if (claimed < index || claimed > records.length) continue;
    sealed = line.sealed;
    index = claimed;
  }
  return sealed === undefined ? undefined : { records: records.slice(0, index), sealed };
}

function linesOf(walk: LedgerWalk, ledger: LedgerId, from: number): string[] {
  const head = walk.headOf(ledger);
  if (head === undefined || Number(head.head.index) <= from) return [];
  const lines: string[] = [];
  for (let index = from + 1; index <= Number(head.head.index); index++) {
    const walked = walk.entryAt(ledger, index);
    if (walked === undefined) return [];
    lines.push(`${writeLine({ kind: "entry", ledger, index, record: walked.record })}\n`);
  }
  return [...lines, `${writeLine({ kind: "head", ledger, sealed: head.sealed })}\n`];
}

function guarded(write: () => void): void {
  try {
    write();
  } catch (error) {
    // Without a checkpoint the next command walks from entry 1: slower, and as good.
    if (!(error instanceof Error && "syscall" in error)) throw error;
  }
}

/**
 * Compares a head that a coordinator shows with what this machine has verified, where it reaches no
 * further.
 * @returns in words what contradicts; `behind` for one that only lags; `undefined` for the same.
 */
export function contradictionIn(
  walk: LedgerWalk,
  ledger: LedgerId,
  shown: SealedHead,
): string | "behind" | undefined {
  const known = walk.headOf(ledger)?.head;
  const claims = claimsOf(shown);
  if (known === undefined || claims === undefined) return undefined;
  const { index, root, position, generation } = claims;
  if (index > Number(known.index)) return undefined;
  if (hex(walk.rootAt(ledger, index)) !== hex(root)) {
    return `it has another root at index ${index} than this machine has verified: two histories`;
  }
  if (index === Number(known.index)) return undefined;
  const isLater =
    generation > known.generation ||
    (generation === known.generation && position > Number(known.position));
  return isLater
    ? `its head at position ${position} ends at index ${index}, and an earlier one had ` +
        `${known.index}: entries were cut off`
    : "behind";
}

/** The alarm: whoever reads it must not go on as if nothing had happened. */
export function alarm(at: string, words: string, path: string): OstrakaError {
  return new OstrakaError(
    "OSTRAKA_NOT_VERIFIED",
    `ALARM: ledger ${at} as the coordinator shows it contradicts what this machine verified ` +
      `before: ${words}. Keep ${path} and an export of every coordinator, and tell the owners ` +
      "of the mesh",
  );
}
