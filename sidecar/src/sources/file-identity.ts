// Which file this is, whatever its name and inode: the hash of its first line. One that is renamed
// or copied keeps its identity, one written anew gets another; inodes are used again.
// Owns finding a file's former self among its rotated siblings.

import { createHash } from "node:crypto";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { IDENTITY_BYTES_MAX, ROTATED_FILES_MAX } from "./limits.ts";

/**
 * Identity of an open file: 128 bits in hex, or nothing while its first line is not complete.
 * @param isFinished a file that grows no more is identified by what there is of its first line.
 */
export async function fileIdentity(
  handle: FileHandle,
  isFinished = false,
): Promise<string | undefined> {
  const head = Buffer.alloc(IDENTITY_BYTES_MAX);
  const { bytesRead } = await handle.read(head, 0, head.length, 0);
  const newline = head.subarray(0, bytesRead).indexOf(10);
  if (newline < 0 && bytesRead < head.length && !isFinished) return undefined;
  const line = head.subarray(0, newline < 0 ? bytesRead : newline);
  return createHash("sha256").update(line).digest("hex").slice(0, 32);
}

const COMPRESSED = /\.(?:gz|xz|bz2|zst|lz4)$/;

export interface RotatedFile {
  readonly path: string;
  readonly mtimeMs: number;
}

/** Siblings that logrotate makes (`auth.log.1`, `auth.log-20260330`), oldest first. */
async function rotatedFiles(path: string): Promise<RotatedFile[]> {
  const name = basename(path);
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  const found: RotatedFile[] = [];
  for (const sibling of names.sort()) {
    const isRotated = sibling.startsWith(`${name}.`) || sibling.startsWith(`${name}-`);
    if (!isRotated || COMPRESSED.test(sibling)) continue;
    const siblingPath = join(folder, sibling);
    const facts = await stat(siblingPath).catch(() => undefined);
    if (facts?.isFile()) found.push({ path: siblingPath, mtimeMs: facts.mtimeMs });
  }
  // Of equal times the higher number (`.2` before `.1`) is the older.
  found.sort((a, b) => a.mtimeMs - b.mtimeMs || (a.path < b.path ? 1 : -1));
  return found.slice(-ROTATED_FILES_MAX);
}

/** Opens the rotated siblings from the one with `identity` on, oldest first; none if it is gone. */
export async function openRotatedFrom(path: string, identity: string): Promise<FileHandle[]> {
  const handles: FileHandle[] = [];
  for (const sibling of await rotatedFiles(path)) {
    const handle = await open(sibling.path, "r").catch(() => undefined);
    if (handle === undefined) continue;
    const isWanted = handles.length > 0 || (await fileIdentity(handle, true)) === identity;
    if (isWanted) handles.push(handle);
    else await handle.close();
  }
  return handles;
}
