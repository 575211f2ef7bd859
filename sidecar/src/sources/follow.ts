// Following a log that grows, is renamed, copied and truncated, is missing, and comes back.
// Owns the order (a file's former self is drained BEFORE its successor) and the cursor from which a
// restart goes on without losing or repeating a line. Knows bytes and lines, not what they say.

import { open, stat } from "node:fs/promises";
import { fileIdentity, openRotatedFrom } from "./file-identity.ts";
import { FileTail, readBuffer, type TailSink } from "./file-tail.ts";
import { FileWatch } from "./file-watch.ts";
import { RETIRED_MS_MAX } from "./limits.ts";
import type { ByteRefusal } from "./line-splitter.ts";

/** Everything up to `offset` of the file with this identity has been given out. */
export interface FilePlace {
  readonly identity: string;
  readonly offset: number;
}

/** Where to go on after a restart; `previous` is a renamed file that may still grow. */
export interface FileCursor extends FilePlace {
  readonly previous?: FilePlace;
}

export interface FollowOptions {
  readonly path: string;
  /** The last cursor given out before the restart. */
  readonly cursor?: FileCursor;
  /** Where to begin without a cursor, if the file exists already; `start` without it. */
  readonly from?: "start" | "end";
  /** Bytes of the longest line; that of a log without it. */
  readonly lineBytesMax?: number;
  /** Longest time in ms between two looks at the file; 100 without it. */
  readonly pollMs?: number;
  readonly signal: AbortSignal;
  /** `position` identifies the line for ever: equal text elsewhere has another position. */
  onLine(line: string, position: string, cursor: FileCursor): void;
  onRefused(reason: ByteRefusal, position: string, cursor: FileCursor): void;
  /** The file cannot be read just now (not: does not exist); it is tried again at the next look. */
  onTrouble?(error: Error): void;
}

/** Follows a file until the signal aborts. @throws what `onLine` and `onRefused` throw. */
export async function followFile(options: FollowOptions): Promise<void> {
  const follower = new Follower(options);
  const watch = new FileWatch(options.path, options.pollMs ?? 100);
  try {
    let isResumed = options.cursor === undefined;
    while (!options.signal.aborted) {
      watch.arm();
      if (!isResumed) isResumed = await follower.resume(options.cursor as FileCursor);
      if (isResumed) await follower.look();
      await watch.next(options.signal);
    }
  } finally {
    watch.close();
    await follower.close();
  }
}

