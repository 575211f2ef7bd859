// Addresses of an embedded mesh: everything on 127.0.0.1. Keeps the ports of the last run where
// they are still free, takes new ones where they are not, and writes them into every file that
// names them.

import { once } from "node:events";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { freePorts } from "../init/free-ports.ts";
import { changePorts, portOf } from "../init/nats-files.ts";
import type { MeshFile, MeshPaths } from "../mesh-dir.ts";
import type { HostPorts } from "./up-state.ts";

/** How the processes reach NATS. */
export interface NatsAccess {
  readonly urls: readonly string[];
  /** Credentials that somebody else's server wants instead of ours. */
  readonly credsFile?: string;
  /** Absolute path: who issued the servers' certificates. */
  readonly caFile?: string;
}

/**
 * Picks ports that are free now, and writes mesh.json, the coordinators' and the server's files.
 */
export async function settleAddresses(paths: MeshPaths, file: MeshFile): Promise<MeshFile> {
  const known = [
    ...file.nats.map((url) => Number(new URL(url).port)),
    ...(file.natsRoutes ?? []).map(portOf),
    ...file.coordinators.flatMap(({ api, join: door }) => [portOf(api), portOf(door)]),
  ];
  const ports = await settlePorts(known);
  if (ports.every((port, i) => port === known[i])) return file;
  const moved = new Map(known.map((port, i) => [port, ports[i] as number]));
  const at = (address: string) => `127.0.0.1:${moved.get(portOf(address))}`;
  const settled: MeshFile = {
    coordinators: file.coordinators.map(({ name, api, join: door }) => ({
      name,
      api: at(api),
      join: at(door),
    })),
    nats: file.nats.map((url) => `${new URL(url).protocol}//${at(url)}`),
    ...(file.natsRoutes !== undefined && { natsRoutes: file.natsRoutes.map(at) }),
    sidecars: file.sidecars,
  };
  file.nats.forEach((_, i) => {
    changePorts(join(paths.natsServer(i, file.nats.length), "server.conf"), moved);
  });
  replaceFile(paths.mesh, `${JSON.stringify(settled, undefined, 2)}\n`);
  return settled;
}

/** Ports for hosts' gates, explanations and services. */
export async function settleHostPorts(
  hosts: readonly string[],
  known: Readonly<Record<string, HostPorts>>,
): Promise<Record<string, HostPorts>> {
  const wanted = hosts.flatMap((host) => {
    const { gate = 0, explain = 0, service = 0 } = known[host] ?? {};
    return [gate, explain, service];
  });
  const ports = await settlePorts(wanted);
  return Object.fromEntries(
    hosts.map((host, i) => {
      const [gate, explain, service] = ports.slice(3 * i, 3 * i + 3) as [number, number, number];
      return [host, { gate, explain, service }];
    }),
  );
}

/** Tells a coordinator's configuration where everything is now. */
export function writeCoordinatorConfig(
  paths: MeshPaths,
  { name, api, join: door }: MeshFile["coordinators"][number],
  nats: NatsAccess,
): string {
  const path = join(paths.coordinator(name), "config.yaml");
  editYaml(path, (config) => ({
    ...config,
    nats: { ...natsPart(nats), replicas: replicasOf(config) },
    api: { ...(config["api"] as object), listen: api },
    join: { listen: door },
  }));
  return path;
}

export interface HostPlace {
  readonly name: string;
  readonly ports: HostPorts;
  /** The log that its sidecar follows. */
  readonly log: string;
  /** Whether that is a real log, which nothing here writes. */
  readonly isFollowing: boolean;
}

/** Tells a sidecar's configuration what it watches and where its gate is. */
export function writeHostConfig(paths: MeshPaths, host: HostPlace, nats: NatsAccess): string {
  const path = join(paths.host(host.name), "config.yaml");
  const { gate, explain } = host.ports;
  // The replay writes UTC; a real log has the time zone of its machine.
  const zone = host.isFollowing ? {} : { timezone: "UTC" };
  editYaml(path, (config) => ({
    ...config,
    nats: natsPart(nats),
    sources: [{ type: "auth-log", path: host.log, ...zone }, ...otherSources(config)],
    gate: { host: "127.0.0.1", port: gate, trustedProxies: ["127.0.0.1"] },
    explain: `127.0.0.1:${explain}`,
  }));
  return path;
}

/** What somebody added for the host to watch is theirs. */
function otherSources(config: Readonly<Record<string, unknown>>): readonly unknown[] {
  const sources = Array.isArray(config["sources"]) ? config["sources"] : [];
  return sources.filter((source) => (source as { type?: unknown } | null)?.type !== "auth-log");
}

function natsPart({ urls, credsFile = "nats.creds", caFile }: NatsAccess) {
  return { urls: [...urls], creds: credsFile, ...(caFile !== undefined && { ca: caFile }) };
}

/** As many as the mesh was made with, whoever runs its servers. */
function replicasOf(config: Readonly<Record<string, unknown>>): unknown {
  return (config["nats"] as { replicas?: unknown } | null)?.replicas ?? 1;
}

function editYaml(path: string, edit: (config: Record<string, unknown>) => object): void {
  const before = readFileSync(path, "utf8");
  const after = stringify(edit(parse(before) as Record<string, unknown>));
  if (after !== before) replaceFile(path, after);
}

function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The same ports where they are free and distinct, others elsewhere. */
async function settlePorts(wanted: readonly number[]): Promise<number[]> {
  const isKept = await Promise.all(
    wanted.map(async (port, i) => wanted.indexOf(port) === i && (await isFree(port))),
  );
  const fresh = await freePorts(wanted.length);
  const spare = fresh.filter((port) => !wanted.includes(port));
  return wanted.map((port, i) => (isKept[i] ? port : (spare.shift() ?? 0)));
}

async function isFree(port: number): Promise<boolean> {
  if (!(port > 0 && port <= 65_535)) return false;
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch {
    return false; // taken, or not ours to take
  } finally {
    server.close();
  }
}
