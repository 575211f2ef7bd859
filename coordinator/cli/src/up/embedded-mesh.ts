// Brings an embedded mesh up in a data directory: nats-server, coordinators, hosts that join
// through the real API, sidecars, protected services. The same steps for a new directory and for
// one that goes on.

import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { fromBinary } from "@bufbuild/protobuf";
import { COORDINATOR_NODE_FLAGS, connectAdmin, readTlsFile } from "@ostraka/coordinator";
import { findNatsServer, forServerVersion, openCrypto, readGenesisFile } from "@ostraka/host";
import { EnvelopeSchema, OstrakaError } from "@ostraka/proto";
import { SIDECAR_NODE_FLAGS } from "@ostraka/sidecar";
import { joinMesh } from "@ostraka/sidecar/join";
import type { Access } from "../access.ts";
import { enroll } from "../commands/host-join.ts";
import {
  START_COMMAND_FILES,
  START_MACHINE_VERSION,
  writeStartCommands,
} from "../init/start-commands.ts";
import { VerifiedMesh } from "../ledger/verified-mesh.ts";
import { type MeshFile, type MeshPaths, natsName, pathsOf, readMeshFile } from "../mesh-dir.ts";
import {
  type HostPlace,
  type NatsAccess,
  settleAddresses,
  settleHostPorts,
  writeCoordinatorConfig,
  writeHostConfig,
} from "./addresses.ts";
import { People } from "./people.ts";
import { ProcessLog } from "./process-log.ts";
import type { Supervisor } from "./supervisor.ts";
import { until } from "./trace-book.ts";
import type { UpState } from "./up-state.ts";

/** Whose TLS certificate `up` speaks with; every command is signed by the person it is from. */
const SPEAKER = "olga";
const READY_MS_MAX = 60_000;
/** A log of an earlier run above this is put aside. */
const LOG_BYTES_MAX = 8_000_000;

export interface EmbeddedMesh extends Access {
  readonly paths: MeshPaths;
  /** Both ledgers as verified here. */
  readonly verified: VerifiedMesh;
  readonly people: People;
  readonly hosts: readonly HostPlace[];
  /** Plain words about the NATS server in use. */
  readonly natsText: string;
}

export interface BringUpOptions {
  readonly dir: string;
  readonly state: UpState;
  readonly supervisor: Supervisor;
  readonly follow: ReadonlyMap<string, string>;
  readonly say: (line: string) => void;
}

/** Starts everything and waits until every gate answers. */
export async function bringUp(options: BringUpOptions): Promise<EmbeddedMesh> {
  const { dir, supervisor, say } = options;
  const paths = pathsOf(dir);
  const crypto = openCrypto();
  const genesis = readGenesisFile(crypto, paths.genesis);
  const file = await settleAddresses(paths, readMeshFile(dir));
  const { access, text } = await startNats(paths, file, supervisor, say);
  await Promise.all(
    file.coordinators.map((address) => {
      const config = writeCoordinatorConfig(paths, address, access);
      return supervisor.start({
        name: address.name,
        args: [...COORDINATOR_NODE_FLAGS, MAIN, "coordinator", "--config", config],
        log: new ProcessLog(join(paths.coordinator(address.name), "process.log")),
      });
    }),
  );
  const tls = readTlsFile(paths.tls(SPEAKER));
  const ca = readFileSync(paths.caCertificate, "utf8");
  const addresses = file.coordinators.map(({ api }) => api);
  const client = connectAdmin({ addresses, ca, ...tls });
  const shared = { crypto, genesis, file, client };
  const verified = new VerifiedMesh(shared);
  const people = new People(shared, paths, () => verified.walk.mesh.view.epoch);
  const mesh = { ...shared, paths, verified, people, natsText: text };
  await submitStartCommands(mesh);
  const hosts = await placeHosts(options, file.sidecars);
  await joinHosts(mesh, hosts, access);
  await startHosts(mesh, hosts, supervisor);
  return { ...mesh, hosts };
}

/** The program that children run: this very command line. */
const MAIN = fileURLToPath(new URL("../main.mjs", import.meta.url));
const NATS_PROCESS = fileURLToPath(new URL("nats-process.ts", import.meta.url));
const SERVICE_PROCESS = fileURLToPath(new URL("service-process.ts", import.meta.url));
const CACHE = fileURLToPath(new URL("../../../../node_modules/.cache/ostraka", import.meta.url));

async function startNats(
  paths: MeshPaths,
  file: MeshFile,
  supervisor: Supervisor,
  say: (line: string) => void,
): Promise<{ access: NatsAccess; text: string }> {
  const found = await findNatsServer({ env: process.env, cacheDir: join(CACHE, "nats"), say });
  if (found.kind === "external") {
    const { urls, credsFile, caFile } = found;
    const access = {
      urls,
      ...(credsFile !== undefined && { credsFile: resolve(credsFile) }),
      ...(caFile !== undefined && { caFile: resolve(caFile) }),
    };
    return { access, text: "the NATS server of OSTRAKA_NATS_URL" };
  }
  const servers = file.nats.length;
  await Promise.all(
    file.nats.map(async (url, i) => {
      const folder = paths.natsServer(i, servers);
      const conf = join(folder, "server.conf");
      const text = readFileSync(conf, "utf8");
      const fitting = forServerVersion(text, found.version);
      if (fitting !== text) writeFileSync(conf, fitting, { mode: 0o600 });
      await supervisor.start({
        name: servers === 1 ? "nats-server" : natsName(i),
        args: [NATS_PROCESS, found.path, conf, new URL(url).port, join(folder, "server.pid")],
        log: new ProcessLog(join(folder, "process.log")),
      });
    }),
  );
  const isTls = file.nats.every((url) => new URL(url).protocol === "tls:");
  const access = { urls: file.nats, ...(isTls && { caFile: resolve(paths.caCertificate) }) };
  const many = servers === 1 ? "" : `${servers} servers of `;
  return { access, text: `${many}nats-server ${found.version}` };
}

