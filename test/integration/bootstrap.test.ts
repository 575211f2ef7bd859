// The front door on a bare machine: no python, no make, no compiler, and what can go wrong on the
// way. The tests share one machine and build on its state, in order: an install is dear.

import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BareMachine, type Ended, until } from "./bare-machine.ts";

const INSTALL_MS_MAX = 300_000;
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT|EHOSTUNREACH/;
const VERSION = ["run", "node-version"];

const MAIN = `
// Stands in for the command line.
const [what, ...rest] = process.argv.slice(2);
if (what === "args") {
  const { version, env } = process;
  console.log(JSON.stringify({ rest, version, cwd: process.cwd(), cache: env["NODE_COMPILE_CACHE"] }));
}
if (what === "exit") process.exit(Number(rest[0]));
if (what === "die") process.kill(process.pid, "SIGKILL");
if (what === "wait") {
  process.on("SIGTERM", () => process.exit(7));
  process.on("SIGINT", () => process.exit(8));
  setInterval(() => undefined, 1_000);
  console.log("waiting");
}
`;

let machine: BareMachine;
let pinned = "";
let first: readonly Ended[] = [];
let isOffline = false;

beforeAll(async () => {
  machine = await BareMachine.make();
  const lock = JSON.parse(await readFile(join(machine.dir, "package-lock.json"), "utf8"));
  pinned = `v${lock.packages["node_modules/node"].version}\n`;
  first = await Promise.all([machine.ostraka(VERSION), machine.ostraka(VERSION)]);
  isOffline = first.some((run) => run.code === 2 && NO_NETWORK.test(run.stderr));
}, INSTALL_MS_MAX);
afterAll(() => machine.dispose());

describe("on a bare machine with the network", () => {
  test("there is no compiler to be had", async () => {
    const names = "python python3 make cmake cc gcc g++ c++ clang"
      .split(" ")
      .join(" || command -v ");
    const found = await machine.start("sh", ["-c", `command -v ${names}`]).ended;
    expect(found.stdout).toBe("");
    expect(found.code).not.toBe(0);
  });

  test("two first starts at once reach the pinned Node, and one of them installs", (context) => {
    context.skip(isOffline, "the package registry cannot be reached from here");
    for (const run of first) expect(run).toMatchObject({ code: 0, stdout: pinned });
    const told = first.map((run) => run.stderr).join("");
    expect(told.match(/installing dependencies/g)).toHaveLength(1);
    for (const line of told.trim().split("\n")) expect(line).toMatch(/^ostraka: /);
  });

  test("the second start says nothing and installs nothing", async (context) => {
    context.skip(isOffline, "the package registry cannot be reached from here");
    const mark = join(machine.dir, "node_modules", ".package-lock.json");
    const before = (await stat(mark)).mtimeMs;
    const run = await machine.ostraka(VERSION);
    expect(run).toMatchObject({ code: 0, stdout: pinned, stderr: "" });
    expect((await stat(mark)).mtimeMs).toBe(before);
    expect(await machine.has(".bootstrap.lock")).toBe(false);
  });

  test("the native packages load without having been compiled", async (context) => {
    context.skip(isOffline, "the package registry cannot be reached from here");
    await machine.putMain(`
      import Database from "better-sqlite3";
      import sodium from "sodium-native";
      const row = new Database(":memory:").prepare("select 6 * 7 as answer").get();
      const key = Buffer.alloc(sodium.crypto_sign_PUBLICKEYBYTES);
      sodium.crypto_sign_keypair(key, Buffer.alloc(sodium.crypto_sign_SECRETKEYBYTES));
      console.log(row.answer, key.some((byte) => byte !== 0));
    `);
    expect(await machine.ostraka([])).toMatchObject({ code: 0, stdout: "42 true\n" });
    for (const build of ["better-sqlite3/build", "sodium-native/build"]) {
      expect(await machine.has(`node_modules/${build}`)).toBe(false);
    }
  });
});

