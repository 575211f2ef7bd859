// Reading a finished log from beginning to end, for replay: as fast as disk and parser allow, with
// the same positions that following the file gives.

import { open } from "node:fs/promises";
import { fileIdentity } from "./file-identity.ts";
import { FileTail, readBuffer } from "./file-tail.ts";
import type { ByteRefusal } from "./line-splitter.ts";

export interface ReadFileLinesOptions {
  readonly path: string;
  readonly signal?: AbortSignal;
  /** Longest line; that of a log without it. */
  readonly lineBytesMax?: number;
  /** `lineNumber` counts from 1 and counts refused lines too. */
  onLine(line: string, position: string, lineNumber: number): void;
  onRefused(reason: ByteRefusal, position: string, lineNumber: number): void;
}

/**
 * Gives every line of a file; a last line without line end is a line.
 * @returns the number of lines, refused ones included.
 * @throws the system's error when the file cannot be read.
 */
export async function readFileLines(options: ReadFileLinesOptions): Promise<number> {
  const { path, signal, onLine, onRefused } = options;
  const handle = await open(path, "r");
  let lines = 0;
  try {
    const sink = {
      onLine: (line: string, position: string) => onLine(line, position, ++lines),
      onRefused: (why: ByteRefusal, position: string) => onRefused(why, position, ++lines),
    };
    const tail = new FileTail(handle, "", sink, options.lineBytesMax);
    tail.identity = await fileIdentity(handle, true);
    await tail.drain(readBuffer(), signal);
    if (signal?.aborted !== true) tail.splitter.finish(true);
    return lines;
  } finally {
    await handle.close();
  }
}
