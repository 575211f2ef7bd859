// The check of our own invariants, on in production: a broken one ends the process, which restarts
// by replay. Hostile input is never an assert.

export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${why}`);
}
