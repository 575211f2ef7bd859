// Starting a mesh and its processes: `init`, `up`, `coordinator`, `sidecar`.
// Grammar alone: the code is in `commands/`.

import { type Command, Option } from "commander";
import { type Bind, dataOption, jsonOption, many } from "./grammar.ts";

export function addProcesses(program: Command, bind: Bind): void {
  const init = program
    .command("init")
    .description("make the data directory of a new mesh")
    .addOption(dataOption())
    .option("--name <mesh>", "name of the mesh", "local")
    .option("--coordinators <n>", "1 or 3", "1")
    .option("--nats <n>", "NATS servers, 1 or 3", "1")
    .option("--sidecars <n>", "hosts it is meant for, each a fault domain", "3")
    .option("--domains <names>", "fault domains instead, comma-separated")
    .addOption(jsonOption());
  bind(init, async () => {
    const { runInit } = await import("../commands/init.ts");
    return (_args, flags, terminal) => runInit(flags, terminal);
  });
  const up = program
    .command("up")
    .description("start an embedded mesh, show an attack being cut off, and stay up")
    .addOption(new Option("--data <dir>", "data directory of the mesh").env("OSTRAKA_DATA"))
    .option("--coordinators <n>", "1 or 3")
    .option("--nats <n>", "NATS servers, 1 or 3")
    .option("--sidecars <n>", "number of hosts")
    .option("--seed <n>", "seed of the replayed activity")
    .option("--once", "to the end of the story, then stop everything")
    .option("--no-replay", "bring the mesh up and replay nothing")
    .option("--follow <host=file>", "that host follows a real log", many)
    .option("--json", "narrate on stderr, one line of JSON last");
  bind(up, async () => {
    const { runUp } = await import("../up/index.ts");
    return (_args, flags) => runUp(flags);
  });
  const processes = [
    ["coordinator", "runCoordinatorCommand"],
    ["sidecar", "runSidecarCommand"],
  ] as const;
  for (const [name, run] of processes) {
    const command = program
      .command(name)
      .description(`run a ${name}`)
      .option("--config <file>", "its configuration")
      .option("--check-config", "print the effective configuration, without secrets");
    bind(command, async () => {
      const commands = await import("../commands/run-process.ts");
      return (_args, flags, terminal) => commands[run](flags, terminal);
    });
  }
}
