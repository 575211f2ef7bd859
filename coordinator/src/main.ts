// The coordinator's process: reads its configuration, opens its parts, says that it is ready, and
// stops cleanly. Owns the process: signals, exit codes, standard output (ONE line).

import { readFileSync } from "node:fs";
import tls from "node:tls";
import { parseArgs } from "node:util";
import type { OpenedGenesis } from "@ostraka/agents/node";
import {
  assertDistinct,
  type Log,
  loadKeyFile,
  openClock,
  openCrypto,
  openLog,
  openNatsAuthority,
  openSqliteStore,
  readGenesisFile,
  readSecretFile,
} from "@ostraka/host";
import { certFingerprint, certPublicKey, openMeshCa } from "@ostraka/host/mesh-ca";
import { watchParent } from "@ostraka/host/parent-watch";
import { equalBytes, hex, OstrakaError, Role, type Signer } from "@ostraka/proto";
import { startAdminServer } from "./api/admin-server.ts";
import { type CoordinatorConfig, loadConfig, shownConfig } from "./config.ts";
import { assertHook, faultHook } from "./fault-hook.ts";
import { startNotifier } from "./notify/start-notifier.ts";
import { CoordinatorRuntime } from "./runtime.ts";
import { readTlsFile } from "./tls-file.ts";

/** Flags of Node that keep a coordinator small; for whoever starts one. */
export const COORDINATOR_NODE_FLAGS: readonly string[] = [
  "--max-semi-space-size=4",
  "--max-old-space-size=512",
];

const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_UNREACHABLE = 3;

/**
 * Runs a coordinator until it is told to stop (SIGTERM, SIGINT) or its parent is gone.
 * @param from arguments (`--config FILE [--check-config]`) or a configuration.
 * @returns the exit code: 0 stopped as told, 1 failed, 2 configuration, 3 NATS refuses.
 */
export async function runCoordinator(from: readonly string[] | CoordinatorConfig): Promise<number> {
  let log: Log | undefined;
  try {
    const config = "name" in from ? from : configOf(from);
    if (config === undefined) return EXIT_OK;
    log = openLog({ ...config.log, name: config.name });
    await serve(config, log);
    return EXIT_OK;
  } catch (error) {
    log?.fatal({ err: error }, "this coordinator cannot go on");
    process.stderr.write(`ostraka coordinator: ${sentenceOf(error)}\n`);
    return exitCodeOf(error);
  }
}

/** `undefined` when the configuration was only to be checked. */
function configOf(args: readonly string[]): CoordinatorConfig | undefined {
  const options = { config: { type: "string" }, "check-config": { type: "boolean" } } as const;
  let values: { config?: string; "check-config"?: boolean };
  try {
    values = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const why = `${sentenceOf(error)} Usage: coordinator --config FILE [--check-config]`;
    throw new OstrakaError("OSTRAKA_USAGE", why, { cause: error });
  }
  if (values.config === undefined) {
    throw new OstrakaError("OSTRAKA_USAGE", "name the configuration with --config FILE");
  }
  const config = loadConfig(values.config);
  if (values["check-config"] !== true) return config;
  process.stdout.write(`${shownConfig(config)}\n`);
  return undefined;
}

