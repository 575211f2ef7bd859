// Three real nats-servers that form a JetStream cluster, for tests: each can be killed, paused, and
// its store kept, put back or removed. Owns their processes and their folder.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
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
import { type NatsAuthority, type NatsServerTls, serverConfig } from "@ostraka/host";
import { freePorts } from "../../coordinator/cli/src/init/free-ports.ts";

const PATHS = `${process.env["PATH"] ?? ""}${delimiter}/usr/sbin${delimiter}/usr/local/sbin`;
const READY_MS_MAX = 20_000;
const LOOK_MS = 20;
const SAID_MAX = 20_000;

export interface ClusterOptions {
  readonly authority: NatsAuthority;
  readonly tls?: NatsServerTls;
}

/** One server of the cluster. */
export class ClusterServer {
  readonly name: string;
  readonly port: number;
  readonly storeDir: string;
  readonly #conf: string;
  #child: ChildProcess | undefined;
  #said = "";

  constructor(name: string, port: number, conf: string, storeDir: string) {
    this.name = name;
    this.port = port;
    this.storeDir = storeDir;
    this.#conf = conf;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  async start(): Promise<void> {
    if (this.isRunning) return;
    mkdirSync(this.storeDir, { recursive: true });
    const child = spawn("nats-server", ["-c", this.#conf], {
      env: { PATH: PATHS },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    child.stderr.on("data", (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk.toString("utf8")}`.slice(-SAID_MAX);
    });
    const deadline = performance.now() + READY_MS_MAX;
    while (!(await greets(this.port))) {
      const isOver = child.exitCode !== null || performance.now() > deadline;
      if (isOver) throw new Error(`${this.name} does not come up: ${this.#said}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** `kill -9`; the store stays. */
  async kill(): Promise<void> {
    const gone = this.#child;
    this.#child = undefined;
    if (gone === undefined || gone.exitCode !== null || gone.signalCode !== null) return;
    const exit = once(gone, "exit");
    gone.kill("SIGKILL");
    await exit;
  }

  /** Stops every thread: the server accepts, and answers nothing. */
  async pause(): Promise<void> {
    const child = this.#child;
    child?.kill("SIGSTOP");
    const deadline = performance.now() + READY_MS_MAX;
    while (child?.pid !== undefined && !areAllStopped(child.pid)) {
      if (performance.now() > deadline) throw new Error(`${this.name} does not stand still`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Copies the store of a killed server. @returns how to put that copy back, again and again. */
  keepStore(): () => void {
    const copy = mkdtempSync(join(this.storeDir, "..", "kept-"));
    cpSync(this.storeDir, copy, { recursive: true });
    return () => {
      this.wipe();
      cpSync(copy, this.storeDir, { recursive: true });
    };
  }

  /** Removes the store of a killed server. */
  wipe(): void {
    rmSync(this.storeDir, { recursive: true, force: true });
  }
}

export class NatsCluster {
  readonly servers: readonly ClusterServer[];
  readonly #dir: string;
  readonly #scheme: string;

  private constructor(dir: string, servers: readonly ClusterServer[], scheme: string) {
    this.#dir = dir;
    this.servers = servers;
    this.#scheme = scheme;
  }

  /** Three servers that run; streams can be made once they have chosen a leader. */
  static async start({ authority, tls }: ClusterOptions): Promise<NatsCluster> {
    const dir = mkdtempSync(join(tmpdir(), "ostraka-cluster-"));
    const ports = await freePorts(6);
    const routes = ports.slice(3).map((port) => `127.0.0.1:${port}`);
    const servers = ports.slice(0, 3).map((port, i) => {
      const name = `nats-${i + 1}`;
      const storeDir = join(dir, name, "store");
      const conf = join(dir, name, "server.conf");
      mkdirSync(storeDir, { recursive: true });
      const text = serverConfig({
        ...authority,
        storeDir,
        port,
        serverName: name,
        ...(tls !== undefined && { tls }),
        cluster: {
          name: "test",
          port: ports[3 + i] as number,
          routes: routes.filter((_, other) => other !== i),
          secret: "s3cret",
        },
      });
      writeFileSync(conf, text, { mode: 0o600 });
      return new ClusterServer(name, port, conf, storeDir);
    });
    const cluster = new NatsCluster(dir, servers, tls === undefined ? "nats" : "tls");
    await Promise.all(servers.map((server) => server.start()));
    return cluster;
  }

  get urls(): readonly string[] {
    return this.servers.map(({ port }) => `${this.#scheme}://127.0.0.1:${port}`);
  }

  named(name: string): ClusterServer {
    const server = this.servers.find((known) => known.name === name);
    if (server === undefined) throw new Error(`no server is called ${name}`);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 10 });
  }
}

function areAllStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return true;
  return readdirSync(tasks).every((task) => {
    const stat = readFileSync(`${tasks}/${task}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")")).startsWith(") T");
  });
}

/** True once something on the port speaks first, as NATS does. */
export function greets(port: number): Promise<boolean> {
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
