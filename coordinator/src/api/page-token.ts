// Page tokens: opaque text that any replica of the mesh reads back. A token belongs to one mesh,
// one method and what was asked; a foreign, bent or oversized one is refused, never guessed at.

import { createHash } from "node:crypto";
import { type MeshId, OstrakaError } from "@ostraka/proto";

const TOKEN_CHARS_MAX = 128;
const CHECK_BYTES = 6;
const CURSOR = /^[a-z0-9:./-]{1,64}$/;

/** @param scope method and whatever else must not change between two pages. */
export function pageToken(mesh: MeshId, scope: string, cursor: string): string {
  const check = checkOf(mesh, scope, cursor);
  return Buffer.concat([check, Buffer.from(cursor)]).toString("base64url");
}

/**
 * The cursor of a token; `undefined` for the first page.
 * @throws OstrakaError OSTRAKA_USAGE when the token is none of this list.
 */
export function cursorOf(mesh: MeshId, scope: string, token: string): string | undefined {
  if (token === "") return undefined;
  const bytes = Buffer.from(token.slice(0, TOKEN_CHARS_MAX), "base64url");
  const cursor = bytes.subarray(CHECK_BYTES).toString("latin1");
  const isOurs =
    token.length <= TOKEN_CHARS_MAX &&
    CURSOR.test(cursor) &&
    checkOf(mesh, scope, cursor).equals(bytes.subarray(0, CHECK_BYTES));
  if (isOurs) return cursor;
  throw new OstrakaError(
    "OSTRAKA_USAGE",
    "that page_token belongs to another list or is damaged: begin again with the first page",
  );
}

function checkOf(mesh: MeshId, scope: string, cursor: string): Buffer {
  const hash = createHash("sha256").update(`${mesh}\n${scope}\n${cursor}`);
  return hash.digest().subarray(0, CHECK_BYTES);
}

/**
 * How many items a page may have: what was asked for, within the bound.
 * @param wanted 0 = the default.
 */
export function pageSizeOf(wanted: number, most: number, usual = 100): number {
  return Math.min(wanted === 0 ? usual : wanted, most);
}
