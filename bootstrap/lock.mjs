// @ts-check
// One installer at a time: a lock directory that names the processes that write under it.
// A dead owner's lock is cleared, a living one's is waited for. Knows nothing of npm.
// Must never take a lock while any process it names is alive: two installs would tear each other.

import * as fs from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const OWNER = "owner.json";
const POLL_MS = 200;

/** The lock stayed with another process until the deadline. */
export class LockHeld extends Error {}

/**
 * @typedef {object} Owner
 * @property {string} host
 * @property {number} atMs wall clock, milliseconds since the Unix epoch
 * @property {number} pid the process that took the lock
 * @property {string[]} names it and its children, each as `pid@start time`
 */

/** @param {string} dir @returns {Owner | undefined} */
function readOwner(dir) {
  try {
    const owner = JSON.parse(fs.readFileSync(join(dir, OWNER), "utf8"));
    return Array.isArray(owner.names) ? owner : undefined;
  } catch {
    return undefined; // absent or cut short: nobody owns it
  }
}

/**
 * Writes who owns the lock. A child is named too: one that outlives its parent still writes.
 * @param {string} dir
 * @param {number[]} pids
 */
export function nameOwner(dir, ...pids) {
  const names = [process.pid, ...pids].map(processName).filter((name) => name !== undefined);
  const owner = { host: hostname(), atMs: Date.now(), pid: process.pid, names };
  const part = join(dir, `${OWNER}.part`);
  fs.mkdirSync(dir, { recursive: true });
  fs.writeFileSync(part, JSON.stringify(owner));
  fs.renameSync(part, join(dir, OWNER));
}

/**
 * A living process as `pid@start time`, since a pid alone is used again; undefined when dead.
 * @param {number} pid
 */
function processName(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // proc(5): from field 3 on
    return fields[0] === "Z" ? undefined : `${pid}@${fields[19]}`;
  } catch {
    if (fs.existsSync("/proc/self/stat")) return undefined;
  }
  try {
    process.kill(pid, 0);
    return `${pid}@`;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM" ? `${pid}@` : undefined;
  }
}

/**
 * A living process of the owner's, or undefined when all are gone.
 * @param {Owner | undefined} owner
 * @param {number} staleMs how long an owner on another machine, unseen from here, is believed
 */
function livingPid(owner, staleMs) {
  if (owner === undefined) return undefined;
  if (owner.host !== hostname()) return Date.now() - owner.atMs < staleMs ? owner.pid : undefined;
  const pids = owner.names.filter((name) => processName(Number.parseInt(name, 10)) === name);
  return pids[0] === undefined ? undefined : Number.parseInt(pids[0], 10);
}

/**
 * Takes the lock, waiting for a living owner and clearing a dead one's.
 * @param {string} lock the directory
 * @param {number} waitMsMax
 * @param {(pid: number) => void} onWait told once, with the pid waited for
 * @throws {LockHeld} when the deadline passes
 */
export async function takeLock(lock, waitMsMax, onWait) {
  const mine = `${lock}.${process.pid}`;
  const deadlineMs = Date.now() + waitMsMax;
  let isTold = false;
  fs.rmSync(mine, { recursive: true, force: true });
  nameOwner(mine);
  for (;;) {
    try {
      fs.renameSync(mine, lock); // atomic; refused while `lock` is a directory with an owner in it
      return sweep(lock, waitMsMax);
    } catch (error) {
      const code = /** @type {NodeJS.ErrnoException} */ (error).code ?? "";
      if (!["ENOTEMPTY", "EEXIST"].includes(code)) throw error;
    }
    const owner = readOwner(lock);
    const pid = livingPid(owner, waitMsMax);
    if (pid === undefined) {
      clearDead(lock, owner, waitMsMax);
      continue;
    }
    if (!isTold) onWait(pid);
    isTold = true;
    if (Date.now() > deadlineMs) {
      fs.rmSync(mine, { recursive: true, force: true });
      throw new LockHeld(`process ${pid} still holds ${lock}`);
    }
    await delay(POLL_MS);
  }
}

/** @param {string} lock */
export function releaseLock(lock) {
  fs.rmSync(lock, { recursive: true, force: true });
}

/**
 * Moves a dead owner's lock away. If a living owner came in between reading and moving, theirs is
 * put back.
 * @param {string} lock
 * @param {Owner | undefined} dead
 * @param {number} staleMs
 */
function clearDead(lock, dead, staleMs) {
  const aside = `${lock}.${process.pid}.dead`;
  try {
    fs.renameSync(lock, aside);
  } catch {
    return; // another process cleared it first
  }
  const moved = readOwner(aside);
  const isSame = JSON.stringify(moved) === JSON.stringify(dead);
  if (!isSame && livingPid(moved, staleMs) !== undefined) fs.renameSync(aside, lock);
  else fs.rmSync(aside, { recursive: true, force: true });
}

/**
 * Removes what waiters that were killed left beside the lock.
 * @param {string} lock
 * @param {number} staleMs
 */
function sweep(lock, staleMs) {
  const prefix = `${basename(lock)}.`;
  for (const name of fs.readdirSync(dirname(lock))) {
    if (!name.startsWith(prefix)) continue;
    const path = join(dirname(lock), name);
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    const isUsed = processName(pid) ?? livingPid(readOwner(path), staleMs);
    if (isUsed === undefined) fs.rmSync(path, { recursive: true, force: true });
  }
}
