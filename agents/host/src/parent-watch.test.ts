// The watch over a parent: it tells once, of a process that has ended, and of no other.

import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isAlive, watchParent } from "./parent-watch.ts";

const env = (pid: number | string) => ({ OSTRAKA_PARENT_PID: String(pid) });
const endedPid = () => spawnSync(process.execPath, ["--version"]).pid;

let gone: number[];
const tell = (parent: number) => gone.push(parent);

beforeEach(() => {
  gone = [];
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

test("the end of the parent is told once, with its process id", () => {
  const pid = endedPid();
  watchParent(env(pid), tell);
  vi.advanceTimersByTime(5_000);
  expect(gone).toEqual([pid]);
});

test("of a parent that lives nothing is told", () => {
  const stop = watchParent(env(process.ppid), tell);
  vi.advanceTimersByTime(5_000);
  expect(gone).toEqual([]);
  stop();
});

test("a watch that was ended tells nothing", () => {
  watchParent(env(endedPid()), tell)();
  vi.advanceTimersByTime(5_000);
  expect(gone).toEqual([]);
});

test.each(["", "0", "-1", "1.5", "x"])('"%s" names no parent', (pid) => {
  watchParent(env(pid), tell);
  watchParent({}, tell);
  expect(vi.getTimerCount()).toBe(0);
});

test("a process is alive until it has ended", () => {
  expect(isAlive(process.pid)).toBe(true);
  expect(isAlive(endedPid())).toBe(false);
});
