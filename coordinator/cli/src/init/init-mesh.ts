// Makes the data directory of a new mesh: genesis, keys, certificates, NATS, configurations, the
// default policy ready to be submitted. mesh.json comes LAST: a directory without it is no mesh.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DEFAULT_POLICY_YAML, isName, policySchema } from "@ostraka/agents/node";
import { createNatsAuthority, genesisFileText, openCrypto, writeSecretFile } from "@ostraka/host";
import { createMeshCa } from "@ostraka/host/mesh-ca";
import { channelsOf, type MeshId } from "@ostraka/proto";
import { stringify } from "yaml";
import { usage } from "../failure.ts";
import { type MeshFile, type MeshPaths, pathsOf } from "../mesh-dir.ts";
import { freePorts } from "./free-ports.ts";
import { makeGenesis } from "./genesis.ts";
import { keyCoordinators, keyPeople, writeCoordinatorCreds } from "./holders.ts";
import { keyNats, writeServerConfigs } from "./nats-files.ts";
import { writeStartCommands } from "./start-commands.ts";

const SIDECARS_MAX = 100;

export interface InitOptions {
  /** Made if absent; must be empty. */
  readonly dir: string;
  readonly coordinators: 1 | 3;
  /** NATS servers; default 1. Three form a cluster that holds each journal three times. */
  readonly nats?: 1 | 3;
  /** How many hosts the mesh is meant for: names the default fault domains. */
  readonly sidecars: number;
  readonly meshName?: string;
  /** Fault domains; by default one a host, `host-1` and so on. */
  readonly domains?: readonly string[];
  readonly nowMs?: number;
}

export interface InitResult {
  readonly dir: string;
  readonly mesh: MeshId;
  readonly meshName: string;
  readonly file: MeshFile;
}

/**
 * Makes a mesh.
 * @throws OstrakaError OSTRAKA_USAGE: the directory is not empty, or a name or number cannot be.
 */
export async function initMesh(options: InitOptions): Promise<InitResult> {
  const dir = resolve(options.dir);
  const { meshName = "local" } = options;
  const domains = checkWishes(options, meshName);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const [found] = readdirSync(dir);
  if (found !== undefined) {
    throw usage(`${dir} is not empty (it holds ${found}): name another directory with --data`);
  }
  try {
    return await fill(pathsOf(dir), { ...options, meshName, domains });
  } catch (error) {
    // It was empty: what lies there now is ours and half made.
    for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true });
    throw error;
  }
}

function checkWishes(options: InitOptions, meshName: string): readonly string[] {
  const { coordinators, sidecars, nats = 1 } = options;
  if (coordinators !== 1 && coordinators !== 3) {
    throw usage(`${coordinators} coordinators cannot be: a mesh has 1 or 3`);
  }
  if (nats !== 1 && nats !== 3) throw usage(`${nats} NATS servers cannot be: a mesh has 1 or 3`);
  if (!Number.isSafeInteger(sidecars) || sidecars < 1 || sidecars > SIDECARS_MAX) {
    throw usage(`${sidecars} hosts cannot be: name a number from 1 to ${SIDECARS_MAX}`);
  }
  const domains = options.domains ?? hostNames(sidecars);
  const bad = [meshName, ...domains].find((name) => !isName(name));
  if (bad !== undefined) {
    throw usage(
      `"${bad.slice(0, 80)}" is no name: use lower-case letters, digits, dot, dash, underscore`,
    );
  }
  const twice = domains.find((name, i) => domains.indexOf(name) !== i);
  if (twice !== undefined) throw usage(`fault domain "${twice}" is named twice: name it once`);
  if (domains.length === 0) throw usage("a mesh needs a fault domain: name one with --domains");
  return domains;
}

/** `host-1` … `host-N`. */
function hostNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `host-${i + 1}`);
}

type Wishes = InitOptions & { readonly meshName: string; readonly domains: readonly string[] };

async function fill(paths: MeshPaths, wishes: Wishes): Promise<InitResult> {
  const { meshName, domains, sidecars, nowMs = Date.now() } = wishes;
  const folders = [paths.keys, paths.ca, paths.nats, paths.hosts, paths.coordinators];
  for (const folder of folders) mkdirSync(folder, { mode: 0o700 });
  const crypto = openCrypto();
  const ca = await createMeshCa(meshName, nowMs);
  writeFileSync(paths.caCertificate, ca.certPem);
  writeSecretFile(paths.caKey, ca.keyPem);
  const people = await keyPeople(paths, ca);
  const names = Array.from({ length: wishes.coordinators }, (_, i) => `coordinator-${i + 1}`);
  const coordinators = await keyCoordinators(paths, ca, names);
  const { mesh, envelope } = makeGenesis(crypto, {
    meshName,
    holders: [...people, ...coordinators],
    faultDomains: domains,
    caFingerprint: ca.fingerprint,
  });
  writeFileSync(paths.genesis, genesisFileText(mesh, meshName, envelope));
  const authority = createNatsAuthority(meshName);
  await keyNats(paths, ca, authority);
  writeCoordinatorCreds(paths, authority, channelsOf(mesh), coordinators);
  const file = await chooseAddresses(names, wishes.nats ?? 1, sidecars);
  writeServerConfigs(paths, authority, meshName, file);
  for (const address of file.coordinators) {
    const config = coordinatorConfig(address.name, address.api, address.join, file.nats);
    writeFileSync(join(paths.coordinator(address.name), "config.yaml"), stringify(config));
  }
  writeFileSync(paths.policy, DEFAULT_POLICY_YAML);
  // For editors: the document names it in its first lines.
  writeFileSync(paths.policySchema, json(policySchema()));
  writeStartCommands(crypto, paths.dir, mesh, nowMs);
  writeFileSync(paths.mesh, json(file));
  return { dir: paths.dir, mesh, meshName, file };
}

async function chooseAddresses(
  names: readonly string[],
  servers: 1 | 3,
  sidecars: number,
): Promise<MeshFile> {
  const routes = servers === 1 ? 0 : servers;
  const ports = await freePorts(servers + routes + 2 * names.length);
  const next = () => `127.0.0.1:${ports.shift()}`;
  const nats = Array.from({ length: servers }, () => `tls://${next()}`);
  const natsRoutes = Array.from({ length: routes }, next);
  const coordinators = names.map((name) => ({ name, api: next(), join: next() }));
  return { coordinators, nats, ...(routes > 0 && { natsRoutes }), sidecars };
}

/** What a coordinator reads; its paths are relative to its file. */
function coordinatorConfig(name: string, api: string, join: string, nats: readonly string[]) {
  return {
    name,
    genesis: "../../genesis.json",
    signingKey: "signing.pem",
    store: "state.sqlite",
    nats: {
      urls: [...nats],
      creds: "nats.creds",
      ca: "../../ca/ca.pem",
      replicas: nats.length,
    },
    api: { listen: api, tls: "tls.pem" },
    join: { listen: join },
    ca: { certificate: "../../ca/ca.pem", key: "../../ca/ca-key.pem" },
    natsAccount: { seed: "nats-account.seed" },
    log: { level: "info" },
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
