// `ostraka coordinator` and `ostraka sidecar`: hand over to the process of that name. Adds nothing
// but the start commands of a mesh that was started by hand.

import { sentenceOf, usage } from "../failure.ts";
import type { Terminal } from "../terminal.ts";

/** Time for the last lines of a log after everything has been closed. */
const END_MS_MAX = 500;

export interface ProcessFlags {
  readonly config?: string;
  readonly checkConfig?: boolean;
}

export async function runCoordinatorCommand(flags: ProcessFlags): Promise<number> {
  const { runCoordinator } = await import("@ostraka/coordinator");
  const config = configOf(flags, "coordinator");
  if (flags.checkConfig === true)
    return await runCoordinator(["--config", config, "--check-config"]);
  const ending = new AbortController();
  const running = runCoordinator(["--config", config]);
  // `up` sends them itself and tells of it; a coordinator started by hand has nobody else.
  const isByHand = process.env["OSTRAKA_SUPERVISED"] === undefined;
  const sending = isByHand ? startMesh(config, ending.signal) : undefined;
  const code = await running;
  ending.abort();
  await sending;
  return endSoon(code);
}

/** A mesh that cannot be started yet is no reason for its coordinator to end. */
async function startMesh(config: string, signal: AbortSignal): Promise<void> {
  try {
    const { sendStartCommands } = await import("../init/send-start-commands.ts");
    await sendStartCommands(config, signal);
  } catch (error) {
    if (!signal.aborted) process.stderr.write(`ostraka coordinator: ${sentenceOf(error)}\n`);
  }
}

export async function runSidecarCommand(flags: ProcessFlags, terminal: Terminal): Promise<number> {
  const { checkSidecarConfig, runSidecar } = await import("@ostraka/sidecar");
  const config = configOf(flags, "sidecar");
  if (flags.checkConfig !== true) return endSoon(await runSidecar(config));
  terminal.say(checkSidecarConfig(config).trimEnd());
  return 0;
}

/** What a library left open, as a dial to a NATS server that was paused, ends with the process. */
function endSoon(code: number): number {
  setTimeout(() => process.exit(code), END_MS_MAX).unref();
  return code;
}

function configOf({ config }: ProcessFlags, name: string): string {
  if (config !== undefined) return config;
  throw usage(`name the configuration: ostraka ${name} --config FILE`);
}
