// The store port on SQLite: one ordered table of keys and bytes, one fsynced transaction a write.
// Owns durability (I4: what `write` returned for survives kill -9 and power loss) and the lock that
// keeps a second process out. Must never hold a read cursor open between two calls.

import { existsSync } from "node:fs";
import type { Store, Write } from "@ostraka/agents/kernel";
import { assert, type Bytes, OstrakaError } from "@ostraka/proto";
import Database from "better-sqlite3";

/** Rows read at a time by a scan. */
const SCAN_PAGE_ROWS = 256;
/** Layout of the file, in `PRAGMA user_version`. */
const STORE_FORMAT = 1;
/** How long to wait for a colleague's last commit before saying that the store is locked. */
const BUSY_MS = 200;
const PAGE_BYTES = 4_096;
/** The write-ahead log is cut back to this size after a checkpoint. */
const WAL_BYTES_KEPT = 4_194_304;

export interface SqliteStore extends Store {
  readonly path: string;
  /** What SQLite says it does; `synchronous` 2 is an fsync at every commit (I4). */
  durability(): { readonly journalMode: unknown; readonly synchronous: unknown };
  /** Closes the file and gives the lock back. Idempotent. */
  close(): void;
}

export interface SqliteStoreOptions {
  /** Refuse to grow the file beyond this many bytes; by default only the disk is the limit. */
  readonly bytesMax?: number;
}

/**
 * Opens or creates a store for this process alone.
 * @throws OstrakaError OSTRAKA_DATA_LOCKED when another process has it, OSTRAKA_DATA_MISMATCH for
 * another layout, OSTRAKA_STORE when the file or the disk fails.
 */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): SqliteStore {
  const lock = takeLock(path);
  try {
    const db = guard(path, "open", () => {
      const opened = new Database(path, { timeout: BUSY_MS });
      opened.pragma(`page_size = ${PAGE_BYTES}`);
      opened.pragma("journal_mode = WAL");
      opened.pragma("synchronous = FULL");
      opened.pragma(`journal_size_limit = ${WAL_BYTES_KEPT}`);
      if (options.bytesMax !== undefined) {
        opened.pragma(`max_page_count = ${Math.ceil(options.bytesMax / PAGE_BYTES)}`);
      }
      return opened;
    });
    prepareLayout(db, path);
    return storeOver(db, path, lock);
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * Opens one consistent snapshot of a store, also while its owner runs: for offline export.
 * Its `write` throws OSTRAKA_USAGE.
 * @throws OstrakaError OSTRAKA_NOT_FOUND without a file; else as `openSqliteStore`, but the lock.
 */
export function openSqliteStoreReadOnly(path: string): SqliteStore {
  if (!existsSync(path)) {
    throw new OstrakaError(
      "OSTRAKA_NOT_FOUND",
      `there is no store at ${path}: name the data directory`,
    );
  }
  const db = guard(path, "open", () => {
    const opened = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_MS });
    // The first read fixes the snapshot until the store is closed.
    opened.exec("BEGIN");
    return opened;
  });
  checkFormat(db, path);
  return storeOver(db, path, undefined);
}

/** An exclusive transaction on a file of its own: the system gives it back when we die. */
function takeLock(path: string): Database.Database {
  const lock = guard(`${path}.lock`, "open", () => new Database(`${path}.lock`, { timeout: 0 }));
  try {
    // On a full disk too: nothing is ever written, and a journal would be a file that needs room.
    lock.pragma("journal_mode = MEMORY");
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (codeOf(error).startsWith("SQLITE_BUSY")) {
      throw new OstrakaError(
        "OSTRAKA_DATA_LOCKED",
        `${path} is in use by another process: stop that one first, or name another data directory`,
        { cause: error },
      );
    }
    throw storeError(`${path}.lock`, "lock", error);
  }
}

function prepareLayout(db: Database.Database, path: string): void {
  guard(path, "open", () => {
    const version = db.pragma("user_version", { simple: true });
    const tables = db.prepare("SELECT count(*) AS n FROM sqlite_schema").get() as { n: number };
    if (version !== 0 || tables.n !== 0) return;
    db.transaction(() => {
      // With rowids, or keys and values share a tree, and whoever passes a snapshot of many
      // megabytes on the way to another key reads all of it to compare the two. A file that was
      // made so is read and written by the same statements.
      db.exec("CREATE TABLE kv (key TEXT PRIMARY KEY, value BLOB NOT NULL)");
      db.pragma(`user_version = ${STORE_FORMAT}`);
    })();
  });
  checkFormat(db, path);
}

