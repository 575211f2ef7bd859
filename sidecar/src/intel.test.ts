// Real files in a real folder: what is put in force, what is refused, and what stays.

import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event } from "@ostraka/agents/kernel";
import type { SubjectText } from "@ostraka/proto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseSidecarConfig } from "./config.ts";
import { IntelFiles } from "./intel.ts";

const DAY_MS = 86_400_000;
const WAIT_MS = 10_000;

let folder = "";
let said: string[] = [];
let files: IntelFiles | undefined;
let now = Date.now();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ostraka-intel-"));
  said = [];
  now = Date.now();
});

afterEach(async () => {
  await files?.close();
  files = undefined;
  rmSync(folder, { recursive: true });
});

const pathOf = (name: string) => join(folder, name);

async function open(...names: string[]): Promise<IntelFiles> {
  const sources = names.map((name) => ({
    ...{ name, path: pathOf(name), format: "addresses" as const },
    ...{ maxAgeDays: 7, ceilingPercent: 1 },
  }));
  const log = {
    info: (what: object) => said.push(`info ${JSON.stringify(what)}`),
    warn: (_what: object, words: string) => said.push(`warn ${words}`),
  };
  files = new IntelFiles({
    sources,
    log,
    nowMs: () => now,
    pollMs: 20,
  });
  await files.start();
  return files;
}

/** Written beside and moved into place, as whoever fetches a list should. */
function put(name: string, text: string): void {
  writeFileSync(pathOf(`${name}.new`), text);
  renameSync(pathOf(`${name}.new`), pathOf(name));
}

function isListed(address: string, timeMs = now): boolean {
  const subject = `address:${address}` as SubjectText;
  const event: Event = {
    id: "1",
    timeMs,
    kind: "activity",
    service: "t",
    count: 1,
    address: subject,
  };
  return files?.book.maskOf(event) === 1;
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!isTrue()) {
    if (Date.now() > deadline)
      throw new Error(`not within ${WAIT_MS} ms; said: ${said.join("; ")}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("a list of threat intelligence", () => {
  test("is in force before the sources start, and so is the one that replaces it", async () => {
    put("a", "192.0.2.1\n");
    await open("a");
    expect(isListed("192.0.2.1")).toBe(true);
    put("a", "198.51.100.0/24\n");
    await until(() => isListed("198.51.100.9"));
    expect(isListed("192.0.2.1")).toBe(false);
    expect(said.filter((words) => words.startsWith("info"))).toHaveLength(2);
  });

  test.each([
    ["half-written", "192.0.2.9\n198.51.100.7", "half-written"],
    ["empty", "", "holds no entry"],
    ["a page of another kind", "<html>\n<body>\n", "line 1 is no address"],
    ["one line in fifty at fault", `${"203.0.113.7\n".repeat(49)}x\n`, "1 of 50 lines"],
  ])("%s is refused, and the last good one stays", async (_what, text, why) => {
    put("a", "192.0.2.1\n");
    await open("a");
    put("a", text);
    await until(() => said.some((words) => words.includes(why)));
    expect(said.at(-1)).toContain("the last good edition stays (1)");
    expect(isListed("192.0.2.1")).toBe(true);
    expect(isListed("192.0.2.9")).toBe(false);
    put("a", "192.0.2.9\n");
    await until(() => isListed("192.0.2.9"));
  });

  test("with one line in two hundred at fault is taken without it", async () => {
    put("a", `${"203.0.113.7\n".repeat(199)}x\n`);
    await open("a");
    expect(isListed("203.0.113.7")).toBe(true);
    expect(said[0]).toContain('"linesLeftOut":1');
  });

  test("that is not there is said once, and taken when it comes", async () => {
    await open("a");
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/ENOENT; nothing is looked up/);
    put("a", "192.0.2.1\n");
    await until(() => isListed("192.0.2.1"));
    expect(said.filter((words) => words.startsWith("warn"))).toHaveLength(1);
  });

  test("is a file, not a folder", async () => {
    files = undefined;
    const source = { name: "f", path: folder, format: "addresses" as const };
    const log = { info: () => undefined, warn: (_: object, words: string) => said.push(words) };
    files = new IntelFiles({
      sources: [{ ...source, maxAgeDays: 7, ceilingPercent: 1 }],
      log,
      nowMs: () => now,
    });
    await files.start();
    expect(said[0]).toContain("it is no file");
  });

  test("too old is not looked up, and that is said", async () => {
    put("a", "192.0.2.1\n");
    const madeMs = now - 8 * DAY_MS;
    utimesSync(pathOf("a"), madeMs / 1_000, madeMs / 1_000);
    await open("a");
    expect(isListed("192.0.2.1")).toBe(false);
    expect(isListed("192.0.2.1", madeMs + 6 * DAY_MS)).toBe(true);
    expect(said.at(-1)).toContain("older than 7 days");
    put("a", "192.0.2.1\n");
    await until(() => isListed("192.0.2.1"));
  });

  test("does not keep another from being read", async () => {
    put("b", "192.0.2.1\n");
    await open("a", "b");
    expect(files?.book.edition(0)).toBeUndefined();
    expect(files?.book.edition(1)?.entries.count).toBe(1);
  });
});

describe("its configuration", () => {
  const parse = (intel: string) =>
    parseSidecarConfig(
      `name: web-1\ngenesis: g\nsigningKey: k\nstore: s\nnats: { urls: ["nats://127.0.0.1:4222"] }\n${intel}`,
      "/etc/ostraka/sidecar.yaml",
    ).intel;

  test("has a week and one percent unless told otherwise", () => {
    expect(parse("intel: [{ name: tor, path: tor.txt }]")).toEqual([
      {
        ...{ name: "tor", path: "/etc/ostraka/tor.txt", format: "addresses" },
        ...{ maxAgeDays: 7, ceilingPercent: 1 },
      },
    ]);
    expect(parse("")).toEqual([]);
    expect(parse('intel: [{ name: a, path: b, ceiling: "0.05 %", format: hashes }]')).toMatchObject(
      [{ ceilingPercent: 0.05, format: "hashes" }],
    );
  });

  test.each([
    ["no name", "{ path: b }", "name"],
    ["a name of a sentence", "{ name: A list, path: b }", "lower-case"],
    ["no path", "{ name: a }", "path"],
    ["another format", "{ name: a, path: b, format: csv }", "addresses, user-agents"],
    ["no time at all", "{ name: a, path: b, maxAgeDays: 0 }", "1 to 366"],
    ["a ceiling that promises nothing", "{ name: a, path: b, ceiling: 60% }", "up to 50%"],
    ["a ceiling of never", "{ name: a, path: b, ceiling: 0% }", "above 0%"],
    ["a number without its unit", "{ name: a, path: b, ceiling: 1 }", "such as 1%"],
    ["one name twice", "{ name: a, path: b }, { name: a, path: c }", "twice"],
  ])("refuses %s", (_what, text, words) => {
    expect(() => parse(`intel: [${text}]`)).toThrow(words);
  });
});
