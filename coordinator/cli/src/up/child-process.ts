// One running process of the mesh: started in a group of its own, its one ready line awaited, its
// trace lines read from stderr. Knows nothing of what it runs and never starts a second time.

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { ProcessLog } from "./process-log.ts";

/** What to run and who it is. */
export interface ChildSpec {
  /** As the narration calls it: `host-1`, `nats-server`. */
  readonly name: string;
  /** Arguments of node: a script and its own. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly log: ProcessLog;
}

/** One line of JSON that a child wrote on stderr. */
export interface TraceLine {
  readonly child: string;
  readonly what: string;
  /** Wall time in ms. */
  readonly at: number;
  /** Place in a ledger, such as `c:12`. */
  readonly index: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last line that was no trace: what went wrong, when it said so at its end. */
  readonly lastWords: string;
}

/** What a child says on stdout once it serves. */
export type ReadyLine = Readonly<Record<string, unknown>>;

const LINE_CHARS_MAX = 100_000;
/** What was said longer before the end is not why it ended. */
const LAST_WORDS_MS_MAX = 5_000;

export class RunningChild {
  readonly spec: ChildSpec;
  readonly startedMs = performance.now();
  /** Resolves with the ready line; stays open when it ends before. */
  readonly ready: Promise<ReadyLine>;
  /** Resolves when it has ended and everything it wrote was read. */
  readonly ended: Promise<ChildEnd>;
  readonly #process: ChildProcess;
  #lastWords = { text: "", atMs: 0 };
  #isReady = false;

  constructor(spec: ChildSpec, env: NodeJS.ProcessEnv, onTrace: (line: TraceLine) => void) {
    this.spec = spec;
    // A group of its own: Ctrl-C on the terminal reaches `up` alone, which ends them in order.
    const child = spawn(process.execPath, [...spec.args], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      // Its own parent, never the one of `up`; and `up` sends the start commands itself.
      env: {
        ...env,
        ...spec.env,
        OSTRAKA_PARENT_PID: String(process.pid),
        OSTRAKA_SUPERVISED: "1",
      },
    });
    this.#process = child;
    const ready = Promise.withResolvers<ReadyLine>();
    this.ready = ready.promise;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const value = parsed(line);
      if (value?.["ready"] !== true) return;
      this.#isReady = true;
      ready.resolve(value);
    });
    createInterface({ input: child.stderr }).on("line", (line) => this.#onLine(line, onTrace));
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => {
        resolve({ code: null, signal: null, lastWords: error.message });
      });
      child.once("close", (code, signal) => {
        resolve({ code, signal, lastWords: this.#wordsAtEnd() });
      });
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Asks it to end. */
  terminate(): void {
    this.#process.kill("SIGTERM");
  }

  /** Ends it and whatever it started, at once. */
  kill(): void {
    const { pid } = this;
    if (pid === undefined || this.#process.exitCode !== null) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It ended in between.
    }
  }

  #wordsAtEnd(): string {
    const { text, atMs } = this.#lastWords;
    return performance.now() - atMs > LAST_WORDS_MS_MAX ? "" : text;
  }

  #remember(text: string): void {
    this.#lastWords = { text: text.slice(0, 500), atMs: performance.now() };
  }

  #onLine(line: string, onTrace: (line: TraceLine) => void): void {
    if (line === "") return;
    const text = line.slice(0, LINE_CHARS_MAX);
    this.spec.log.write(text);
    const value = parsed(text);
    if (value === undefined) {
      this.#remember(text);
      return;
    }
    const { what, level, msg, err } = value;
    const isBad = level === "fatal" || level === "error";
    if (isBad) this.#remember([msg, messageOf(err)].filter(Boolean).join(": "));
    if (typeof what !== "string") return;
    onTrace({ child: this.spec.name, what, ...placeOf(value), fields: value });
  }
}

/** When a line was written, and the place in a ledger that it speaks of. */
function placeOf({ at, index, time }: Record<string, unknown>): Pick<TraceLine, "at" | "index"> {
  const place = typeof at === "string" ? at : index;
  const writtenMs = typeof at === "number" ? at : Date.parse(String(time));
  return {
    at: Number.isFinite(writtenMs) ? writtenMs : Date.now(),
    index: typeof place === "string" ? place : undefined,
  };
}

function messageOf(err: unknown): unknown {
  return typeof err === "object" && err !== null && "message" in err ? err.message : undefined;
}

function parsed(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined; // a line cut off by a kill, or no trace at all
  }
}
