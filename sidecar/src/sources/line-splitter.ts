// Bytes of a file to lines of text. Owns the bound on a line, its encoding and its offset.
// Must never hold more than one line: a longer one is refused and the next is read normally.

import { isAscii, isUtf8 } from "node:buffer";
import { LINE_BYTES_MAX } from "./limits.ts";

export type ByteRefusal = "too-long" | "invalid-utf8" | "nul-byte" | "partial-line";

export interface LineSink {
  /** `start` and `end` are file offsets in bytes; `end` is past the line end. */
  onLine(line: string, start: number, end: number): void;
  onRefused(reason: ByteRefusal, start: number, end: number): void;
}

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** Splits at LF and CRLF; invalid UTF-8, NUL bytes and over-long lines are refused, one by one. */
export class LineSplitter {
  readonly #sink: LineSink;
  // The first bytes of a line whose end has not come; one byte of slack for a CR.
  readonly #partial: Buffer;
  readonly #lineBytesMax: number;
  #partialBytes = 0;
  #isOverlong = false;
  #isSkipping = false;
  #lineStart = 0;
  #offset = 0;

  /** @param lineBytesMax longest line; formats of records have longer ones than logs */
  constructor(sink: LineSink, lineBytesMax = LINE_BYTES_MAX) {
    this.#sink = sink;
    this.#lineBytesMax = lineBytesMax;
    this.#partial = Buffer.allocUnsafe(lineBytesMax + 1);
  }

  /** File offset up to which every line has been given or refused. */
  get lineStart(): number {
    return this.#lineStart;
  }

  /** File offset of the next byte that is wanted. */
  get offset(): number {
    return this.#offset;
  }

  /** Starts anew at a file offset; `isMidLine` skips what is left of a line begun before it. */
  reset(offset: number, isMidLine = false): void {
    this.#lineStart = offset;
    this.#offset = offset;
    this.#partialBytes = 0;
    this.#isOverlong = false;
    this.#isSkipping = isMidLine;
  }

  /** Takes the bytes at `offset`. */
  push(chunk: Buffer): void {
    const base = this.#offset;
    const isPlain = isAscii(chunk) && !chunk.includes(0);
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#endLine(chunk, start, end, isPlain, base + end + 1);
      start = end + 1;
    }
    this.#offset = base + chunk.length;
    if (start < chunk.length) this.#keep(chunk, start, chunk.length);
  }

  /** The file is finished: what has no line end is a line of its own, or refused as partial. */
  finish(isLastLineWhole: boolean): void {
    if (this.#offset === this.#lineStart) return;
    const bytes = this.#partial.subarray(0, this.#partialBytes);
    if (!this.#isSkipping) {
      // A cut line may end in a cut address, which is another address.
      if (isLastLineWhole) this.#give(bytes, this.#isOverlong, this.#offset);
      else this.#sink.onRefused("partial-line", this.#lineStart, this.#offset);
    }
    this.reset(this.#offset);
  }

  #endLine(chunk: Buffer, start: number, end: number, isPlain: boolean, next: number): void {
    if (this.#isSkipping) {
      this.reset(next);
      return;
    }
    if (this.#partialBytes === 0 && !this.#isOverlong) {
      if (isPlain) this.#givePlain(chunk, start, end, next);
      else this.#give(chunk.subarray(start, end), false, next);
    } else {
      this.#keep(chunk, start, end);
      this.#give(this.#partial.subarray(0, this.#partialBytes), this.#isOverlong, next);
      this.#partialBytes = 0;
      this.#isOverlong = false;
    }
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const bytes = end - start;
    const isFitting = this.#partialBytes + bytes <= this.#partial.length;
    if (this.#isSkipping || this.#isOverlong) return;
    if (!isFitting) {
      this.#isOverlong = true;
      return;
    }
    chunk.copy(this.#partial, this.#partialBytes, start, end);
    this.#partialBytes += bytes;
  }

  // The way of nearly every line: no NUL, all ASCII, and no view of the chunk made for it.
  #givePlain(chunk: Buffer, start: number, end: number, next: number): void {
    const hasReturn = end > start && chunk[end - 1] === CARRIAGE_RETURN;
    const stop = hasReturn ? end - 1 : end;
    const lineStart = this.#lineStart;
    this.#lineStart = next;
    if (stop - start > this.#lineBytesMax) this.#sink.onRefused("too-long", lineStart, next);
    else this.#sink.onLine(chunk.toString("latin1", start, stop), lineStart, next);
  }

  #give(bytes: Buffer, isOverlong: boolean, next: number): void {
    const hasReturn = bytes.length > 0 && bytes[bytes.length - 1] === CARRIAGE_RETURN;
    const line = hasReturn ? bytes.subarray(0, -1) : bytes;
    const start = this.#lineStart;
    this.#lineStart = next;
    if (isOverlong || line.length > this.#lineBytesMax)
      this.#sink.onRefused("too-long", start, next);
    else if (!isUtf8(line)) this.#sink.onRefused("invalid-utf8", start, next);
    else if (line.includes(0)) this.#sink.onRefused("nul-byte", start, next);
    else this.#sink.onLine(line.toString("utf8"), start, next);
  }
}