async function serve(config: CoordinatorConfig, log: Log): Promise<void> {
  // Nothing in this process speaks an older TLS.
  Object.assign(tls, { DEFAULT_MIN_VERSION: "TLSv1.3" });
  process.on("uncaughtExceptionMonitor", (error) => log.fatal({ err: error }, "broken invariant"));
  const stopping = whenToldToStop(log);
  const crypto = openCrypto({ onFallback: (why) => log.warn({ why }, "slower signatures") });
  const genesis = readGenesisFile(crypto, config.genesis);
  const signer = loadKeyFile(config.signingKey);
  const tlsTexts = readTlsFile(config.api.tls);
  const caText = readFileSync(config.ca.certificate, "utf8");
  checkMembership(config, genesis, signer);
  assertDistinct([
    { use: "signing", key: signer.publicKey },
    { use: "tls", key: certPublicKey(tlsTexts.certificate) },
  ]);
  if (!equalBytes(certFingerprint(caText), genesis.genesis.caFingerprint)) {
    const why = `${config.ca.certificate} is not the CA of the genesis: restore the right one`;
    throw new OstrakaError("OSTRAKA_CONFIG_INVALID", why);
  }
  const issuers = {
    ca: await openMeshCa(caText, readSecretFile(config.ca.key)),
    nats: openNatsAuthority(readSecretFile(config.natsAccount.seed)),
    natsCa: config.nats.ca === undefined ? "" : readFileSync(config.nats.ca, "utf8"),
  };
  const store = openSqliteStore(config.store);
  const runtime = new CoordinatorRuntime({
    config,
    crypto,
    genesis,
    signer,
    store,
    clock: openClock(),
    log,
    onPhase: faultHook(process.env),
    onStep: assertHook(process.env),
    onFailure: stopping.fail,
  });
  const server = await startAdminServer(runtime, tlsTexts, issuers);
  const stopTelling = config.notify && startNotifier(config.notify, runtime);
  try {
    await Promise.race([runtime.start(), stopping.promise]);
    const { api, join } = server;
    if (runtime.isBusConnected) {
      process.stdout.write(`${JSON.stringify({ ready: true, name: config.name, api, join })}\n`);
      log.info({ what: "ready", api, join, version: process.version });
    }
    await stopping.promise;
  } finally {
    stopping.dispose();
    stopTelling?.();
    await server.close();
    await runtime.stop();
    log.info({ what: "stopped" });
  }
}

function checkMembership(config: CoordinatorConfig, genesis: OpenedGenesis, signer: Signer): void {
  const holder = genesis.roster.holders.find((known) => known.name === config.name);
  const isOurs = holder?.keys.some(
    ({ role, key }) => role === Role.COORDINATOR && equalBytes(key, signer.publicKey),
  );
  if (isOurs === true) return;
  throw new OstrakaError(
    "OSTRAKA_CONFIG_INVALID",
    `the roster has no coordinator "${config.name}" with key ` +
      `${hex(signer.publicKey).slice(0, 16)}: correct "name" or "signingKey"`,
  );
}

/** Ends when somebody says so; fails when a part does. */
function whenToldToStop(log: Log) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Whoever waits sees it; until somebody does, it is no unhandled rejection.
  promise.catch(() => undefined);
  const stop = (why: string) => {
    log.info({ what: "stopping", why });
    resolve();
  };
  const onTerm = () => stop("SIGTERM");
  const onInt = () => stop("SIGINT");
  process.on("SIGTERM", onTerm);
  process.on("SIGINT", onInt);
  const unwatch = watchParent(process.env, () => stop("the parent process is gone"));
  return {
    promise,
    fail: (error: unknown) => reject(error),
    dispose: () => {
      process.off("SIGTERM", onTerm);
      process.off("SIGINT", onInt);
      unwatch();
    },
  };
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function exitCodeOf(error: unknown): number {
  const code = error instanceof OstrakaError ? error.code : undefined;
  if (code === "OSTRAKA_USAGE" || code === "OSTRAKA_CONFIG_INVALID") return EXIT_USAGE;
  if (code === "OSTRAKA_DATA_INVALID" || code === "OSTRAKA_NOT_FOUND") return EXIT_USAGE;
  if (code === "OSTRAKA_KEY_INVALID" || code === "OSTRAKA_KEY_IN_OTHER_USE") return EXIT_USAGE;
  return code === "OSTRAKA_UNREACHABLE" ? EXIT_UNREACHABLE : EXIT_FAILED;
}

// Whatever still waits, such as for a NATS server that never came, ends with the process.
if (import.meta.main) process.exit(await runCoordinator(process.argv.slice(2)));
