// The sidecar's process: configuration, log, signals, and its end. On standard output exactly one
// line, when it is ready; everything else goes to the log. Ends with its parent when told who that
// is.

import { isAbsolute, resolve } from "node:path";
import { type Log, openLog } from "@ostraka/host";
import { watchParent } from "@ostraka/host/parent-watch";
import { effectiveConfig, endpointText, readSidecarConfig, type SidecarConfig } from "./config.ts";
import { openIdentity } from "./identity.ts";
import { type Sidecar, startSidecar } from "./runtime.ts";

/** Node flags for a sidecar's process: Node's default young generation doubles what it holds. */
export const SIDECAR_NODE_FLAGS: readonly string[] = ["--max-semi-space-size=2"];

export interface RunOptions {
  /** Takes the one line of standard output. */
  readonly print?: (line: string) => void;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A close that hangs must not keep a host from being restarted. */
const CLOSE_MS_MAX = 5_000;

/**
 * Runs a sidecar until a signal ends it.
 * @returns the exit code. @throws OstrakaError when it cannot start.
 */
export async function runSidecar(configPath: string, options: RunOptions = {}): Promise<number> {
  const { env = process.env, print = (line) => process.stdout.write(`${line}\n`) } = options;
  const path = isAbsolute(configPath) ? configPath : resolve(configPath);
  const config = readSidecarConfig(path);
  const log = openSidecarLog(config, env);
  const ending = Promise.withResolvers<number>();
  const stopWatching = watchForTheEnd(env, log, ending.resolve);
  try {
    const sidecar = await startSidecar({
      config,
      log,
      onFault: (error) => {
        log.fatal({ err: error }, "the sidecar cannot go on");
        ending.resolve(1);
      },
    });
    log.info({ host: config.name, ...endpointsOf(sidecar) }, "the gate answers");
    const announced = sidecar.whenReady.then(() => {
      print(readyLine(config, sidecar));
      log.info({ what: "ready", at: Date.now(), ...endpointsOf(sidecar) });
    });
    const code = await Promise.race([ending.promise, announced.then(() => ending.promise)]);
    await closeInTime(sidecar, log);
    return code;
  } finally {
    stopWatching();
  }
}

/**
 * The effective configuration as YAML, after opening every file that it names. No secret is in it.
 */
export function checkSidecarConfig(configPath: string): string {
  const config = readSidecarConfig(resolve(configPath));
  return effectiveConfig(config, openIdentity(config).meshName);
}

/** Subjects appear at info only where `up` asks for them, for its demonstration on one machine. */
function openSidecarLog(config: SidecarConfig, env: RunOptions["env"] & object): Log {
  const { level, file } = config.log;
  const isShown = env["OSTRAKA_TRACE_SUBJECTS"] === "1";
  const log = openLog({
    name: `sidecar ${config.name}`,
    level: isShown ? "debug" : level,
    ...(file !== undefined && { file }),
  });
  log.level = level;
  return log;
}

function readyLine(config: SidecarConfig, sidecar: Sidecar): string {
  return JSON.stringify({ ready: true, host: config.name, ...endpointsOf(sidecar) });
}

function endpointsOf(sidecar: Sidecar) {
  return {
    gate: endpointText(sidecar.gate),
    explain: endpointText(sidecar.explainEndpoint),
    events: sidecar.sourcePorts,
  };
}

/** @returns what ends the watch. */
function watchForTheEnd(
  env: RunOptions["env"] & object,
  log: Log,
  end: (code: number) => void,
): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    log.info({ signal }, "stopping");
    end(0);
  };
  const signals = ["SIGTERM", "SIGINT"] as const;
  for (const signal of signals) process.on(signal, onSignal);
  const unwatch = watchParent(env, (parent) => {
    log.warn({ parent }, "the parent process is gone: stopping");
    end(0);
  });
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
    unwatch();
  };
}

async function closeInTime(sidecar: Sidecar, log: Log): Promise<void> {
  const timeout = Promise.withResolvers<string>();
  const timer = setTimeout(() => timeout.resolve("too slow"), CLOSE_MS_MAX);
  try {
    const outcome = await Promise.race([sidecar.close(), timeout.promise]);
    if (outcome === undefined) return;
    log.error("closing took too long: the next start reads again what was not saved");
    process.exit(1);
  } catch (error) {
    log.error({ err: error }, "closing failed: the next start reads again what was not saved");
  } finally {
    clearTimeout(timer);
  }
}
