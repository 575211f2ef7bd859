// Keeps the processes of an embedded mesh running: starts them in order, starts again what dies,
// with backoff and one line said, and ends them in reverse order. Nothing it started outlives
// `stop`.

import { OstrakaError } from "@ostraka/proto";
import {
  type ChildEnd,
  type ChildSpec,
  type ReadyLine,
  RunningChild,
  type TraceLine,
} from "./child-process.ts";

export interface SupervisorOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly onTrace: (line: TraceLine) => void;
  /** One line for people. */
  readonly say: (line: string) => void;
  /** Process ids changed: they are noted down for whoever cleans up after us. */
  readonly onPids: (pids: readonly number[]) => void;
}

interface Kept {
  readonly spec: ChildSpec;
  running: RunningChild;
  failures: number;
  restart: NodeJS.Timeout | undefined;
  isReady: boolean;
  /** Settled ONCE: with the first ready line, or with why there is none. */
  readonly first: PromiseWithResolvers<ReadyLine>;
}

const READY_MS_MAX = 90_000;
const BACKOFF_MS = [100, 200, 500, 1_000, 2_000, 5_000] as const;
/** A child that lived this long starts its backoff anew. */
const SETTLED_MS = 10_000;
const GRACE_MS = 4_000;
/** Ends before it was ever ready: that is no accident to try on for ever. */
const FIRST_TRIES_MAX = 4;
/** Set by tests alone; it speaks of the first process, never of the one that follows. */
const CRASH_ONCE = "OSTRAKA_CRASH_AT";

export class Supervisor {
  readonly #o: SupervisorOptions;
  readonly #kept: Kept[] = [];
  #isStopping = false;

  readonly #onExit = (): void => this.kill();

  constructor(options: SupervisorOptions) {
    this.#o = options;
    // However this process ends by itself, it takes its children along; kill -9 they notice.
    process.on("exit", this.#onExit);
  }

  /**
   * Starts a process and waits until it serves.
   * @throws OstrakaError OSTRAKA_UNREACHABLE with its last words when it never does.
   */
  async start(spec: ChildSpec): Promise<ReadyLine> {
    if (this.#isStopping) throw stopped(spec);
    const first = Promise.withResolvers<ReadyLine>();
    const kept: Kept = {
      spec,
      running: this.#spawn(spec, this.#o.env),
      failures: 0,
      restart: undefined,
      isReady: false,
      first,
    };
    this.#kept.push(kept);
    this.#watch(kept);
    const timer = setTimeout(() => first.reject(neverReady(kept)), READY_MS_MAX);
    try {
      return await first.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ids of what runs now. */
  pids(): number[] {
    return this.#kept.flatMap(({ running }) => (running.pid === undefined ? [] : [running.pid]));
  }

  /** Process id of a child by name; `undefined` between two lives. */
  pidOf(name: string): number | undefined {
    return this.#kept.find(({ spec }) => spec.name === name)?.running.pid;
  }

  /** Ends everything, last started first, each given a moment. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const kept of [...this.#kept].reverse()) {
      clearTimeout(kept.restart);
      kept.first.reject(stopped(kept.spec));
      await endOne(kept.running);
    }
    this.#kept.length = 0;
    process.off("exit", this.#onExit);
  }

  /** Ends everything at once. */
  kill(): void {
    this.#isStopping = true;
    for (const kept of this.#kept) {
      clearTimeout(kept.restart);
      kept.running.kill();
    }
  }

  #spawn(spec: ChildSpec, env: NodeJS.ProcessEnv): RunningChild {
    const child = new RunningChild(spec, env, this.#o.onTrace);
    queueMicrotask(() => this.#o.onPids(this.pids()));
    return child;
  }

  #watch(kept: Kept): void {
    const { running, first } = kept;
    running.ready.then((line) => {
      kept.isReady = true;
      first.resolve(line);
    }, first.reject);
    running.ended.then((end) => this.#onEnded(kept, end), first.reject);
  }

  #onEnded(kept: Kept, end: ChildEnd): void {
    if (this.#isStopping) return;
    const { spec, running } = kept;
    if (performance.now() - running.startedMs > SETTLED_MS) kept.failures = 0;
    kept.failures++;
    if (!kept.isReady && kept.failures >= FIRST_TRIES_MAX) {
      kept.first.reject(neverReady(kept, end));
      return;
    }
    const how = end.signal ?? `exit ${end.code ?? "?"}`;
    const why = end.lastWords === "" || end.signal === "SIGKILL" ? "" : `: ${end.lastWords}`;
    this.#o.say(`${spec.name} ended (${how}${why}); starting it again`);
    const wait = BACKOFF_MS[Math.min(kept.failures, BACKOFF_MS.length) - 1];
    kept.restart = setTimeout(() => {
      if (this.#isStopping) return;
      const { [CRASH_ONCE]: _once, ...env } = this.#o.env;
      kept.running = this.#spawn(spec, env);
      this.#watch(kept);
    }, wait);
  }
}

async function endOne(child: RunningChild): Promise<void> {
  child.terminate();
  const timer = setTimeout(() => child.kill(), GRACE_MS);
  await child.ended;
  clearTimeout(timer);
}

function stopped({ name }: ChildSpec): OstrakaError {
  return new OstrakaError("OSTRAKA_UNREACHABLE", `${name} was not started: everything is stopping`);
}

function neverReady(kept: Kept, end?: ChildEnd): OstrakaError {
  const { name } = kept.spec;
  const words = end === undefined || end.lastWords === "" ? "" : `: ${end.lastWords}`;
  return new OstrakaError("OSTRAKA_UNREACHABLE", `${name} does not come up${words}`);
}
