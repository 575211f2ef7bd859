// Entry of the process that keeps one nats-server: starts it, says when it answers, and ends it
// with `up`, which nats-server itself does not notice. Ends with its server and as it ended, so
// that `up` says how and starts both again.
// Usage: node nats-process.ts BINARY CONF PORT PIDFILE.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive, watchParent } from "@ostraka/host/parent-watch";

const READY_MS_MAX = 30_000;
const END_MS_MAX = 3_000;
const LOOK_MS = 20;
const STOPS = ["SIGTERM", "SIGINT"] as const;

async function main(binary: string, conf: string, port: number, pidFile: string): Promise<void> {
  await endLeftover(pidFile, conf);
  const server = spawn(binary, ["-c", conf], { stdio: ["ignore", "ignore", "inherit"] });
  server.on("error", (error) => {
    process.stderr.write(`${binary} cannot be started: ${error.message}\n`);
    process.exit(1);
  });
  if (server.pid !== undefined) writeFileSync(pidFile, String(server.pid), { mode: 0o600 });
  server.on("exit", (code, signal) => (signal ? endBy(signal) : process.exit(code ?? 1)));
  for (const signal of STOPS) process.on(signal, () => end(server));
  watchParent(process.env, () => end(server));
  await untilGreets(port);
  process.stdout.write(`${JSON.stringify({ ready: true, port, serverPid: server.pid })}\n`);
}

/** Asks it to end, then makes it. */
function end(server: ChildProcess): void {
  server.kill("SIGTERM");
  setTimeout(() => server.kill("SIGKILL"), END_MS_MAX).unref();
}

/** Ends this process by the signal that ended its server. */
function endBy(signal: NodeJS.Signals): void {
  for (const stop of STOPS) process.removeAllListeners(stop);
  process.exitCode = 1;
  process.kill(process.pid, signal);
}

/** A server whose keeper was killed still holds the port and the store: it goes first. */
async function endLeftover(pidFile: string, conf: string): Promise<void> {
  const pid = Number(textOf(pidFile));
  if (!Number.isSafeInteger(pid) || pid <= 0) return;
  // Only a process that runs this very configuration: a process id may be somebody else's by now.
  const isOurs = () => isAlive(pid) && textOf(`/proc/${pid}/cmdline`).split("\0").includes(conf);
  const deadline = performance.now() + 2 * END_MS_MAX;
  if (isOurs()) process.kill(pid, "SIGKILL");
  while (isOurs() && performance.now() < deadline) await delay(LOOK_MS);
  rmSync(pidFile, { force: true });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // not there: nothing is left over, or no system that tells
  }
}

async function untilGreets(port: number): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX;
  while (!(await greets(port))) {
    if (performance.now() > deadline) {
      process.stderr.write(`nats-server does not answer on port ${port}\n`);
      process.kill(process.pid, "SIGTERM");
      return;
    }
    await delay(LOOK_MS);
  }
}

/** True once something on the port speaks first, as NATS does. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const answer = (isReady: boolean) => {
      socket.destroy();
      resolve(isReady);
    };
    socket.once("data", (data) => answer(data.toString("utf8").startsWith("INFO ")));
    socket.once("error", () => answer(false));
    socket.once("close", () => answer(false));
  });
}

const [binary, conf, port, pidFile] = process.argv.slice(2);
if (import.meta.main && binary && conf && port && pidFile) {
  await main(binary, conf, Number(port), pidFile);
}
