// A real proxy as a child of the test: its own folder for config and logs, ready when its port
// answers, ended by its process id. Never touches an installed proxy's config, service or port.

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const READY_MS_MAX = 15_000;
const END_MS_MAX = 5000;
const OUTPUT_CHARS_KEPT = 4000;

/** The binary's path, looked for on PATH and in the folders of system daemons. */
export function findBinary(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(canRun);
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // absent or not executable: the next folder may have it
  }
}

export interface ProxySpec {
  readonly binary: string;
  readonly configName: string;
  /** The config's text, given the folder that is the proxy's own. */
  config(folder: string): string;
  args(configFile: string, folder: string): readonly string[];
  readonly port: number;
}

export class ProxyProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess, port: number, folder: string, ended: Promise<void>) {
    this.#child = child;
    this.port = port;
    this.#folder = folder;
    this.#ended = ended;
  }

  /** @throws Error with what the proxy said, when it ends or stays silent instead of listening. */
  static async start(spec: ProxySpec): Promise<ProxyProcess> {
    const folder = mkdtempSync(join(tmpdir(), "ostraka-proxy-"));
    const configFile = join(folder, spec.configName);
    writeFileSync(configFile, spec.config(folder));
    const child = spawn(spec.binary, spec.args(configFile, folder), {
      cwd: folder,
      env: {
        PATH: process.env["PATH"],
        HOME: folder,
        XDG_DATA_HOME: folder,
        XDG_CONFIG_HOME: folder,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    const keep = (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-OUTPUT_CHARS_KEPT);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const killAtExit = () => child.kill("SIGKILL");
    process.once("exit", killAtExit);
    const ended = new Promise<void>((resolve) => {
      child.once("error", () => resolve());
      child.once("exit", () => {
        process.off("exit", killAtExit);
        resolve();
      });
    });
    const proxy = new ProxyProcess(child, spec.port, folder, ended);
    if (await proxy.#isListening()) return proxy;
    await proxy.stop();
    throw new Error(`${spec.binary} does not listen on ${spec.port}: ${said}`);
  }

  /** Ends the proxy, at first politely, and removes its folder. */
  async stop(): Promise<void> {
    const deadline = setTimeout(() => this.#child.kill("SIGKILL"), END_MS_MAX);
    this.#child.kill("SIGTERM");
    await this.#ended;
    clearTimeout(deadline);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  async #isListening(): Promise<boolean> {
    const until = performance.now() + READY_MS_MAX;
    while (!this.#hasEnded() && performance.now() < until) {
      if (await answers(this.port)) return true;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return false;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
