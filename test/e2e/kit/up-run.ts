// One run of `ostraka up` as a user starts it, in a temporary directory: what it says, how it ends,
// and that nothing of it is left. Also runs other commands of the CLI against it.

import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Document, parse, parseDocument } from "yaml";
import { processesMarked, type SeenProcess } from "./processes.ts";

const MAIN = fileURLToPath(new URL("../../../coordinator/cli/src/main.mjs", import.meta.url));
const MARK = "OSTRAKA_E2E_RUN";
const LOOK_MS = 10;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command answers with `--json`: a line each. */
export interface Answered extends Ended {
  readonly lines: Record<string, unknown>[];
}

/** A directory of a test and everything that runs in it. */
export class Stand {
  readonly dir = mkdtempSync(join(tmpdir(), "ostraka-e2e-"));
  /** For `up --once`: temporary directories of its own go in here, so that leftovers are seen. */
  readonly tmp = mkdtempSync(join(tmpdir(), "ostraka-e2e-tmp-"));
  readonly #mark = randomUUID();

  get data(): string {
    return join(this.dir, "mesh");
  }

  /** Starts a command of the CLI. */
  start(args: readonly string[], env: Record<string, string> = {}): CliRun {
    // Every stand compiles the same sources: that cache alone is shared.
    const cache = join(tmpdir(), "node-compile-cache");
    const own = { TMPDIR: this.tmp, NODE_COMPILE_CACHE: cache, NODE_ENV: "", NO_COLOR: "1" };
    return new CliRun(args, { ...process.env, ...own, [MARK]: this.#mark, ...env });
  }

  run(...args: readonly string[]): Promise<Ended> {
    return this.start(args).ended;
  }

  /** A command on the mesh of this stand, and its JSON lines. */
  async ask(...args: readonly string[]): Promise<Answered> {
    const ended = await this.run(...args, "--data", this.data, "--json");
    const lines = ended.stdout.split("\n").filter(Boolean);
    return { ...ended, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  }

  /** Publishes the policy in force with changes, in the name of both authors. */
  async changePolicy(change: (policy: Document.Parsed) => void): Promise<void> {
    const shown = await this.run("policy", "show", "--data", this.data, "--as", "pia");
    if (shown.code !== 0) throw new Error(`the policy is not shown: ${shown.stderr}`);
    const policy = parseDocument(shown.stdout);
    change(policy);
    const file = join(this.dir, "policy.yaml");
    writeFileSync(file, policy.toString());
    const authors = ["--as", "pia", "--as", "paul"];
    const published = await this.ask("policy", "publish", file, ...authors, "--activate");
    if (published.code === 0) return;
    throw new Error(`the policy is not published: ${published.stdout}${published.stderr}`);
  }

  /** Whether a host's gate refuses a request from an address now, of a user where one is named. */
  async isRefusedAt(host: string, address: string, user?: string): Promise<boolean> {
    const file = join(this.data, "hosts", host, "config.yaml");
    const { gate } = parse(readFileSync(file, "utf8")) as { gate: { port: number } };
    const headers = {
      "x-forwarded-for": address,
      "x-forwarded-uri": "/",
      "x-forwarded-method": "GET",
      ...(user !== undefined && { "x-remote-user": user }),
    };
    const url = `http://127.0.0.1:${gate.port}/auth`;
    const answer = await fetch(url, { headers, redirect: "manual" });
    await answer.body?.cancel();
    return answer.status === 403;
  }

  /** Every process of this stand that is alive, of any run. */
  processes(): SeenProcess[] {
    return processesMarked(MARK, this.#mark);
  }

  /** The process whose arguments hold all of these, such as `sidecar` and `hosts/host-1`. */
  find(...parts: readonly string[]): SeenProcess | undefined {
    return this.processes().find(({ args }) =>
      parts.every((part) => args.some((arg) => arg.includes(part))),
    );
  }

  /** The nats-server itself, not its keeper. */
  natsServer(): SeenProcess | undefined {
    return this.processes().find(({ args }) => args[0]?.endsWith("nats-server") === true);
  }

  [Symbol.dispose](): void {
    for (const { pid } of this.processes()) kill(pid);
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 10 });
    rmSync(this.tmp, { recursive: true, force: true, maxRetries: 10 });
  }
}

export class CliRun {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  stdout = "";
  stderr = "";
  #isOver = false;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv) {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    child.stdout.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString("utf8");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString("utf8");
    });
    this.ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        this.#isOver = true;
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until it has said something that matches, on either stream. */
  async says(text: RegExp, waitMs = 90_000): Promise<void> {
    const isSaid = () => text.test(this.stderr) || text.test(this.stdout);
    const deadline = performance.now() + waitMs;
    await until(() => isSaid() || this.#isOver || performance.now() > deadline, Infinity);
    if (isSaid()) return;
    const why = this.#isOver ? "before it ended" : `in ${waitMs} ms`;
    throw new Error(`it never said ${text} ${why}:\n${this.stdout}\n${this.stderr}`);
  }
}

/** Resolves when a condition holds; fails when it does not in time. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  waitMs: number,
  what = "it holds",
): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** kill -9; a process that has just ended is as good. */
export function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
