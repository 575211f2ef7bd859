import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { orderedKey } from "@ostraka/agents/kernel";
import { utf8 } from "@ostraka/proto";
import Database from "better-sqlite3";
import { afterAll, describe, expect, test } from "vitest";
import { openSqliteStore, openSqliteStoreReadOnly } from "./store-sqlite.ts";

const dir = mkdtempSync(join(tmpdir(), "ostraka-store-"));
afterAll(() => rmSync(dir, { recursive: true }));
let files = 0;
const newPath = () => join(dir, `${files++}.db`);

const keysOf = (pairs: Iterable<readonly [string, Uint8Array]>) => [...pairs].map(([key]) => key);
const withCode = (code: string) => expect.objectContaining({ code });

describe("the store", () => {
  test("gives back what was written, also empty bytes, and nothing that was deleted", () => {
    const path = newPath();
    const store = openSqliteStore(path);
    store.write([
      { key: "a", value: utf8("1") },
      { key: "b", value: new Uint8Array() },
      { key: "c", value: utf8("3") },
    ]);
    store.write([{ key: "a", value: utf8("2") }, { key: "c" }, { key: "never" }]);
    store.close();
    const again = openSqliteStore(path);
    expect(again.get("a")).toEqual(utf8("2"));
    expect(again.get("b")).toEqual(new Uint8Array());
    expect(again.get("c")).toBeUndefined();
    expect(Object.getPrototypeOf(again.get("a"))).toBe(Uint8Array.prototype);
    again.close();
    again.close();
  });

  test("scans a prefix in key order, from a key, up to a limit, over many pages", () => {
    const store = openSqliteStore(newPath());
    const keys = Array.from({ length: 1_000 }, (_, i) => `e/${orderedKey(999 - i)}`);
    store.write([...keys, "d/z", "e", "e0", "f/1"].map((key) => ({ key, value: utf8(key) })));
    const sorted = [...keys].sort();
    expect(keysOf(store.scan("e/"))).toEqual(sorted);
    expect(keysOf(store.scan("e/", sorted[700]))).toEqual(sorted.slice(700));
    expect(keysOf(store.scan("e/", sorted[10], 600))).toEqual(sorted.slice(10, 610));
    expect(keysOf(store.scan("e/", "a", 2))).toEqual(sorted.slice(0, 2));
    expect(keysOf(store.scan("e/", "f"))).toEqual([]);
    expect(keysOf(store.scan("e/", undefined, 0))).toEqual([]);
    expect(keysOf(store.scan(""))).toHaveLength(1_004);
    store.close();
  });

  test("keeps values apart from keys that are searched, and reads files that do not", () => {
    const isShared = (path: string) => {
      const db = new Database(path);
      const shared = db.prepare("SELECT wr FROM pragma_table_list('kv')").pluck().get();
      db.close();
      return shared === 1;
    };
    const path = newPath();
    openSqliteStore(path).close();
    expect(isShared(path)).toBe(false);
    const old = newPath();
    const db = new Database(old);
    db.exec("CREATE TABLE kv (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID");
    db.exec("INSERT INTO kv VALUES ('a', x'31')");
    db.pragma("user_version = 1");
    db.close();
    const store = openSqliteStore(old);
    store.write([
      { key: "b", value: utf8("2") },
      { key: "a", value: utf8("3") },
    ]);
    expect([...store.scan("")]).toEqual([
      ["a", utf8("3")],
      ["b", utf8("2")],
    ]);
    store.close();
    expect(isShared(old)).toBe(true);
  });

  test("is locked without a byte more on the disk, which may be full", () => {
    const path = newPath();
    const store = openSqliteStore(path);
    expect(statSync(`${path}.lock`).size).toBe(0);
    expect(existsSync(`${path}.lock-journal`)).toBe(false);
    expect(() => openSqliteStore(path)).toThrow(withCode("OSTRAKA_DATA_LOCKED"));
    store.close();
  });

  test("may be written to in the middle of a scan", () => {
    const store = openSqliteStore(newPath());
    const keys = Array.from({ length: 600 }, (_, i) => `k/${orderedKey(i)}`);
    store.write(keys.map((key) => ({ key, value: utf8("x") })));
    const seen: string[] = [];
    for (const [key] of store.scan("k/")) {
      seen.push(key);
      store.write([{ key }]);
    }
    expect(seen).toEqual(keys);
    expect(keysOf(store.scan("k/"))).toEqual([]);
    store.close();
  });

  test("writes all of a transaction or nothing", () => {
    const store = openSqliteStore(newPath());
    const bad = { key: "not\u00e9ascii", value: utf8("x") };
    expect(() => store.write([{ key: "a", value: utf8("x") }, bad])).toThrowError("ASCII");
    expect(store.get("a")).toBeUndefined();
    store.close();
  });

  test("waits for the disk at every commit and keeps a write-ahead log", () => {
    const path = newPath();
    const store = openSqliteStore(path);
    store.write([{ key: "a", value: utf8("x") }]);
    expect(store.durability()).toEqual({ journalMode: "wal", synchronous: 2 });
    store.close();
  });

  test("is one process's alone, until that one ends", () => {
    const path = newPath();
    const store = openSqliteStore(path);
    expect(() => openSqliteStore(path)).toThrowError(withCode("OSTRAKA_DATA_LOCKED"));
    store.write([{ key: "a", value: utf8("still mine") }]);
    store.close();
    openSqliteStore(path).close();
  });

  test("opens for reading beside and after its owner, as one snapshot", () => {
    const path = newPath();
    const store = openSqliteStore(path);
    store.write([{ key: "a", value: utf8("1") }]);
    const snapshot = openSqliteStoreReadOnly(path);
    store.write([{ key: "b", value: utf8("2") }]);
    expect(keysOf(snapshot.scan(""))).toEqual(["a"]);
    expect(() => snapshot.write([{ key: "c", value: utf8("3") }])).toThrowError(
      withCode("OSTRAKA_USAGE"),
    );
    snapshot.close();
    store.close();
    const stopped = openSqliteStoreReadOnly(path);
    expect(keysOf(stopped.scan(""))).toEqual(["a", "b"]);
    stopped.close();
    expect(() => openSqliteStoreReadOnly(newPath())).toThrowError(withCode("OSTRAKA_NOT_FOUND"));
  });

  test("says what to do when it is full, keeps what it had and goes on below the bound", () => {
    const store = openSqliteStore(newPath(), { bytesMax: 65_536 });
    store.write([{ key: "a", value: utf8("1") }]);
    const large = { key: "large", value: new Uint8Array(100_000) };
    expect(() => store.write([{ key: "b", value: utf8("2") }, large])).toThrowError(
      expect.objectContaining({
        code: "OSTRAKA_STORE",
        message: expect.stringContaining("make room"),
      }),
    );
    expect(keysOf(store.scan(""))).toEqual(["a"]);
    store.write([{ key: "c", value: utf8("3") }]);
    expect(keysOf(store.scan(""))).toEqual(["a", "c"]);
    store.close();
  });

  test("refuses a damaged file, another program's, another layout and a missing folder", () => {
    const damaged = newPath();
    writeFileSync(damaged, "this is no database ".repeat(500));
    expect(() => openSqliteStore(damaged)).toThrowError(withCode("OSTRAKA_STORE"));
    expect(() => openSqliteStore(damaged)).toThrowError(withCode("OSTRAKA_STORE"));
    const foreign = newPath();
    const db = new Database(foreign);
    db.exec("CREATE TABLE theirs (x)");
    db.close();
    expect(() => openSqliteStore(foreign)).toThrowError(withCode("OSTRAKA_DATA_MISMATCH"));
    const newer = newPath();
    openSqliteStore(newer).close();
    const bumped = new Database(newer);
    bumped.pragma("user_version = 2");
    bumped.close();
    expect(() => openSqliteStore(newer)).toThrowError(withCode("OSTRAKA_DATA_MISMATCH"));
    expect(() => openSqliteStoreReadOnly(newer)).toThrowError(withCode("OSTRAKA_DATA_MISMATCH"));
    expect(() => openSqliteStore(join(dir, "none", "x.db"))).toThrowError(
      withCode("OSTRAKA_STORE"),
    );
  });
});

