// Launches a real nats-server for tests: in operator mode when given an authority, on a port of its
// own that a restart keeps, with a store that outlives a kill. Skips in plain sight where it is
// absent.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type NatsAuthority, serverConfig } from "@ostraka/host";
import { freePorts } from "../../coordinator/cli/src/init/free-ports.ts";

const READY_MS_MAX = 10_000;
const PATHS = `${process.env["PATH"] ?? ""}${delimiter}/usr/sbin${delimiter}/usr/local/sbin`;

/** `undefined` where no nats-server is installed; else its version, such as `v2.9.10`. */
export function natsVersion(): string | undefined {
  const run = spawnSync("nats-server", ["--version"], { env: { PATH: PATHS }, encoding: "utf8" });
  return /v[\d.]+/.exec(run.stdout ?? "")?.[0];
}

export interface TestNats {
  readonly url: string;
  readonly storeDir: string;
  /** `kill -9`; the store stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and store. */
  start(): Promise<void>;
  /** Removes the store of a killed server: all of NATS is lost. */
  wipe(): void;
  /** Freezes and thaws the process: a broker that accepts and does not answer. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Kills it and removes its folder. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How the server runs: as a process, or in a container with `OSTRAKA_TEST_NATS=container`. */
interface Running {
  kill(): Promise<void>;
  start(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  remove(): Promise<void>;
}

/** Starts a nats-server; without an authority it asks nobody who they are. */
export async function startNats(authority?: NatsAuthority): Promise<TestNats> {
  const dir = mkdtempSync(join(tmpdir(), "ostraka-nats-"));
  const storeDir = join(dir, "store");
  const port = await freePort();
  const file = join(dir, "nats.conf");
  const store = `jetstream { store_dir: ${JSON.stringify(storeDir)} }`;
  const open = `host: "127.0.0.1"\nport: ${port}\n${store}\n`;
  const config = authority && serverConfig({ storeDir, port, ...authority });
  writeFileSync(file, config ?? open, { mode: 0o600 });
  mkdirSync(storeDir, { recursive: true });
  const isContainer = process.env["OSTRAKA_TEST_NATS"] === "container";
  const running = isContainer ? await asContainer(dir, file, port) : await asProcess(file, port);
  return {
    url: `nats://127.0.0.1:${port}`,
    storeDir,
    kill: () => running.kill(),
    start: async () => {
      mkdirSync(storeDir, { recursive: true });
      await running.start();
    },
    wipe: () => rmSync(storeDir, { recursive: true, force: true }),
    freeze: () => running.freeze(),
    thaw: () => void running.thaw(),
    [Symbol.asyncDispose]: async () => {
      await running.remove();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function asContainer(dir: string, file: string, port: number): Promise<Running> {
  const { startNatsContainer } = await import("./nats-container.ts");
  const container = await startNatsContainer(natsBinary(), dir, file);
  const isUp = async () => {
    const deadline = performance.now() + READY_MS_MAX;
    while (!(await greets(port))) {
      if (performance.now() > deadline) throw new Error(`no nats-server answers on port ${port}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await isUp();
  let isKilled = false;
  return {
    kill: async () => {
      if (isKilled) return;
      isKilled = true;
      await container.kill();
    },
    start: async () => {
      isKilled = false;
      await container.start();
      await isUp();
    },
    freeze: () => container.pause(),
    thaw: () => container.unpause(),
    remove: () => container.remove(),
  };
}

/** The server on the PATH, as a path. */
function natsBinary(): string {
  const path = PATHS.split(delimiter).map((folder) => join(folder, "nats-server"));
  return path.find((file) => existsSync(file)) ?? "nats-server";
}

async function asProcess(file: string, port: number): Promise<Running> {
  let child: ChildProcess | undefined;
  const running: Running = {
    kill: async () => {
      const gone = child;
      child = undefined;
      if (gone === undefined || gone.exitCode !== null) return;
      const exit = once(gone, "exit");
      gone.kill("SIGKILL");
      await exit;
    },
    start: async () => {
      child = spawn("nats-server", ["-c", file], {
        env: { PATH: PATHS },
        stdio: ["ignore", "ignore", "pipe"],
      });
      let said = "";
      child.stderr?.on("data", (chunk: Buffer) => {
        said = `${said}${chunk.toString("utf8")}`.slice(-4_000);
      });
      await untilReady(port, child, () => said);
    },
    freeze: async () => {
      child?.kill("SIGSTOP");
      // Threads stop one by one: only then does nothing answer any more.
      const pid = child?.pid;
      await until(() => areAllStopped(pid), "nats-server stands still");
    },
    thaw: async () => void child?.kill("SIGCONT"),
    remove: () => running.kill(),
  };
  await running.start();
  return running;
}

/** True when every thread of a process is stopped (proc(5), state T), or where /proc is absent. */
function areAllStopped(pid: number | undefined): boolean {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return true;
  return readdirSync(tasks).every((task) => {
    const stat = readFileSync(`${tasks}/${task}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")")).startsWith(") T");
  });
}

async function untilReady(port: number, child: ChildProcess, said: () => string): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`nats-server ended: ${said()}`);
    if (await greets(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nats-server does not answer on port ${port}: ${said()}`);
}

/** True once something on the port speaks first, as NATS does. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const answer = (isReady: boolean) => {
      socket.destroy();
      resolve(isReady);
    };
    socket.once("data", (data) => answer(data.toString("utf8").startsWith("INFO ")));
    socket.once("error", () => answer(false));
    socket.once("close", () => answer(false));
  });
}

async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number;
}

/** Resolves when `isSo`; a condition with a deadline instead of a sleep. */
export async function until(isSo: () => boolean, what: string, timeMsMax = 20_000): Promise<void> {
  const deadline = performance.now() + timeMsMax;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
