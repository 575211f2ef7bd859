// The files of threat intelligence: read at start, read again when they change, put in force whole
// or not at all. Owns the book that the scorer asks. Must never put a half-read file in force, nor
// drop the last good edition for a bad one, nor fetch anything: getting the files is another's job.

import { createReadStream, statSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { IntelBook, type IntelEntries, IntelReader } from "@ostraka/agents/scorer";
import type { EditionLog } from "./edition-log.ts";
import type { IntelSource } from "./intel-config.ts";
import { FileWatch } from "./sources/file-watch.ts";

/** A million lines of 64 characters. */
const FILE_BYTES_MAX = 67_108_864;
const PIECE_BYTES = 65_536;
/** A change is seen at once where the system tells of it, and at the latest after this. */
const POLL_MS = 30_000;
/** More lines at fault than one in a hundred: this is not the list it should be. */
const FAULTS_SHARE_MAX = 0.01;
const DAY_MS = 86_400_000;

export interface IntelFilesOptions {
  readonly sources: readonly IntelSource[];
  readonly log: EditionLog;
  /** Wall clock in milliseconds. */
  readonly nowMs: () => number;
  readonly pollMs?: number;
}

export class IntelFiles {
  /** What the scorer asks; holds the last good edition of each file. */
  readonly book: IntelBook;
  readonly #o: IntelFilesOptions;
  readonly #stop = new AbortController();
  readonly #following: Promise<void>[] = [];
  /** Which state of a file was last looked at, good or bad, and whether its end was told. */
  readonly #looked: (string | undefined)[];
  readonly #toldExpired: boolean[];

  constructor(options: IntelFilesOptions) {
    this.#o = options;
    this.book = new IntelBook(
      options.sources.map(({ name, ceilingPercent }) => ({ name, ceiling: ceilingPercent / 100 })),
    );
    this.#looked = options.sources.map(() => undefined);
    this.#toldExpired = options.sources.map(() => false);
  }

  /** Reads all files once, THEN follows them. A file that cannot be used is said in the log. */
  async start(): Promise<void> {
    for (let i = 0; i < this.#o.sources.length; i++) await this.#look(i);
    for (let i = 0; i < this.#o.sources.length; i++) this.#following.push(this.#follow(i));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#following);
  }

  async #follow(i: number): Promise<void> {
    const { signal } = this.#stop;
    const watch = new FileWatch(this.#sourceAt(i).path, this.#o.pollMs ?? POLL_MS);
    try {
      while (!signal.aborted) {
        watch.arm();
        await this.#look(i);
        await watch.next(signal);
      }
    } finally {
      watch.close();
    }
  }

  #sourceAt(i: number): IntelSource {
    return this.#o.sources[i] as IntelSource;
  }

  /** Reads a file if it is another than it was. Never throws: the edition in force stays. */
  async #look(i: number): Promise<void> {
    const { name, path, format, maxAgeDays } = this.#sourceAt(i);
    try {
      const state = stateOf(path);
      if (state.identity !== this.#looked[i]) {
        this.#looked[i] = state.identity;
        const entries = await readEntries(path, new IntelReader(format), this.#stop.signal);
        // Written to while it was read: it is read again at the next look, which comes at once.
        if (stateOf(path).identity !== state.identity) {
          this.#looked[i] = undefined;
          return;
        }
        checkEntries(entries);
        const expiresMs = state.madeMs + maxAgeDays * DAY_MS;
        this.book.replace(i, { entries, madeMs: state.madeMs, expiresMs });
        this.#toldExpired[i] = false;
        const { count, faultCount } = entries;
        this.#o.log.info({ intel: name, path, entries: count, linesLeftOut: faultCount });
      }
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#sayRefused(i, error);
    }
    this.#sayExpired(i);
  }

  #sayRefused(i: number, error: unknown): void {
    const { name, path } = this.#sourceAt(i);
    const { code, message } = error as NodeJS.ErrnoException;
    const why = error instanceof RefusedList ? message : (code ?? message);
    if (code === "ENOENT" || code === "EACCES") {
      // Said once, and again when it has been there in between.
      if (this.#looked[i] === code) return;
      this.#looked[i] = code;
    }
    const inForce = this.book.edition(i)?.entries.count ?? 0;
    const then = inForce > 0 ? `the last good edition stays (${inForce})` : "nothing is looked up";
    this.#o.log.warn({ intel: name, path }, `a list of intelligence is refused: ${why}; ${then}`);
  }

  #sayExpired(i: number): void {
    const edition = this.book.edition(i);
    const isOver = edition !== undefined && this.#o.nowMs() >= edition.expiresMs;
    if (!isOver || this.#toldExpired[i] === true) return;
    this.#toldExpired[i] = true;
    const { name, path, maxAgeDays } = this.#sourceAt(i);
    this.#o.log.warn(
      { intel: name, path },
      `a list of intelligence is older than ${maxAgeDays} days and no longer looked up: ` +
        "see why its file is not renewed, or raise maxAgeDays",
    );
  }
}

class RefusedList extends Error {}

function stateOf(path: string): { readonly identity: string; readonly madeMs: number } {
  const stat = statSync(path);
  if (!stat.isFile()) throw new RefusedList("it is no file");
  if (stat.size > FILE_BYTES_MAX) throw new RefusedList(`it has over ${FILE_BYTES_MAX} bytes`);
  return { identity: `${stat.ino}:${stat.size}:${stat.mtimeMs}`, madeMs: stat.mtimeMs };
}

/** Piece by piece, with room for other work between: a large list delays no decision. */
async function readEntries(
  path: string,
  reader: IntelReader,
  signal: AbortSignal,
): Promise<IntelEntries> {
  const end = FILE_BYTES_MAX - 1;
  const stream = createReadStream(path, {
    ...{ encoding: "utf8", highWaterMark: PIECE_BYTES, end, signal },
  } as const);
  for await (const piece of stream) {
    reader.take(piece as string);
    await setImmediate();
  }
  return reader.close();
}

function checkEntries({ count, lines, faults, faultCount, isCut }: IntelEntries): void {
  if (count === 0 && faultCount === 0) throw new RefusedList("it holds no entry");
  if (isCut) throw new RefusedList("its last line has no end: it may be half-written");
  if (faultCount <= lines * FAULTS_SHARE_MAX) return;
  const told = faults.slice(0, 3).map(({ line, why }) => `line ${line} ${why}`);
  throw new RefusedList(`${faultCount} of ${lines} lines are no entries: ${told.join("; ")}`);
}
