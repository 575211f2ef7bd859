// Looks at the processes of this machine through /proc (Linux): which ones a run of `up` started,
// what they listen on, and whether any is left. Ends only what carries the mark of the run that
// asks.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface SeenProcess {
  readonly pid: number;
  readonly args: readonly string[];
}

/** Whether this machine tells: elsewhere the suites are skipped in plain sight. */
export const hasProc = process.platform === "linux";

/** Processes whose environment holds `NAME=value`; children inherit it, so none is overlooked. */
export function processesMarked(name: string, value: string): SeenProcess[] {
  const found: SeenProcess[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const environ = textOf(`/proc/${entry}/environ`).split("\0");
    if (!environ.includes(`${name}=${value}`) || isZombie(entry)) continue;
    const args = textOf(`/proc/${entry}/cmdline`).split("\0").filter(Boolean);
    found.push({ pid: Number(entry), args });
  }
  return found;
}

/** Local addresses, in hex as /proc/net/tcp has them, that a process listens on. */
export function listeningOn(pid: number): string[] {
  const sockets = new Set<string>();
  for (const fd of namesIn(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined) sockets.add(inode);
  }
  const rows = ["tcp", "tcp6"].flatMap((table) =>
    textOf(`/proc/net/${table}`).split("\n").slice(1),
  );
  return rows.flatMap((row) => {
    const [, local = "", , state, , , , , , inode = ""] = row.trim().split(/\s+/);
    return state === LISTEN && sockets.has(inode) ? [local.split(":")[0] as string] : [];
  });
}

const LISTEN = "0A";
/** 127.0.0.1 as the kernel prints it. */
export const LOOPBACK = "0100007F";

function isZombie(pid: string): boolean {
  return /^State:\s+Z/m.test(textOf(`/proc/${pid}/status`));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // it ended in between, or is somebody else's
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // as above
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // as above
  }
}
