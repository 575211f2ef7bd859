// What happens to an exception inside a library's callback. Libraries catch and print such errors
// and carry on half dead; ours are broken invariants, so they end the process, which restarts by
// replay.

/** Runs `act`; what it throws becomes an uncaught exception instead of the caller's. */
export function orEndProcess(act: () => void): void {
  try {
    act();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
