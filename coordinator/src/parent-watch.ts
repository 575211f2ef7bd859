// Ends a child process when the one that started it is gone, however that one died. The parent
// names itself in OSTRAKA_PARENT_PID. Never ends anything but its own process.

const LOOK_EVERY_MS = 500;

/**
 * Calls `onGone` ONCE when the process named in the environment has ended. @returns how to stop.
 */
export function watchParent(
  env: Readonly<Record<string, string | undefined>>,
  onGone: () => void,
): () => void {
  const pid = Number(env["OSTRAKA_PARENT_PID"] ?? "0");
  if (!Number.isSafeInteger(pid) || pid <= 0) return () => undefined;
  const timer = setInterval(() => {
    if (isAlive(pid)) return;
    clearInterval(timer);
    onGone();
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
