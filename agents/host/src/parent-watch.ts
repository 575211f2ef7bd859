// Lets a child process notice that the one that started it is gone, however that one died. The
// parent names itself in OSTRAKA_PARENT_PID. A door of its own: a keeper of one server loads no
// other port. Ends nothing itself.

const LOOK_MS = 500;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Calls `onGone` ONCE, within a second of the end of the process that the environment names as the
 * parent; never when it names none. Keeps no process alive.
 * @returns what ends the watch.
 */
export function watchParent(env: Environment, onGone: (parent: number) => void): () => void {
  const parent = Number(env["OSTRAKA_PARENT_PID"]);
  if (!Number.isSafeInteger(parent) || parent <= 0) return () => undefined;
  // A process id is given out again; having been handed to another parent is the surer sign.
  const isChild = process.ppid === parent;
  const timer = setInterval(() => {
    if (isAlive(parent) && (!isChild || process.ppid === parent)) return;
    clearInterval(timer);
    onGone(parent);
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
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