/** Publishes and activates the policy that `init` left, if nobody has yet. */
async function submitStartCommands(mesh: PlainMesh): Promise<void> {
  const { verified, paths, crypto, genesis } = mesh;
  await untilCurrent(verified);
  if (verified.walk.mesh.view.epoch > 0) return;
  const isReady = () => verified.walk.mesh.view.machineVersion >= START_MACHINE_VERSION;
  await until(
    async () => {
      await verified.refresh();
      return isReady() || undefined;
    },
    `machine version ${START_MACHINE_VERSION}, which every coordinator must have announced`,
    READY_MS_MAX,
  );
  try {
    // The very bytes that `init` left: what a run that was cut off has entered is not entered
    // again.
    const files = START_COMMAND_FILES.map((name) => readFileSync(join(paths.pending, name)));
    await submitAll(mesh, files);
  } catch (error) {
    if (!(error instanceof OstrakaError) || error.code !== "OSTRAKA_REFUSED") throw error;
    await submitAll(mesh, writeStartCommands(crypto, paths.dir, genesis.mesh, Date.now()));
  }
  await until(
    async () => {
      await verified.refresh();
      return verified.walk.mesh.view.epoch > 0 || undefined;
    },
    "the policy is active",
    READY_MS_MAX,
  );
}

async function submitAll({ people }: PlainMesh, commands: readonly Uint8Array[]): Promise<void> {
  for (const bytes of commands) {
    await people.submit("policy command", fromBinary(EnvelopeSchema, new Uint8Array(bytes)));
  }
}

/** Walks until the ledger holds its genesis: before, nothing can be told. */
async function untilCurrent(verified: VerifiedMesh): Promise<void> {
  await until(
    async () => {
      await verified.refresh();
      return verified.walk.mesh.controlIndex > 0 || undefined;
    },
    "the ledger begins",
    READY_MS_MAX,
  );
}

async function placeHosts(options: BringUpOptions, count: number): Promise<HostPlace[]> {
  const { dir, state, follow } = options;
  const names = Array.from({ length: count }, (_, i) => `host-${i + 1}`);
  const ports = await settleHostPorts(names, state.ports);
  state.setPorts(ports);
  return names.map((name) => {
    const followed = follow.get(name);
    const log = followed === undefined ? join(dir, "hosts", name, "auth.log") : resolve(followed);
    const isFollowing = followed !== undefined;
    return { name, ports: ports[name] as HostPlace["ports"], log, isFollowing };
  });
}

type PlainMesh = Omit<EmbeddedMesh, "hosts">;

async function joinHosts(
  mesh: PlainMesh,
  hosts: readonly HostPlace[],
  nats: NatsAccess,
): Promise<void> {
  for (const host of hosts) {
    const isJoined = existsSync(join(mesh.paths.host(host.name), "config.yaml"));
    if (!isJoined) await joinHost(mesh, host.name);
    writeHostConfig(mesh.paths, host, nats);
    if (!host.isFollowing) openLogFile(host.log);
  }
}

/** A token of a run that was cut off is used on; one that nobody granted gives way to a new one. */
async function joinHost({ paths, people }: PlainMesh, name: string): Promise<void> {
  const tokenFile = join(paths.pending, `${name}.token`);
  const go = () => joinMesh({ tokenFile, dataDir: paths.dir, enroll, waitMs: READY_MS_MAX });
  if (existsSync(tokenFile)) {
    try {
      await go();
      return;
    } catch (error) {
      const isUnknown = error instanceof OstrakaError && error.code === "OSTRAKA_REFUSED";
      if (!isUnknown) throw error;
    }
  }
  await people.grantHost(name, tokenFile);
  await go();
}

function openLogFile(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES_MAX) renameSync(path, `${path}.1`);
  writeFileSync(path, "", { flag: "a", mode: 0o600 });
}

async function startHosts(
  { paths }: PlainMesh,
  hosts: readonly HostPlace[],
  supervisor: Supervisor,
): Promise<void> {
  await Promise.all(
    hosts.map(async ({ name, ports }) => {
      const folder = paths.host(name);
      await supervisor.start({
        name,
        args: [...SIDECAR_NODE_FLAGS, MAIN, "sidecar", "--config", join(folder, "config.yaml")],
        // One machine, one demonstration: the narration may name whom it is about.
        env: { OSTRAKA_TRACE_SUBJECTS: "1" },
        log: new ProcessLog(join(folder, "process.log")),
      });
      const gate = `http://127.0.0.1:${ports.gate}/auth`;
      await supervisor.start({
        name: `service of ${name}`,
        args: [SERVICE_PROCESS, name, String(ports.service), gate],
        log: new ProcessLog(join(folder, "service.log")),
      });
    }),
  );
}