function checkFormat(db: Database.Database, path: string): void {
  const version = guard(path, "open", () => db.pragma("user_version", { simple: true }));
  if (version === STORE_FORMAT) return;
  db.close();
  throw new OstrakaError(
    "OSTRAKA_DATA_MISMATCH",
    `${path} has layout ${version}, ours is ${STORE_FORMAT}: use the program that wrote it`,
  );
}

function storeOver(
  db: Database.Database,
  path: string,
  lock: Database.Database | undefined,
): SqliteStore {
  const select = db.prepare("SELECT value FROM kv WHERE key = ?").pluck();
  const page = db
    .prepare("SELECT key, value FROM kv WHERE key >= ? AND key < ? ORDER BY key LIMIT ?")
    .raw();
  const pageAfter = db
    .prepare("SELECT key, value FROM kv WHERE key > ? AND key < ? ORDER BY key LIMIT ?")
    .raw();
  // A replaced row would move to the end and take its index with it: more pages for each fsync.
  const upsert =
    lock &&
    db.prepare(
      "INSERT INTO kv (key, value) VALUES (?, ?) " +
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    );
  const remove = lock && db.prepare("DELETE FROM kv WHERE key = ?");
  const writeAll = db.transaction((writes: readonly Write[]) => {
    for (const { key, value } of writes) {
      assert(isKey(key), `"${key}" is a key of the store: ASCII text`);
      if (value === undefined) remove?.run(key);
      else upsert?.run(key, value);
    }
  });
  return {
    path,
    get: (key) => {
      const value = guard(path, "read", () => select.get(key)) as Buffer | undefined;
      return value === undefined ? undefined : plain(value);
    },
    scan: function* (prefix, from = prefix, limit = Number.MAX_SAFE_INTEGER) {
      const end = endOf(prefix);
      const read = (statement: Database.Statement, key: string, rows: number) =>
        guard(path, "read", () => statement.all(key, end, rows)) as [string, Buffer][];
      let left = limit;
      let rows = left > 0 ? read(page, from > prefix ? from : prefix, pageRows(left)) : [];
      while (rows.length > 0) {
        for (const [key, value] of rows) yield [key, plain(value)] as const;
        left -= rows.length;
        const last = rows[rows.length - 1] as [string, Buffer];
        rows = left > 0 ? read(pageAfter, last[0], pageRows(left)) : [];
      }
    },
    write: (writes) => {
      if (lock === undefined) {
        throw new OstrakaError("OSTRAKA_USAGE", `${path} is open for reading only`);
      }
      if (writes.length > 0) guard(path, "write", () => writeAll.immediate(writes));
    },
    durability: () => ({
      journalMode: db.pragma("journal_mode", { simple: true }),
      synchronous: db.pragma("synchronous", { simple: true }),
    }),
    close: () => {
      db.close();
      lock?.close();
    },
  };
}

function pageRows(left: number): number {
  return Math.min(left, SCAN_PAGE_ROWS);
}

function isKey(key: string): boolean {
  return /^[\x20-\x7e]+$/.test(key);
}

/** The least text above every ASCII key that starts with `prefix`. */
function endOf(prefix: string): string {
  return `${prefix}\x7f`;
}

/** A Buffer's `slice` shares memory, which pure code does not expect. */
function plain(value: Buffer): Bytes {
  return new Uint8Array(value);
}

function guard<T>(path: string, what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    // better-sqlite3 says in a TypeError that the folder is missing; else it is not the disk.
    if (codeOf(error) === "" && what !== "open") throw error;
    throw storeError(path, what, error);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Database.SqliteError ? error.code : "";
}

/** What a person does about each failure of SQLite. */
const ADVICE: readonly (readonly [string, string])[] = [
  ["SQLITE_FULL", "the disk or its quota is full: make room, then start again"],
  ["SQLITE_CORRUPT", "the file is damaged: restore it, or remove it and let this node resync"],
  ["SQLITE_NOTADB", "the file is damaged or no store: restore it, or remove it and resync"],
  ["SQLITE_READONLY", "the file or its folder cannot be written: check its owner and mode"],
  ["SQLITE_CANTOPEN", "the file cannot be opened: check that its folder exists, owner and mode"],
  ["SQLITE_IOERR_SHM", "the disk or its quota may be full: make room, then start again"],
  ["SQLITE_IOERR", "the disk failed: check the system's messages before starting again"],
  ["SQLITE_BUSY", "another process holds it: stop that one first"],
];

function storeError(path: string, what: string, error: unknown): OstrakaError {
  const code = codeOf(error);
  const advice = ADVICE.find(([prefix]) => code.startsWith(prefix))?.[1];
  const why = advice ?? "check that its folder exists";
  return new OstrakaError("OSTRAKA_STORE", `cannot ${what} ${path} ${code}: ${why}`, {
    cause: error,
  });
}
