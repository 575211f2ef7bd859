// Sends the start commands that `init` left, ONCE a coordinator answers: a mesh started by hand
// becomes active by itself. The same bytes are one command, so every coordinator may send them.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type AdminClient, connectAdmin, loadConfig, readTlsFile } from "@ostraka/coordinator";
import { decode, type Envelope, EnvelopeSchema, LIMITS, OstrakaError } from "@ostraka/proto";
import { Outcome } from "@ostraka/proto/gen/admin";
import { pathsOf } from "../mesh-dir.ts";
import { START_COMMAND_FILES, START_MACHINE_VERSION } from "./start-commands.ts";

const AGAIN_MS = 500;

/**
 * Sends what lies in the `pending` folder beside the genesis of a coordinator's configuration,
 * until a
 * policy is active or `signal` ends it.
 * @returns whether a policy is active.
 */
export async function sendStartCommands(configPath: string, signal: AbortSignal): Promise<boolean> {
  const config = loadConfig(configPath);
  const commands = readStartCommands(dirname(config.genesis));
  if (commands.length === 0) return false;
  const ca = readFileSync(config.ca.certificate, "utf8");
  const client = connectAdmin({
    addresses: [config.api.listen],
    ca,
    ...readTlsFile(config.api.tls),
  });
  try {
    while (!signal.aborted) {
      const isDone = await trySend(client, commands);
      if (isDone !== undefined) return isDone;
      await delay(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
    return false;
  } finally {
    client.close();
  }
}

function readStartCommands(dir: string): Envelope[] {
  const files = START_COMMAND_FILES.map((name) => join(pathsOf(dir).pending, name));
  if (!files.every((path) => existsSync(path))) return [];
  return files.flatMap((path) => {
    const envelope = decode(EnvelopeSchema, readFileSync(path), LIMITS.commandBytesMax);
    return envelope === undefined ? [] : [envelope];
  });
}

/** `undefined` = ask again; false = refused for good. */
async function trySend(
  client: AdminClient,
  commands: readonly Envelope[],
): Promise<boolean | undefined> {
  try {
    const { epoch, machineVersion } = await client.mesh.getStatus({});
    if (epoch > 0) return true;
    if (machineVersion < START_MACHINE_VERSION) return undefined;
    for (const command of commands) {
      const { outcome } = await client.command.submit({ command });
      if (outcome === Outcome.UNKNOWN) return undefined;
      // Another coordinator may have been first with other bytes: then the epoch says so.
      if (outcome === Outcome.REFUSED) return (await client.mesh.getStatus({})).epoch > 0;
    }
    return true;
  } catch (error) {
    if (error instanceof OstrakaError) return undefined;
    throw error;
  }
}
