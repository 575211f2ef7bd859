// The holders of a new mesh and their keys: two operators, three approvers in two groups, two
// authors, three roots, and the coordinators. Each key is new, has one use, and lies in a file of
// its own.

import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  coordinatorPermissions,
  createNatsUserKey,
  credsFile,
  generateKeyFile,
  type NatsAuthority,
  writeSecretFile,
} from "@ostraka/host";
import { certPublicKey, type MeshCa } from "@ostraka/host/mesh-ca";
import { type Bytes, type Channels, Role, type Signer } from "@ostraka/proto";
import type { MeshPaths } from "../mesh-dir.ts";

const PEOPLE = [
  { name: "olga", role: Role.OPERATOR },
  { name: "omar", role: Role.OPERATOR },
  { name: "ada", role: Role.APPROVER },
  { name: "rui", role: Role.APPROVER },
  { name: "sam", role: Role.APPROVER },
  { name: "pia", role: Role.AUTHOR },
  { name: "paul", role: Role.AUTHOR },
  { name: "root-1", role: Role.ROOT },
  { name: "root-2", role: Role.ROOT },
  { name: "root-3", role: Role.ROOT },
] as const;

export const GROUPS = [
  { name: "responders", holders: ["ada", "rui"] },
  { name: "security", holders: ["sam"] },
] as const;

export const ROOT_THRESHOLD = 2;
export const AUTHOR_THRESHOLD = 2;
/** Who signs the start commands. */
export const AUTHORS = PEOPLE.filter((p) => p.role === Role.AUTHOR).map((p) => p.name);

/** A holder whose keys exist. */
export interface KeyedHolder {
  readonly name: string;
  readonly role: Role;
  readonly signer: Signer;
  /** Its TLS and NATS keys, which may never sign. */
  readonly foreignKeys: readonly Bytes[];
}

/** Makes the keys of the people; roots stay offline and get no way into the admin API. */
export async function keyPeople(paths: MeshPaths, ca: MeshCa): Promise<KeyedHolder[]> {
  const holders: KeyedHolder[] = [];
  for (const { name, role } of PEOPLE) {
    const signer = generateKeyFile(paths.key(name));
    if (role === Role.ROOT) {
      holders.push({ name, role, signer, foreignKeys: [] });
      continue;
    }
    const { certPem, keyPem } = await ca.issue({ name, use: "client" });
    writeSecretFile(paths.tls(name), `${certPem.trimEnd()}\n${keyPem}`);
    holders.push({ name, role, signer, foreignKeys: [tlsKeyHash(certPem)] });
  }
  return holders;
}

export interface KeyedCoordinator extends KeyedHolder {
  /** Raw public key of its NATS user, and the seed of it. */
  readonly nats: { readonly publicKey: Uint8Array; readonly seed: string };
}

/** Makes the keys of the coordinators, each in its own folder. */
export async function keyCoordinators(
  paths: MeshPaths,
  ca: MeshCa,
  names: readonly string[],
): Promise<KeyedCoordinator[]> {
  const coordinators: KeyedCoordinator[] = [];
  for (const name of names) {
    const folder = paths.coordinator(name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const signer = generateKeyFile(join(folder, "signing.pem"));
    const { certPem, keyPem } = await ca.issue({ name, use: "both" });
    writeSecretFile(join(folder, "tls.pem"), `${certPem.trimEnd()}\n${keyPem}`);
    const nats = createNatsUserKey();
    const foreignKeys = [tlsKeyHash(certPem), new Uint8Array(nats.publicKey)];
    coordinators.push({ name, role: Role.COORDINATOR, signer, foreignKeys, nats });
  }
  return coordinators;
}

/**
 * Credentials name the mesh's channels, so they are written once the genesis has named the mesh.
 */
export function writeCoordinatorCreds(
  paths: MeshPaths,
  authority: NatsAuthority,
  channels: Channels,
  coordinators: readonly KeyedCoordinator[],
): void {
  for (const { name, signer, nats } of coordinators) {
    const permissions = coordinatorPermissions(channels, signer.publicKey);
    const jwt = authority.issueUser({ name, publicKey: nats.publicKey, permissions });
    const folder = paths.coordinator(name);
    writeSecretFile(join(folder, "nats.creds"), credsFile(jwt, nats.seed));
    // What lets a coordinator issue users to hosts that join.
    writeSecretFile(join(folder, "nats-account.seed"), authority.secretText());
  }
}

/** SHA-256 of the TLS public key (SPKI DER): how a roster names a key that may never sign. */
function tlsKeyHash(certPem: string): Bytes {
  return new Uint8Array(createHash("sha256").update(certPublicKey(certPem)).digest());
}
