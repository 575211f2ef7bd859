import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  rename,
  rm,
  truncate,
  unlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FileCursor, type FollowOptions, followFile } from "./follow.ts";
import { readFileLines } from "./read-file-lines.ts";

let folder: string;
let path: string;
const following: Following[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "follow-"));
  path = join(folder, "auth.log");
});

afterEach(async () => {
  for (const one of following.splice(0)) await one.stop();
  await rm(folder, { recursive: true });
});

/** A follower and what it has given; `until` waits for a number of lines and refusals. */
class Following {
  readonly given: string[] = [];
  readonly positions: string[] = [];
  readonly troubles: string[] = [];
  cursor: FileCursor | undefined;
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #waiting: { count: number; resolve: () => void } | undefined;

  constructor(options: Partial<FollowOptions> = {}) {
    const take = (text: string, position: string, cursor: FileCursor) => {
      this.given.push(text);
      this.positions.push(position);
      this.cursor = cursor;
      if (this.given.length >= (this.#waiting?.count ?? Number.POSITIVE_INFINITY)) {
        this.#waiting?.resolve();
      }
    };
    this.#done = followFile({
      path,
      pollMs: 5,
      signal: this.#abort.signal,
      onLine: take,
      onRefused: (reason, position, cursor) => take(`!${reason}`, position, cursor),
      onTrouble: (error) => this.troubles.push(error.message),
      ...options,
    });
    following.push(this);
  }

  async until(count: number): Promise<string[]> {
    if (this.given.length < count) {
      await new Promise<void>((resolve) => {
        this.#waiting = { count, resolve };
      });
    }
    return this.given;
  }

  async stop(): Promise<FileCursor | undefined> {
    this.#abort.abort();
    await this.#done;
    return this.cursor;
  }
}

const restart = (cursor: FileCursor | undefined) =>
  new Following(cursor === undefined ? {} : { cursor });

