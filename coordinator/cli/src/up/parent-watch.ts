// Lets a child of `up` notice that `up` is gone, however it went: looks whether the process named
// by OSTRAKA_PARENT_PID still lives. Ends nothing itself.

const LOOK_MS = 500;

/** Calls `onGone` once, within a second of the parent's end. Without a parent to watch, never. */
export function watchParent(env: NodeJS.ProcessEnv, onGone: () => void): void {
  const parent = Number(env["OSTRAKA_PARENT_PID"]);
  if (!Number.isSafeInteger(parent) || parent <= 0) return;
  // A process id is given out again; having been handed to another parent is the surer sign.
  const isChild = process.ppid === parent;
  const timer = setInterval(() => {
    if (isAlive(parent) && (!isChild || process.ppid === parent)) return;
    clearInterval(timer);
    onGone();
  }, LOOK_MS);
}

/** Whether a process exists, also one of another user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
