// The clock port: the only place where time enters. Wall time may jump either way; monotonic time
// never goes back but stands still while the machine sleeps. Whoever judges freshness takes both
// (DESIGN.md 8).

export interface Clock {
  /** Milliseconds since 1970 UTC. */
  wallMs(): number;
  /** Milliseconds since some moment of this process, whole, never backwards. */
  monotonicMs(): number;
}

export function openClock(): Clock {
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => Math.floor(performance.now()),
  };
}
