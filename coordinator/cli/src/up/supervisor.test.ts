// Processes are started, started again, and ended: with real ones, small enough to be read at a
// glance.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive } from "@ostraka/host/parent-watch";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TraceLine } from "./child-process.ts";
import { ProcessLog } from "./process-log.ts";
import { Supervisor } from "./supervisor.ts";
import { until } from "./trace-book.ts";

const READY = "console.log(JSON.stringify({ ready: true, pid: process.pid }));";
const STAY = "setInterval(() => undefined, 1000);";

let dir: string;
let said: string[];
let traced: TraceLine[];
let supervisor: Supervisor;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "ostraka-supervisor-"));
  said = [];
  traced = [];
  supervisor = new Supervisor({
    env: process.env,
    onTrace: (line) => traced.push(line),
    say: (line) => said.push(line),
    onPids: () => undefined,
  });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await supervisor.stop();
  rmSync(dir, { recursive: true, force: true });
});

function child(name: string, code: string) {
  const script = join(dir, `${name}.mjs`);
  writeFileSync(script, code);
  return { name, args: [script], log: new ProcessLog(join(dir, `${name}.log`)) };
}

describe("Supervisor", () => {
  it("waits for the ready line and reads traces", async () => {
    const trace = 'console.error(JSON.stringify({ what: "sealed", at: 7, index: "c:1" }));';
    const ready = await supervisor.start(child("a", `${trace}${READY}${STAY}`));
    expect(ready["pid"]).toBe(supervisor.pidOf("a"));
    await until(() => traced[0], "the trace is read", 5_000);
    expect(traced[0]).toMatchObject({ child: "a", what: "sealed", at: 7, index: "c:1" });
  });

  it("starts a killed child again and says so in one line", async () => {
    const first = (await supervisor.start(child("a", READY + STAY)))["pid"] as number;
    process.kill(first, "SIGKILL");
    await until(() => supervisor.pidOf("a") !== first || undefined, "it runs again", 10_000);
    expect(said).toEqual(["a ended (SIGKILL); starting it again"]);
    expect(isAlive(first)).toBe(false);
  });

  it("does not take for the reason of an end what was said long before it", async () => {
    const words = 'console.error("a client has left");';
    const end = 'process.on("SIGUSR2", () => process.exit(3));';
    const spec = child("a", `${end}${words}${READY}${STAY}`);
    const heard = () => readFileSync(join(dir, "a.log"), "utf8").split("\n").length - 1;
    const pid = (await supervisor.start(spec))["pid"] as number;
    await until(() => heard() === 1 || undefined, "its words are read", 5_000);
    const now = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => now + 6_000);
    process.kill(pid, "SIGUSR2");
    await until(() => said[0], "its end is told", 5_000);
    expect(said).toEqual(["a ended (exit 3); starting it again"]);
  });

  it("gives up on a child that ends again and again before it is ready, with its last words", async () => {
    const spec = child("a", 'console.error("no such mesh"); process.exit(2);');
    await expect(supervisor.start(spec)).rejects.toThrow("a does not come up: no such mesh");
    expect(said).toHaveLength(3);
  });

  it("ends a child that will not, and starts none again", async () => {
    const deaf = `process.on("SIGTERM", () => undefined); ${READY}${STAY}`;
    const pid = (await supervisor.start(child("a", deaf)))["pid"] as number;
    await supervisor.stop();
    expect(isAlive(pid)).toBe(false);
    expect(said).toEqual([]);
  });

  it("ends everything at once when told to", async () => {
    const pids: number[] = [];
    for (const name of ["a", "b"]) {
      pids.push((await supervisor.start(child(name, READY + STAY)))["pid"] as number);
    }
    supervisor.kill();
    await until(() => pids.every((pid) => !isAlive(pid)) || undefined, "all have ended", 5_000);
  });
});
