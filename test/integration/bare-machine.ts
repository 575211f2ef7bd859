// A bare machine for the front door: a fresh copy of what it reads, and a PATH with only the named
// programs. Nothing of it reaches outside its temporary directory but npm's own download cache.

import { type ChildProcess, spawn } from "node:child_process";
import { access, cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readManifests } from "../tidy/source-tree.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/**
 * All that a bare machine has. What is absent here is absent there: no python, make or compiler.
 */
const PROGRAMS = ["node", "npm", "npx", "git", "sh", "env", "tar", "dpkg", "apt-get", "uname"];
const POLL_MS = 20;
const INSTALLED_NODE = /[/\\]node_modules[/\\]/;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once standard output holds the text. */
  readonly says: (text: string) => Promise<void>;
}

export class BareMachine {
  readonly dir: string;
  readonly path: string;

  private constructor(dir: string) {
    this.dir = join(dir, "ostraka");
    this.path = join(dir, "bin");
  }

  static async make(): Promise<BareMachine> {
    const machine = new BareMachine(await mkdtemp(join(tmpdir(), "ostraka-bare-")));
    const folders = readManifests().map((manifest) => manifest.folder);
    const manifests = folders.map((folder) => join(folder, "package.json"));
    const copied = ["ostraka.mjs", "bootstrap", ".npmrc", "package-lock.json", ...manifests];
    for (const path of copied) {
      await cp(join(ROOT, path), join(machine.dir, path), { recursive: true });
    }
    await mkdir(machine.path);
    for (const name of PROGRAMS) {
      const found = await findProgram(name);
      if (found !== undefined) await symlink(found, join(machine.path, name));
    }
    return machine;
  }

  /** Puts a stand-in where the command line's entry is. */
  async putMain(source: string): Promise<void> {
    const path = join(this.dir, "coordinator", "cli", "src", "main.mjs");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, source);
  }

  /** Starts a program of this machine in a process group of its own. */
  start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
    const child = spawn(join(this.path, command), args, {
      cwd: this.dir,
      env: { PATH: this.path, HOME: process.env["HOME"], CI: "true", ...npmEnv(), ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (part: Buffer) => {
      stdout += part;
    });
    child.stderr?.on("data", (part: Buffer) => {
      stderr += part;
    });
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
    const says = (text: string) => until(async () => stdout.includes(text), `"${text}" is said`);
    return { child, ended, says };
  }

  /** Runs `node ostraka.mjs ...` to its end. */
  ostraka(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return this.start("node", ["ostraka.mjs", ...args], env).ended;
  }

  has(path: string): Promise<boolean> {
    return exists(join(this.dir, path));
  }

  remove(path: string): Promise<void> {
    return rm(join(this.dir, path), { recursive: true, force: true });
  }

  dispose(): Promise<void> {
    return rm(dirname(this.dir), { recursive: true, force: true });
  }
}

/** How this machine reaches its packages, whatever that takes. */
function npmEnv(): NodeJS.ProcessEnv {
  const wanted = /^(npm_config_(registry|cache|cafile|userconfig|.*proxy)|https?_proxy|no_proxy)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => wanted.test(name)));
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const dir of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(dir, name);
    if (dir === "" || !(await exists(path))) continue;
    // The pinned Node stands first on the PATH of a test run; a bare machine has its own.
    const real = await realpath(path);
    if (name !== "node" || !INSTALLED_NODE.test(real)) return real;
  }
  return name === "node" ? process.execPath : undefined;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false; // absent or out of reach
  }
}

/** Waits for a condition, with a deadline. */
export async function until(isTrue: () => Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${what}`);
    await delay(POLL_MS);
  }
}
