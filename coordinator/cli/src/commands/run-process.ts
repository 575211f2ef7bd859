// `ostraka coordinator` and `ostraka sidecar`: hand over to the process of that name.

import { usage } from "../failure.ts";
import type { Terminal } from "../terminal.ts";

export interface ProcessFlags {
  readonly config?: string;
  readonly checkConfig?: boolean;
}

export async function runCoordinatorCommand(flags: ProcessFlags): Promise<number> {
  const { runCoordinator } = await import("@ostraka/coordinator");
  const config = configOf(flags, "coordinator");
  const check = flags.checkConfig === true ? ["--check-config"] : [];
  return await runCoordinator(["--config", config, ...check]);
}

export async function runSidecarCommand(flags: ProcessFlags, terminal: Terminal): Promise<number> {
  const { checkSidecarConfig, runSidecar } = await import("@ostraka/sidecar");
  const config = configOf(flags, "sidecar");
  if (flags.checkConfig !== true) return await runSidecar(config);
  terminal.say(checkSidecarConfig(config).trimEnd());
  return 0;
}

function configOf({ config }: ProcessFlags, process: string): string {
  if (config !== undefined) return config;
  throw usage(`name the configuration: ostraka ${process} --config FILE`);
}
