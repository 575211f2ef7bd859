// What `up` remembers of a data directory between runs (DIR/up.json): who runs it now, how many
// attackers it has shown, which ports its hosts have. Owns that at most one `up` runs a directory
// at a time.

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "@ostraka/host/parent-watch";
import { OstrakaError } from "@ostraka/proto";
import { until } from "./trace-book.ts";

export interface HostPorts {
  readonly gate: number;
  readonly explain: number;
  readonly service: number;
}

interface StateFile {
  pid: number;
  children: readonly number[];
  runs: number;
  ports: Readonly<Record<string, HostPorts>>;
}

/** Children of an `up` that died end by themselves within this; then they are ended. */
const LEFTOVER_MS_MAX = 6_000;
const FILE_CHARS_MAX = 1_000_000;

export class UpState {
  readonly #path: string;
  readonly #file: StateFile;

  private constructor(path: string, file: StateFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Takes the directory for this process, after the children of an earlier `up` have gone.
   * @throws OstrakaError OSTRAKA_DATA_LOCKED when another `up` runs it.
   */
  static async take(dir: string): Promise<UpState> {
    const path = join(dir, "up.json");
    const found = readState(path);
    if (found.pid !== process.pid && isUp(found.pid)) {
      throw new OstrakaError(
        "OSTRAKA_DATA_LOCKED",
        `${dir} is run by another \`ostraka up\` (process ${found.pid}): stop that one first`,
      );
    }
    await untilGone(found.children);
    const state = new UpState(path, { ...found, pid: process.pid, children: [] });
    state.#write();
    return state;
  }

  /** Number of the story that comes next, from 0. */
  get runs(): number {
    return this.#file.runs;
  }

  get ports(): Readonly<Record<string, HostPorts>> {
    return this.#file.ports;
  }

  /** A story begins: whatever becomes of it, the next one has another attacker. */
  countRun(): void {
    this.#file.runs++;
    this.#write();
  }

  setPorts(ports: Readonly<Record<string, HostPorts>>): void {
    this.#file.ports = ports;
    this.#write();
  }

  setChildren(children: readonly number[]): void {
    this.#file.children = children;
    this.#write();
  }

  /** Lets go of the directory. */
  release(): void {
    this.#file.pid = 0;
    this.#file.children = [];
    this.#write();
  }

  #write(): void {
    writeFileSync(`${this.#path}.new`, `${JSON.stringify(this.#file)}\n`, { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

function readState(path: string): StateFile {
  const empty: StateFile = { pid: 0, children: [], runs: 0, ports: {} };
  try {
    const text = readFileSync(path, "utf8");
    if (text.length > FILE_CHARS_MAX) return empty;
    const file = JSON.parse(text) as Partial<StateFile>;
    const { pid, children, runs, ports } = file;
    return {
      pid: Number.isSafeInteger(pid) ? (pid as number) : 0,
      children: Array.isArray(children) ? children.filter(Number.isSafeInteger) : [],
      runs: Number.isSafeInteger(runs) ? (runs as number) : 0,
      ports: typeof ports === "object" && ports !== null ? ports : {},
    };
  } catch {
    return empty; // the first run, or a file that says nothing: only comfort is lost
  }
}

/** Whether a process is still there and still one of ours: an id is given out again. */
function isUp(pid: number): boolean {
  return pid > 0 && isAlive(pid) && isOstraka(pid);
}

function isOstraka(pid: number): boolean {
  try {
    return /ostraka|coordinator\/cli\/src/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  } catch {
    return process.platform !== "linux"; // no system that tells: believe the file
  }
}

async function untilGone(children: readonly number[]): Promise<void> {
  const left = () => children.filter(isUp);
  try {
    await until(() => (left().length === 0 ? true : undefined), "they end", LEFTOVER_MS_MAX);
  } catch {
    for (const pid of left()) process.kill(pid, "SIGKILL");
  }
}
