// An idle sidecar: its real process coming up from a store that holds a mesh, connected and
// hearing heads, beside a bare Node that prints one line. Start is the time to the line on
// standard output.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { genesisFileText, keyPem, writeSecretFile } from "@ostraka/host";
import { SIDECAR_NODE_FLAGS } from "@ostraka/sidecar";
import { natsVersion } from "../../integration/nats-server.ts";
import { startNode } from "../child.ts";
import { type MeshStand, type StandHost, startMesh } from "../mesh-stand.ts";
import { type Bench, median, newRow, type Result, skip } from "../row.ts";

const NAME = "idle";
const ROUNDS = 5;
const IDLE_MS = 2_500;
const MAIN = fileURLToPath(new URL("../../../coordinator/cli/src/main.mjs", import.meta.url));
const BARE = ["-e", 'console.log("ready"); setInterval(() => {}, 1e6);'] as const;

export const idle: Bench = { name: NAME, run };

interface Sample {
  readonly startMs: number;
  readonly residentMib: number;
}

async function run(): Promise<Result> {
  if (natsVersion() === undefined) return skip(NAME, "no nats-server (apt install nats-server)");
  if (process.platform !== "linux") return skip(NAME, "resident memory is read from /proc");
  await using stand = await startMesh(1);
  const [host] = stand.hosts as [StandHost];
  await host.close();
  const config = writeConfig(stand, host);
  const ours: Sample[] = [];
  const bare: Sample[] = [];
  // The first of each fills the compile cache and the page cache.
  for (let round = 0; round <= ROUNDS; round++) {
    const [one, other] = [
      await sample(...SIDECAR_NODE_FLAGS, MAIN, "sidecar", "--config", config),
      await sample(...BARE),
    ];
    if (round === 0) continue;
    ours.push(one);
    bare.push(other);
  }
  return { rows: rowsOf(ours, bare), skipped: [] };
}

/** A host's folder as `join` leaves it. */
function writeConfig(stand: MeshStand, { name, folder, seed }: StandHost): string {
  const { mesh, envelope } = stand.kit.genesis;
  writeSecretFile(join(folder, "signing.pem"), keyPem(seed));
  writeFileSync(join(folder, "genesis.json"), genesisFileText(mesh, "test", envelope));
  const path = join(folder, "config.yaml");
  const config = {
    name,
    genesis: "genesis.json",
    signingKey: "signing.pem",
    store: "state.sqlite",
    nats: { urls: [stand.url], creds: "nats.creds" },
    sources: [],
    gate: { port: 0 },
    log: { level: "warn" },
  };
  // JSON is YAML.
  writeFileSync(path, JSON.stringify(config));
  return path;
}

async function sample(...args: readonly string[]): Promise<Sample> {
  const fromMs = performance.now();
  await using child = startNode(...args);
  await child.line();
  const startMs = performance.now() - fromMs;
  await delay(IDLE_MS);
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  const kib = Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]);
  return { startMs, residentMib: kib / 1024 };
}

function rowsOf(ours: readonly Sample[], bare: readonly Sample[]) {
  const of = (samples: readonly Sample[], what: keyof Sample) =>
    median(samples.map((sample) => sample[what]));
  const shared = { direction: "at-most", beside: "bare Node" } as const;
  return [
    newRow({
      ...shared,
      name: "idle sidecar, memory",
      ours: of(ours, "residentMib"),
      floor: of(bare, "residentMib"),
      goal: 2.2,
      unit: "MiB resident",
    }),
    newRow({
      ...shared,
      name: "idle sidecar, ready",
      ours: of(ours, "startMs"),
      floor: of(bare, "startMs"),
      goal: 3,
      unit: "ms from start",
    }),
  ];
}
