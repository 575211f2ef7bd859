// When to stop: Ctrl-C, TERM and HUP, or when whoever asked for the mesh is gone. npm and the front
// door may each pass a signal on, so what comes within two seconds of the first is the same wish; a
// later one means at once.

const SAME_WISH_MS = 2_000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export class StopRequest {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onHard: () => void;
  #firstMs: number | undefined;

  /** @param onHard ends everything at once; called when somebody insists. */
  constructor(onHard: () => void) {
    this.signal = this.#controller.signal;
    this.#onHard = onHard;
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  /** Asks for the stop in place of a person. */
  ask(): void {
    this.#controller.abort();
  }

  /** Leaves the signals to whoever comes after. */
  dispose(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }

  /** Resolves once somebody wants to stop. */
  wanted(): Promise<void> {
    if (this.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  readonly #onSignal = (): void => {
    const nowMs = performance.now();
    this.#firstMs ??= nowMs;
    this.#controller.abort();
    if (nowMs - this.#firstMs > SAME_WISH_MS) this.#onHard();
  };
}
