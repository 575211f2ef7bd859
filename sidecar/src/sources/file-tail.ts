// One open file read forward from an offset: what is kept of a log's present and former self.
// Owns noticing that the file under its handle was truncated or written anew.

import type { FileHandle } from "node:fs/promises";
import { fileIdentity } from "./file-identity.ts";
import { READ_CHUNK_BYTES } from "./limits.ts";
import { type ByteRefusal, type LineSink, LineSplitter } from "./line-splitter.ts";

// Linux stamps files with the time of the last timer tick, 1 to 10 ms ago; some do worse.
const FRESH_MS = 200;

export interface TailSink {
  onLine(line: string, position: string, tail: FileTail): void;
  onRefused(reason: ByteRefusal, position: string, tail: FileTail): void;
}

export class FileTail {
  readonly handle: FileHandle;
  /** Device and inode, to see that the path leads elsewhere now. */
  readonly inode: string;
  /** Identity of the content, once its first line is complete. */
  identity: string | undefined;
  readonly splitter: LineSplitter;
  #seen = "";

  constructor(handle: FileHandle, inode: string, sink: TailSink, lineBytesMax?: number) {
    this.handle = handle;
    this.inode = inode;
    const lines: LineSink = {
      onLine: (line, start) => sink.onLine(line, `${this.identity}:${start}`, this),
      onRefused: (reason, start) => sink.onRefused(reason, `${this.identity}:${start}`, this),
    };
    this.splitter = new LineSplitter(lines, lineBytesMax);
  }

  /**
   * Whether the content under the handle is no longer the one that was being read. Both hints are
   * needed: a truncated file may have grown past the old offset before anybody looked.
   */
  async isReplaced(): Promise<boolean> {
    if (this.identity === undefined) return false;
    const { size, mtimeMs } = await this.handle.stat();
    if (size < this.splitter.offset) return true;
    const facts = `${size} ${mtimeMs}`;
    if (facts === this.#seen) return false;
    const identity = await fileIdentity(this.handle);
    if (identity !== this.identity) return true;
    // Two writes within one tick of the clock leave equal facts: fresh ones are no proof.
    if (Date.now() - mtimeMs > FRESH_MS) this.#seen = facts;
    return false;
  }

  /**
   * Forgets the content that was read; the next drain starts at the beginning.
   * @param isCopied a copy of the content was read to its end, so that no part of a line is lost.
   */
  restart(isCopied: boolean): void {
    if (!isCopied) this.splitter.finish(false);
    this.splitter.reset(0);
    this.identity = undefined;
    this.#seen = "";
  }

  /** Reads to the end of the file as it is now, or until the signal aborts. */
  async drain(buffer: Buffer, signal?: AbortSignal): Promise<void> {
    this.identity ??= await fileIdentity(this.handle);
    if (this.identity === undefined) return;
    while (signal?.aborted !== true) {
      const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, this.splitter.offset);
      if (bytesRead === 0) return;
      this.splitter.push(buffer.subarray(0, bytesRead));
    }
  }
}

/** A buffer to drain with; one serves all tails of a follower. */
export function readBuffer(): Buffer {
  return Buffer.allocUnsafe(READ_CHUNK_BYTES);
}
