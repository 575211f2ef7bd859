// How far a streaming export has come, in a file that survives restarts and kill -9. Moved only
// after the receiver has taken a batch; a batch is noted BEFORE it is sent, so that the same one
// is sent again.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { LEDGERS, ledgerLetter, type MeshId, OstrakaError } from "@ostraka/proto";
import { expectationWords, headText, meets, parseExpectedHead } from "./expected-head.ts";
import type { ExportFormat, Reached } from "./export-batch.ts";
import type { LedgerWalk } from "./ledger-walk.ts";

const FORMAT = 1;

export interface Cursor {
  readonly mesh: MeshId;
  /** What is exported where: a cursor is good for this alone. */
  readonly format: ExportFormat;
  readonly to: string;
  readonly done: Reached;
  /** Heads verified when it was last moved: a ledger that does not reach them was cut off. */
  readonly heads: readonly string[];
  /** Bounds of the batch that is on its way. */
  readonly pending?: Reached;
  /** Length of the destination, where that is a file. */
  readonly bytes?: number;
}

/** The cursor in a file; one at the beginning where there is none yet. */
export function readCursor(
  path: string | undefined,
  wanted: Omit<Cursor, "done" | "heads">,
): Cursor {
  const fresh = { ...wanted, done: { c: 0, s: 0 }, heads: [] };
  if (path === undefined) return fresh;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return fresh;
    throw damaged(path, error);
  }
  const cursor = parsed(path, text);
  for (const key of ["mesh", "format", "to"] as const) {
    if (cursor[key] === wanted[key]) continue;
    throw new OstrakaError(
      "OSTRAKA_DATA_MISMATCH",
      `${path} is the cursor of another export (${key} ${cursor[key]}, not ${wanted[key]}): ` +
        "name another --cursor",
    );
  }
  return cursor;
}

/** Written beside its place, fsynced, then renamed. Without a path it is kept by nobody. */
export function writeCursor(path: string | undefined, cursor: Cursor): void {
  if (path === undefined) return;
  const making = `${path}.new`;
  const file = openSync(making, "w", 0o600);
  try {
    writeSync(file, `${JSON.stringify({ kind: "cursor", version: FORMAT, ...cursor })}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(making, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Heads of a walk, as a cursor notes them. */
export function headsOf(walk: LedgerWalk): string[] {
  return LEDGERS.flatMap((ledger) => {
    const head = walk.headOf(ledger)?.head;
    return head === undefined ? [] : [headText(head)];
  });
}

/**
 * A cursor that is past what the ledger shows is an alarm, not a reason to begin again.
 * @throws OstrakaError OSTRAKA_NOT_VERIFIED saying what was cut off or changed.
 */
export function checkCursor(walk: LedgerWalk, cursor: Cursor): void {
  for (const text of cursor.heads) {
    const expected = parseExpectedHead(text);
    const found = meets(walk, expected);
    if (found === "met") continue;
    const letter = ledgerLetter(expected.ledger);
    throw new OstrakaError(
      "OSTRAKA_NOT_VERIFIED",
      `ledger ${letter} is not the one that was exported before: ` +
        `${expectationWords(walk, expected, found, cursor.mesh)}. Keep the cursor and what was ` +
        "exported, and ask each coordinator",
    );
  }
}

function parsed(path: string, text: string): Cursor {
  let value: Partial<Cursor> & { kind?: unknown; version?: unknown };
  try {
    value = Object(JSON.parse(text));
  } catch (error) {
    throw damaged(path, error);
  }
  const { kind, version, done, pending, heads, bytes } = value;
  const isWhole =
    kind === "cursor" &&
    version === FORMAT &&
    isReached(done) &&
    (pending === undefined || isReached(pending)) &&
    (bytes === undefined || Number.isSafeInteger(bytes)) &&
    Array.isArray(heads) &&
    heads.every((head) => typeof head === "string");
  if (!isWhole) throw damaged(path);
  return value as Cursor;
}

function isReached(value: Reached | undefined): boolean {
  return Number.isSafeInteger(value?.c) && Number.isSafeInteger(value?.s);
}

function damaged(path: string, cause?: unknown): OstrakaError {
  return new OstrakaError(
    "OSTRAKA_DATA_INVALID",
    `${path} is no cursor of \`ostraka ledger export\`: restore it, or remove it to ` +
      "export all again",
    { cause },
  );
}
