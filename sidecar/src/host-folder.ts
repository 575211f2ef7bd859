// The folder of a host, `hosts/<name>` of a data directory: written whole and fsynced beside its
// place, then put there, so that one that has its name is complete. Owns what is in it and who may
// take it over.

import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { isName } from "@ostraka/agents/edge";
import { credsFile, genesisFileText, loadKeyFile, writeSecretFile } from "@ostraka/host";
import { type Bytes, equalBytes, hex, OstrakaError } from "@ostraka/proto";
import { stringify } from "yaml";
import { parseSidecarConfig } from "./config.ts";
import type { JoinAnswer } from "./join-answer.ts";
import type { JoiningKeys } from "./join-keys.ts";

/** By which join key the host came in. No secret. */
const JOINED_FILE = "joined.json";
const DEFAULT_SOURCES = [{ type: "auth-log", path: "/var/log/auth.log" }];

/** Parts of the written config.yaml: what the host watches, where its gate and `explain` listen. */
export interface HostSettings {
  readonly sources?: readonly object[];
  readonly gate?: object;
  readonly explain?: string;
}

export interface HostFolder {
  readonly name: string;
  readonly folder: string;
  readonly configPath: string;
  /** Control index of the membership. */
  readonly membershipIndex: number;
}

export interface NewHost {
  readonly dataDir: string;
  readonly keys: JoiningKeys;
  readonly answer: JoinAnswer;
  readonly joinKey: Bytes;
  readonly settings: HostSettings;
}

/** The host that an earlier run with this join key has written whole. */
export function findHostFolder(dataDir: string, joinKey: Bytes): HostFolder | undefined {
  const hosts = join(dataDir, "hosts");
  if (!existsSync(hosts)) return undefined;
  for (const name of readdirSync(hosts).filter(isName)) {
    const folder = join(hosts, name);
    const record = readRecord(join(folder, JOINED_FILE));
    if (record?.joinKey !== hex(joinKey)) continue;
    const { membershipIndex } = record;
    return { name, folder, configPath: join(folder, "config.yaml"), membershipIndex };
  }
  return undefined;
}

function readRecord(path: string): { joinKey: string; membershipIndex: number } | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined; // a damaged record is none: the mesh is asked, and answers the same
  }
}

/**
 * Writes the folder of a host that has joined; one that these keys have written already stands.
 * @throws OstrakaError OSTRAKA_DATA_MISMATCH when another host has that folder.
 */
export function writeHostFolder(host: NewHost): HostFolder {
  const { dataDir, keys, answer } = host;
  const { name, membershipIndex } = answer;
  const hosts = join(dataDir, "hosts");
  const folder = join(hosts, name);
  const written = { name, folder, configPath: join(folder, "config.yaml"), membershipIndex };
  mkdirSync(hosts, { recursive: true, mode: 0o700 });
  if (existsSync(folder)) {
    // An earlier run got this far and was cut off before it could forget its keys.
    if (isFolderOf(folder, keys)) return written;
    throw new OstrakaError(
      "OSTRAKA_DATA_MISMATCH",
      `${folder} belongs to another host of that name: move it away, then join again`,
    );
  }
  const making = join(hosts, `.${name}.${randomBytes(4).toString("hex")}`);
  mkdirSync(making, { mode: 0o700 });
  try {
    for (const [file, text] of filesOf(host)) writeSecretFile(join(making, file), text);
    syncFolder(making);
    renameSync(making, folder);
    syncFolder(hosts);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    throw error;
  }
  return written;
}

function isFolderOf(folder: string, keys: JoiningKeys): boolean {
  const path = join(folder, "signing.pem");
  return existsSync(path) && equalBytes(loadKeyFile(path).publicKey, keys.signer.publicKey);
}

function filesOf(host: NewHost): readonly (readonly [string, string])[] {
  const { keys, answer, joinKey } = host;
  const { mesh, genesis, meshName, certificate, caCertificate, natsJwt, natsCa } = answer;
  const { membershipIndex } = answer;
  return [
    ["signing.pem", keys.signingPem],
    ["tls.pem", `${certificate.trimEnd()}\n${keys.tlsKeyPem.trimEnd()}\n`],
    ["ca.pem", `${caCertificate.trimEnd()}\n`],
    ["nats.creds", credsFile(natsJwt, keys.natsSeed)],
    ...(natsCa === "" ? [] : [["nats-ca.pem", `${natsCa.trimEnd()}\n`] as const]),
    ["genesis.json", genesisFileText(mesh, meshName, genesis)],
    ["config.yaml", configText(host)],
    [JOINED_FILE, `${JSON.stringify({ joinKey: hex(joinKey), membershipIndex })}\n`],
  ];
}

function configText({ answer, settings }: NewHost): string {
  const { sources = DEFAULT_SOURCES, gate = {}, explain } = settings;
  const text = stringify({
    name: answer.name,
    genesis: "genesis.json",
    signingKey: "signing.pem",
    store: "state.sqlite",
    nats: {
      urls: answer.natsUrls,
      creds: "nats.creds",
      ...(answer.natsCa !== "" && { ca: "nats-ca.pem" }),
    },
    sources,
    gate,
    ...(explain !== undefined && { explain }),
  });
  // What is written must be what can be read.
  parseSidecarConfig(text, "config.yaml");
  return text;
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