describe("handing over", () => {
  beforeAll(() => machine.putMain(MAIN));

  test("passes every argument, the working directory and a compile cache", async (context) => {
    context.skip(isOffline, "the package registry cannot be reached from here");
    const run = await machine.ostraka(["args", "--json", "--", "a b", "", "--x=1"]);
    expect(run.stderr).toBe("");
    expect(JSON.parse(run.stdout)).toEqual({
      rest: ["--json", "--", "a b", "", "--x=1"],
      version: pinned.trim(),
      cwd: machine.dir,
      cache: join(machine.dir, "node_modules", ".cache", "compile"),
    });
  });

  test("ends with the command's exit code, or by its signal", async (context) => {
    context.skip(isOffline, "the package registry cannot be reached from here");
    expect(await machine.ostraka(["exit", "4"])).toMatchObject({ code: 4, signal: null });
    expect(await machine.ostraka(["die"])).toMatchObject({ code: null, signal: "SIGKILL" });
  });

  test.for([
    ["SIGTERM", 7],
    ["SIGINT", 8],
  ] as const)("passes %s on", async ([signal, code], context) => {
    context.skip(isOffline, "the package registry cannot be reached from here");
    const run = machine.start("node", ["ostraka.mjs", "wait"]);
    await run.says("waiting");
    run.child.kill(signal);
    expect(await run.ended).toMatchObject({ code, signal: null });
  });

  test("refuses an unknown script in one line", async () => {
    const run = await machine.ostraka(["run", "everything"]);
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(run.stderr).toMatch(/^ostraka: [^\n]+\n$/);
  });
});

describe("when something went wrong", () => {
  test(
    "a broken binary is fetched again, and nothing else",
    async (context) => {
      context.skip(isOffline, "the package registry cannot be reached from here");
      await machine.remove("node_modules/node/bin/node");
      await writeFile(join(machine.dir, "node_modules/node/bin/node"), "cut off", { mode: 0o755 });
      await machine.remove("node_modules/.cache/ostraka");
      const run = await machine.ostraka(VERSION);
      expect(run).toMatchObject({ code: 0, stdout: pinned });
      expect(run.stderr).toContain("fetching the pinned Node.js");
      expect(run.stderr).not.toContain("installing");
    },
    INSTALL_MS_MAX,
  );

  test(
    "an install killed half way, npm and all, is made good by the next start",
    async (context) => {
      context.skip(isOffline, "the package registry cannot be reached from here");
      await machine.remove("node_modules");
      const killed = machine.start("node", ["ostraka.mjs", ...VERSION]);
      await until(() => machine.has("node_modules/yaml"), "npm has begun to write");
      process.kill(-(killed.child.pid as number), "SIGKILL");
      expect(await killed.ended).toMatchObject({ signal: "SIGKILL", stdout: "" });
      expect(await machine.has(".bootstrap.lock")).toBe(true);
      expect(await machine.has("node_modules/.cache/ostraka/bootstrap")).toBe(false);
      expect(await machine.ostraka(VERSION)).toMatchObject({ code: 0, stdout: pinned });
      expect(await machine.has(".bootstrap.lock")).toBe(false);
    },
    INSTALL_MS_MAX,
  );

  test("a failing npm is told in one line, and the lock is given back", async () => {
    await machine.remove("node_modules");
    const nowhere = { npm_config_registry: "http://127.0.0.1:9", npm_config_fetch_retries: "0" };
    const cache = { npm_config_cache: join(machine.dir, "empty-cache") };
    const run = await machine.ostraka(VERSION, { ...nowhere, ...cache });
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(run.stderr).toMatch(/^ostraka: installing [^\n]+\nostraka: npm ci failed: [^\n]+\n$/);
    expect(await machine.has(".bootstrap.lock")).toBe(false);
  });

  test("a machine without npm is told to install it", async () => {
    await machine.remove("../bin/npm");
    const run = await machine.ostraka(VERSION);
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(run.stderr).toMatch(/\nostraka: npm is not on the PATH\. [^\n]+\n$/);
  });
});
