// Addresses of an embedded mesh: everything on 127.0.0.1. Keeps the ports of the last run where
// they are still free, takes new ones where they are not, and writes them into every file that
// names them.

import { once } from "node:events";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { freePorts } from "../init/free-ports.ts";
import type { MeshFile, MeshPaths } from "../mesh-dir.ts";
import type { HostPorts } from "./up-state.ts";

/** How the processes reach NATS. */
export interface NatsAccess {
  readonly url: string;
  /** Credentials that somebody else's server wants instead of ours. */
  readonly credsFile?: string;
}

/**
 * Picks ports that are free now, and writes mesh.json, the coordinators' and the server's files.
 */
export async function settleAddresses(paths: MeshPaths, file: MeshFile): Promise<MeshFile> {
  const known = [
    portOf(file.nats[0] ?? ""),
    ...file.coordinators.flatMap(({ api, join: door }) => [portOf(api), portOf(door)]),
  ];
  const ports = await settlePorts(known);
  if (ports.every((port, i) => port === known[i])) return file;
  const at = (i: number) => `127.0.0.1:${ports[i]}`;
  const coordinators = file.coordinators.map(({ name }, i) => ({
    name,
    api: at(1 + 2 * i),
    join: at(2 + 2 * i),
  }));
  const settled = { coordinators, nats: [`nats://${at(0)}`], sidecars: file.sidecars };
  const conf = join(paths.nats, "server.conf");
  const text = readFileSync(conf, "utf8").replace(/^port: \d+$/m, `port: ${ports[0]}`);
  replaceFile(conf, text);
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
    nats: natsPart(nats),
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
    sources: [{ type: "auth-log", path: host.log, ...zone }],
    gate: { host: "127.0.0.1", port: gate, trustedProxies: ["127.0.0.1"] },
    explain: `127.0.0.1:${explain}`,
  }));
  return path;
}

function natsPart({ url, credsFile = "nats.creds" }: NatsAccess) {
  return { urls: [url], creds: credsFile };
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

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
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