/** Writes n = 0, 1, 2 and so on, two keys a transaction, and prints n once `write` returned. */
const WRITER = `
import { openSqliteStore } from ${JSON.stringify(join(import.meta.dirname, "store-sqlite.ts"))};
import { writeSync } from "node:fs";
const store = openSqliteStore(process.argv[1]);
for (let n = Number(process.argv[2]); ; n++) {
  const value = new TextEncoder().encode(String(n));
  const key = String(n).padStart(16, "0");
  store.write([{ key: "x/" + key, value }, { key: "y/" + key, value }]);
  writeSync(1, n + "\\n");
}`;

function startWriter(path: string, from: number): ChildProcess {
  return spawn(process.execPath, ["--input-type=module", "-e", WRITER, path, String(from)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

test("kill -9 loses no write that was answered and halves none", async () => {
  const path = newPath();
  let next = 0;
  for (const lines of [5, 60, 200]) {
    const child = startWriter(path, next);
    let said = "";
    const enough = new Promise<void>((resolve) => {
      child.stdout?.on("data", (chunk: Buffer) => {
        said += chunk.toString("utf8");
        if (said.split("\n").length > lines) resolve();
      });
    });
    await enough;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
    const answered = said.split("\n").slice(0, -1).map(Number);
    const store = openSqliteStore(path);
    const x = keysOf(store.scan("x/")).map((key) => Number(key.slice(2)));
    const y = keysOf(store.scan("y/")).map((key) => Number(key.slice(2)));
    store.close();
    expect(x).toEqual(y);
    expect(x).toEqual(x.map((_, i) => i));
    expect(x.length).toBeGreaterThan(answered.at(-1) ?? 0);
    next = x.length;
  }
});
