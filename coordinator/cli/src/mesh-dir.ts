// The data directory of a mesh: where each file lies, and reading mesh.json. Must never follow a
// path out of what it read without saying which file named it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isName } from "@ostraka/agents/node";
import { LIMITS, OstrakaError } from "@ostraka/proto";

export interface CoordinatorAddress {
  readonly name: string;
  /** `host:port` of the admin API. */
  readonly api: string;
  /** `host:port` of the listener that lets hosts in. */
  readonly join: string;
}

/** mesh.json: shape and addresses. Written LAST by `init`: where it is, the directory is whole. */
export interface MeshFile {
  readonly coordinators: readonly CoordinatorAddress[];
  readonly nats: readonly string[];
  /** `host:port` where each NATS server takes routes of the others; only in a cluster. */
  readonly natsRoutes?: readonly string[];
  /** How many sidecars the mesh was made for. */
  readonly sidecars: number;
}

/**
 * Paths inside a data directory. Names of people, coordinators and hosts are checked BEFORE use.
 */
export function pathsOf(dir: string) {
  return {
    dir,
    genesis: join(dir, "genesis.json"),
    mesh: join(dir, "mesh.json"),
    policy: join(dir, "policy.yaml"),
    policySchema: join(dir, "policy.schema.json"),
    pending: join(dir, "pending"),
    keys: join(dir, "keys"),
    ca: join(dir, "ca"),
    caCertificate: join(dir, "ca", "ca.pem"),
    caKey: join(dir, "ca", "ca-key.pem"),
    nats: join(dir, "nats"),
    natsAuthority: join(dir, "nats", "authority.json"),
    natsTls: join(dir, "nats", "tls.pem"),
    /** Folder of a NATS server by its place: a single one has all of `nats` for itself. */
    natsServer: (i: number, servers: number) =>
      servers === 1 ? join(dir, "nats") : join(dir, "nats", natsName(i)),
    hosts: join(dir, "hosts"),
    coordinators: join(dir, "coordinators"),
    key: (name: string) => join(dir, "keys", `${checked(name)}.pem`),
    tls: (name: string) => join(dir, "keys", `${checked(name)}.tls.pem`),
    coordinator: (name: string) => join(dir, "coordinators", checked(name)),
    host: (name: string) => join(dir, "hosts", checked(name)),
  } as const;
}

/** `nats-1`, as its cluster and the narration call it. */
export function natsName(i: number): string {
  return `nats-${i + 1}`;
}

export type MeshPaths = ReturnType<typeof pathsOf>;

function checked(name: string): string {
  if (isName(name)) return name;
  throw new OstrakaError(
    "OSTRAKA_USAGE",
    `${JSON.stringify(name.slice(0, 80))} is no name: use lower-case letters, digits, dot, dash`,
  );
}

/** Reads mesh.json. @throws OstrakaError OSTRAKA_NOT_FOUND or OSTRAKA_DATA_INVALID. */
export function readMeshFile(dir: string): MeshFile {
  const path = pathsOf(dir).mesh;
  const value = readJson(path, `${dir} holds no mesh: run \`ostraka init --data ${dir}\` first`);
  const { coordinators, nats, natsRoutes, sidecars } = value as Partial<MeshFile>;
  const isWhole =
    Array.isArray(coordinators) &&
    coordinators.every((c) => [c?.name, c?.api, c?.join].every((t) => typeof t === "string")) &&
    Array.isArray(nats) &&
    nats.every((url) => typeof url === "string" && URL.canParse(url)) &&
    (natsRoutes === undefined || isRoutes(natsRoutes, nats.length)) &&
    typeof sidecars === "number";
  if (!isWhole) throw damaged(path);
  return { coordinators, nats, ...(natsRoutes !== undefined && { natsRoutes }), sidecars };
}

function isRoutes(value: unknown, servers: number): boolean {
  return (
    Array.isArray(value) &&
    value.length === servers &&
    value.every((text) => typeof text === "string")
  );
}

function readJson(path: string, absent: string): object {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new OstrakaError("OSTRAKA_NOT_FOUND", absent, { cause: error });
  }
  try {
    const value: unknown = text.length > LIMITS.messageBytesMax ? undefined : JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Falls through to one sentence.
  }
  throw damaged(path);
}

function damaged(path: string): OstrakaError {
  return new OstrakaError(
    "OSTRAKA_DATA_INVALID",
    `${path} is damaged or no file of ostraka's: restore it from a copy`,
  );
}