class Follower {
  readonly #options: FollowOptions;
  readonly #buffer = readBuffer();
  #current: FileTail | undefined;
  #retired: FileTail | undefined;
  #retiredUntilMs = 0;
  // The newest former self whose lines have been given out.
  #last: FilePlace | undefined;
  #isFirstOpen = true;
  #callerError: unknown;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  /** Goes on from the saved cursor, wherever its file is by now; false if it cannot be opened. */
  async resume(cursor: FileCursor): Promise<boolean> {
    this.#isFirstOpen = false;
    const isOpen = await this.#attempt(async () => {
      this.#current = await this.#openCurrent();
    });
    if (!isOpen) return false;
    const handle = this.#current?.handle;
    if (handle !== undefined && (await fileIdentity(handle)) === cursor.identity) {
      const { size } = await handle.stat();
      if (size >= cursor.offset) this.#current?.splitter.reset(cursor.offset);
    } else {
      this.#last = { identity: cursor.identity, offset: cursor.offset };
      await this.#attempt(async () => void (await this.#catchUp()));
    }
    const { previous } = cursor;
    if (previous !== undefined) await this.#attempt(() => this.#resumePrevious(previous));
    return true;
  }

  async #resumePrevious(place: FilePlace): Promise<void> {
    const [previous, ...others] = await openRotatedFrom(this.#options.path, place.identity);
    for (const handle of others) await handle.close();
    if (previous === undefined) return;
    const tail = await this.#tailOf(previous);
    tail.splitter.reset(place.offset);
    this.#retire(tail);
  }

  /** Reads all there is now: the renamed file first, then the present one. */
  async look(): Promise<void> {
    // Each on its own: a file that cannot be read must not hide that the path leads elsewhere now.
    await this.#attempt(() => this.#drainRetired());
    await this.#attempt(() => this.#drainCurrent());
    await this.#attempt(() => this.#followPath());
  }

  async #attempt(step: () => Promise<void>): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      if (error === this.#callerError || !isFileTrouble(error)) throw error;
      this.#options.onTrouble?.(error);
      return false;
    }
  }

  async close(): Promise<void> {
    await this.#retired?.handle.close();
    await this.#current?.handle.close();
  }

  async #drainRetired(): Promise<void> {
    const retired = this.#retired;
    if (retired === undefined) return;
    await retired.drain(this.#buffer, this.#options.signal);
    const isOver = performance.now() >= this.#retiredUntilMs;
    if (isOver && !this.#options.signal.aborted) await this.#closeRetired();
  }

  async #closeRetired(): Promise<void> {
    const retired = this.#retired;
    if (retired === undefined) return;
    await retired.drain(this.#buffer, this.#options.signal);
    retired.splitter.finish(false);
    this.#retired = undefined;
    await retired.handle.close();
  }

  async #drainCurrent(): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    if (await current.isReplaced()) {
      // Truncated in place: what was written between our last read and the copy is in the copy.
      this.#last = placeOf(current);
      current.restart(await this.#catchUp(true));
    }
    if (current.identity === undefined) {
      current.identity = await fileIdentity(current.handle);
      // Whatever was rotated away before this content came is older than it.
      if (current.identity !== undefined) await this.#catchUp();
    }
    await current.drain(this.#buffer, this.#options.signal);
  }

  async #followPath(): Promise<void> {
    const current = this.#current;
    const isSame = current !== undefined && (await inodeAt(this.#options.path)) === current.inode;
    if (isSame || this.#options.signal.aborted) return;
    const next = await this.#openCurrent();
    if (next === undefined) return;
    if (current !== undefined) {
      // The writer may have written between our drain and the rename.
      await current.drain(this.#buffer, this.#options.signal);
      await this.#closeRetired();
      this.#retire(current);
      this.#last = placeOf(current) ?? this.#last;
      this.#current = next;
      // Two rotations between two looks leave a file that the path never led us to.
      await this.#catchUp();
    }
    this.#current = next;
    if (this.#isFirstOpen && this.#options.from === "end") await skipToEnd(next);
    this.#isFirstOpen = false;
    await this.#drainCurrent();
  }

  #retire(tail: FileTail): void {
    this.#retired = tail;
    this.#retiredUntilMs = performance.now() + RETIRED_MS_MAX;
  }

  /**
   * Gives what the rotated siblings hold beyond the last place: its own rest, then its successors.
   * @returns whether there was such a sibling.
   */
  async #catchUp(isCurrentReplaced = false): Promise<boolean> {
    if (this.#last === undefined) return false;
    let { offset } = this.#last;
    let isFound = false;
    let isPresent = false;
    for (const handle of await openRotatedFrom(this.#options.path, this.#last.identity)) {
      const tail = await this.#tailOf(handle);
      const identity = await fileIdentity(handle, true);
      // The present file, renamed a moment ago, or its copy made BEFORE truncation: it is read as
      // the present one, and what comes after it is no former self yet.
      isPresent ||= tail.inode === this.#current?.inode;
      isPresent ||= !isCurrentReplaced && identity === this.#current?.identity;
      if (!isPresent && tail.inode !== this.#retired?.inode) {
        tail.splitter.reset(offset);
        await tail.drain(this.#buffer, this.#options.signal);
        if (!this.#options.signal.aborted) tail.splitter.finish(false);
        this.#last = placeOf(tail) ?? this.#last;
        isFound = true;
      }
      offset = 0;
      await handle.close();
    }
    return isFound;
  }

  async #openCurrent(): Promise<FileTail | undefined> {
    const { path } = this.#options;
    try {
      // BEFORE opening: to open a pipe would wait for its writer for ever.
      if (!(await stat(path)).isFile()) throw new NotAFile(`${path} is not a regular file`);
      return await this.#tailOf(await open(path, "r"));
    } catch (error) {
      // Not there yet, or between rename and creation.
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  async #tailOf(handle: Awaited<ReturnType<typeof open>>): Promise<FileTail> {
    const { onLine, onRefused } = this.#options;
    const sink: TailSink = {
      onLine: (line, position, tail) =>
        this.#call(() => onLine(line, position, this.#cursorAt(tail))),
      onRefused: (reason, position, tail) =>
        this.#call(() => onRefused(reason, position, this.#cursorAt(tail))),
    };
    return new FileTail(handle, inodeOf(await handle.stat()), sink, this.#options.lineBytesMax);
  }

  // What the caller throws ends the following, even if it looks like trouble with a file.
  #call(give: () => void): void {
    try {
      give();
    } catch (error) {
      this.#callerError = error;
      throw error;
    }
  }

  // A successor without identity could not be found again by its cursor: its former self can.
  #cursorAt(tail: FileTail): FileCursor {
    const own = placeOf(tail) as FilePlace;
    const retired = placeOf(this.#retired);
    if (retired === undefined) return own;
    const base = tail === this.#retired ? (placeOf(this.#current) ?? this.#last ?? own) : own;
    return base.identity === retired.identity ? retired : { ...base, previous: retired };
  }
}

function placeOf(tail: FileTail | undefined): FilePlace | undefined {
  if (tail?.identity === undefined) return undefined;
  return { identity: tail.identity, offset: tail.splitter.lineStart };
}

function inodeOf({ dev, ino }: { dev: number; ino: number }): string {
  return `${dev}:${ino}`;
}

async function inodeAt(path: string): Promise<string | undefined> {
  const facts = await stat(path).catch(() => undefined);
  return facts === undefined ? undefined : inodeOf(facts);
}

async function skipToEnd(tail: FileTail): Promise<void> {
  const { size } = await tail.handle.stat();
  if (size === 0) return;
  const last = Buffer.alloc(1);
  await tail.handle.read(last, 0, 1, size - 1);
  tail.splitter.reset(size, last[0] !== 10);
}

class NotAFile extends Error {}

function isFileTrouble(error: unknown): error is Error {
  return error instanceof NotAFile || (error instanceof Error && "syscall" in error);
}
