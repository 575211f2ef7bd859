// `ostraka init`: makes the data directory of a new mesh and says what to do next. Flags and
// printing only; init/ makes it.

import { usage } from "../failure.ts";
import { initMesh } from "../init/init-mesh.ts";
import type { Terminal } from "../terminal.ts";

export interface InitFlags {
  readonly data: string;
  readonly json: boolean;
  readonly name: string;
  readonly coordinators: string;
  readonly nats: string;
  readonly sidecars: string;
  readonly domains?: string;
}

export async function runInit(flags: InitFlags, terminal: Terminal): Promise<number> {
  const coordinators = Number(flags.coordinators);
  if (coordinators !== 1 && coordinators !== 3) {
    throw usage(`--coordinators ${flags.coordinators}: a mesh has 1 or 3`);
  }
  const nats = Number(flags.nats);
  if (nats !== 1 && nats !== 3) throw usage(`--nats ${flags.nats}: a mesh has 1 or 3 servers`);
  const { dir, mesh, meshName, file } = await initMesh({
    dir: flags.data,
    meshName: flags.name,
    coordinators,
    nats,
    sidecars: Number(flags.sidecars),
    ...(flags.domains === undefined ? {} : { domains: flags.domains.split(",") }),
  });
  if (flags.json) {
    terminal.json({ dir, mesh, name: meshName, ...file });
    return 0;
  }
  terminal.say(`mesh ${meshName} is ready to start in ${dir}`);
  terminal.say(`  id ${mesh}`);
  terminal.say(`  genesis.json says so to everyone who joins; compare the id by another way`);
  terminal.say(`  keys/ holds everyone's keys: hand each person theirs, take roots offline`);
  terminal.say(`start it with: ostraka up --data ${flags.data}`);
  return 0;
}