describe("a growing file", () => {
  test("gives what is there and what is added, a partial line once it is whole", async () => {
    await writeFile(path, "one\ntw");
    const log = new Following();
    expect(await log.until(1)).toEqual(["one"]);
    await appendFile(path, "o\nthree\n");
    expect(await log.until(3)).toEqual(["one", "two", "three"]);
  });

  test("gives every line a position of its own, equal text or not", async () => {
    await writeFile(path, "same\nsame\n");
    const log = new Following();
    await log.until(2);
    expect(new Set(log.positions).size).toBe(2);
  });

  test("is waited for where it does not exist yet, folder and all", async () => {
    path = join(folder, "later", "auth.log");
    const log = new Following();
    await mkdir(join(folder, "later"));
    await writeFile(path, "one\n");
    expect(await log.until(1)).toEqual(["one"]);
  });

  test("is followed from its end if asked to, without the line just being written", async () => {
    await writeFile(path, "old\nhalf");
    const log = new Following({ from: "end" });
    // The watch cannot be seen from outside: lines are added until one comes through.
    let added = 0;
    while (log.given.length === 0) {
      await appendFile(path, ` and ${added++}\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(log.given).not.toContain("old");
    expect(log.given.some((line) => line.startsWith("half"))).toBe(false);
  });

  test("does not stop at a line of ten megabytes, invalid UTF-8 or NUL bytes", async () => {
    await writeFile(path, "one\n");
    await appendFile(path, Buffer.alloc(10_000_000, "x"));
    await appendFile(path, Buffer.from([10, 0xff, 10, 0, 10]));
    await appendFile(path, "two\r\n");
    const log = new Following();
    expect(await log.until(5)).toEqual(["one", "!too-long", "!invalid-utf8", "!nul-byte", "two"]);
  });
});

describe("a rotated file", () => {
  test("renamed is read to its end, late lines too, and then its successor", async () => {
    await writeFile(path, "one\n");
    const log = new Following();
    await log.until(1);
    await appendFile(path, "two\n");
    await rename(path, `${path}.1`);
    await writeFile(path, "three\n");
    expect(await log.until(3)).toEqual(["one", "two", "three"]);
    await appendFile(`${path}.1`, "late\n");
    expect((await log.until(4)).at(-1)).toBe("late");
    await appendFile(path, "four\n");
    expect((await log.until(5)).at(-1)).toBe("four");
  });

  test("removed and created anew is another file", async () => {
    await writeFile(path, "one\n");
    const log = new Following();
    await log.until(1);
    await unlink(path);
    await writeFile(path, "two\n");
    expect(await log.until(2)).toEqual(["one", "two"]);
  });

  test("copied and truncated loses nothing, even what was written in between", async () => {
    await writeFile(path, "one\n");
    const log = new Following();
    await log.until(1);
    await appendFile(path, "two\n");
    await copyFile(path, `${path}.1`);
    await truncate(path);
    await appendFile(path, "three\n");
    expect(await log.until(3)).toEqual(["one", "two", "three"]);
    expect(new Set(log.positions).size).toBe(3);
  });

  test("truncated and grown past the old end is noticed by its first line", async () => {
    await writeFile(path, "one\n");
    const log = new Following();
    await log.until(1);
    await writeFile(path, "another first line\nand a second\n");
    expect(await log.until(3)).toEqual(["one", "another first line", "and a second"]);
  });
});

describe("a restart goes on from the cursor", () => {
  test("in the same file, without repeating or losing a line", async () => {
    await writeFile(path, "one\ntwo\npart");
    const before = new Following();
    await before.until(2);
    const cursor = await before.stop();
    await appendFile(path, "ial\nthree\n");
    const after = restart(cursor);
    expect(await after.until(2)).toEqual(["partial", "three"]);
    expect(before.positions).not.toContain(after.positions[0]);
  });

  test.each(["renamed", "copied"])("in a file that was %s twice meanwhile", async (how) => {
    await writeFile(path, "one\n");
    const before = new Following();
    await before.until(1);
    const cursor = await before.stop();
    const rotate = async (to: string) => {
      if (how === "renamed") await rename(path, to);
      else {
        await copyFile(path, to);
        await truncate(path);
      }
    };
    await appendFile(path, "two\n");
    await rotate(`${path}.2`);
    await appendFile(path, "three\n");
    await rotate(`${path}.1`);
    await appendFile(path, "four\n");
    expect(await restart(cursor).until(3)).toEqual(["two", "three", "four"]);
  });

  test("with a renamed file that was still being read", async () => {
    await writeFile(path, "one\n");
    const before = new Following();
    await before.until(1);
    await rename(path, `${path}.1`);
    await writeFile(path, "two\n");
    await before.until(2);
    const cursor = await before.stop();
    expect(cursor).toHaveProperty("previous");
    await appendFile(`${path}.1`, "late\n");
    await appendFile(path, "three\n");
    expect([...(await restart(cursor).until(2))].sort()).toEqual(["late", "three"]);
  });

  test("at the beginning of a file that is not the cursor's, when that one is gone", async () => {
    await writeFile(path, "one\n");
    const cursor = { identity: "0".repeat(32), offset: 4 };
    expect(await restart(cursor).until(1)).toEqual(["one"]);
  });

  test("after any line, the rest is exactly what is left", async () => {
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i}`);
    await writeFile(path, `${lines.join("\n")}\n`);
    const cursors: FileCursor[] = [];
    const all = new Following({ onLine: (_line, _position, cursor) => cursors.push(cursor) });
    const whole = new Following();
    await whole.until(20);
    await whole.stop();
    await all.stop();
    for (const [i, cursor] of cursors.entries()) {
      if (i === 19) continue;
      const after = restart(cursor);
      expect((await after.until(19 - i))[0]).toBe(lines[i + 1]);
      await after.stop();
    }
  });
});

describe("whatever happens to the file and the follower", () => {
  const operation = fc.constantFrom("write", "write", "write", "rename", "copy", "restart");

  test("every line is given exactly once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
        const home = await mkdtemp(join(folder, "run-"));
        path = join(home, "auth.log");
        const given: string[] = [];
        const written: string[] = [];
        const write = async () => {
          written.push(`line ${written.length}`);
          await appendFile(path, `${written.at(-1)}\n`);
        };
        await write();
        let log = new Following();
        await log.until(1);
        const restartAt = async (count: number) => {
          await log.until(count - given.length);
          const cursor = (await log.stop()) ?? last;
          given.push(...log.given);
          last = cursor;
          log = restart(cursor);
        };
        let last: FileCursor | undefined;
        let rotations = 0;
        for (const what of operations) {
          if (what === "write") await write();
          else if (what === "restart") await restartAt(given.length);
          else {
            // What is written between copy and truncation is lost to everybody: not tested here.
            if (what === "copy") await log.until(written.length - given.length);
            const to = `${path}.${99 - rotations++}`;
            if (what === "rename") await rename(path, to);
            else {
              await copyFile(path, to);
              await truncate(path);
            }
            await write();
          }
        }
        await restartAt(written.length);
        await log.stop();
        expect([...given].sort()).toEqual([...written].sort());
      }),
      { numRuns: 30 },
    );
  });
});

describe("a finished file", () => {
  test("is read to its last line, with the positions that following it gives", async () => {
    await writeFile(path, "one\ntwo\n");
    const log = new Following();
    await log.until(2);
    await appendFile(path, "\0\nthree");
    const given: [string, string, number][] = [];
    const lines = await readFileLines({
      path,
      onLine: (line, position, number) => given.push([line, position, number]),
      onRefused: (reason, position, number) => given.push([reason, position, number]),
    });
    expect(lines).toBe(4);
    expect(given.map(([text]) => text)).toEqual(["one", "two", "nul-byte", "three"]);
    expect(given.map(([, , number]) => number)).toEqual([1, 2, 3, 4]);
    expect(given.slice(0, 2).map(([, position]) => position)).toEqual(log.positions.slice(0, 2));
  });

  test("that does not exist is an error of the system", async () => {
    const nothing = () => undefined;
    const reading = readFileLines({ path, onLine: nothing, onRefused: nothing });
    await expect(reading).rejects.toMatchObject({ code: "ENOENT" });
  });
});

test("what the taker of lines throws ends the following", async () => {
  await writeFile(path, "one\n");
  const error = Object.assign(new Error("no space"), { code: "ENOSPC", syscall: "write" });
  const options = { path, pollMs: 5, signal: new AbortController().signal };
  const onLine = () => {
    throw error;
  };
  const done = followFile({ ...options, onLine, onRefused: onLine });
  await expect(done).rejects.toBe(error);
});

test("a path that cannot be read is reported, and read once it can be", async () => {
  await mkdir(path);
  const log = new Following();
  while (log.troubles.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await rm(path, { recursive: true });
  await writeFile(path, "one\n");
  expect(await log.until(1)).toEqual(["one"]);
});
