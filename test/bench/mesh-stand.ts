// A real mesh for measurements: nats-server in operator mode, a coordinator on its own runtime,
// and hosts in processes of their own. No gate and no source: events are handed in, so that the
// clock can start at the evidence.

import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SubmissionAnswer } from "@ostraka/agents/node";
import {
  coordinatorPermissions,
  createNatsAuthority,
  createNatsUserKey,
  credsFile,
  hostPermissions,
  type NatsPermissions,
  openCrypto,
  openSigner,
  writeSecretFile,
} from "@ostraka/host";
import {
  type Bytes,
  channelsOf,
  type Envelope,
  EnvelopeSchema,
  encode,
  hex,
  Ledger,
  type PrivatePart,
} from "@ostraka/proto";
import { MeshKit } from "../../agents/testkit/mesh-kit.ts";
import type { CoordinatorRuntime } from "../../coordinator/src/runtime.ts";
import { NatsCluster } from "../integration/nats-cluster.ts";
import { startNats, until } from "../integration/nats-server.ts";
import { benchCoordinator } from "./bench-coordinator.ts";
import {
  type CoordinatorStart,
  type HostOrder,
  type HostPlace,
  type HostReport,
  type HostStart,
  monotonicMs,
} from "./host-line.ts";

const WAIT_MS = 30_000;
/** Hosts that join at a time. */
const JOINS_AT_ONCE = 50;
/** A mesh has many hosts and few racks. */
const DOMAINS_MAX = 16;

/** One host's process and what it has told. */
export interface StandHost {
  readonly name: string;
  readonly folder: string;
  readonly seed: Bytes;
  isFresh: boolean;
  isEnded: boolean;
  /** Of the last `attack` or `floor`. */
  sentMs: number | undefined;
  heardMs: number | undefined;
  readonly enforcedMs: Map<string, number>;
  order(order: HostOrder): void;
  close(): Promise<void>;
}

/** A command that stands under a majority's seals. */
export type EnteredCommand = SubmissionAnswer & { readonly outcome: "ok" };

export interface StandOptions {
  /** Where bare hops run, for hosts that take part in them. */
  readonly floorUrl?: string;
  /** Three of them stand on three NATS servers; the first runs in this process. Default 1. */
  readonly coordinators?: 1 | 3;
  /** Hosts are members, and no process runs: whoever measures speaks for them. */
  readonly isHostless?: boolean;
}

export interface MeshStand {
  readonly url: string;
  readonly urls: readonly string[];
  readonly kit: MeshKit;
  /** The coordinator of this process. */
  readonly runtime: CoordinatorRuntime;
  readonly hosts: readonly StandHost[];
  /** When the signals ledger last had a newer entry sealed. */
  readonly sealedMs: number;
  readonly sealedIndex: number;
  /** The coordinator's credentials file: it may publish into both journals. */
  readonly creds: string;
  /** Credentials of somebody who may do everything, for floors on the same servers. */
  readonly floorCreds: string;
  /** Where hosts of the mesh would come up, each with a folder and credentials of its own. */
  places(): readonly HostPlace[];
  /** Hands a command to the coordinator. @throws when it is not entered. */
  submit(command: Envelope, privates?: readonly PrivatePart[]): Promise<EnteredCommand>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Brings a mesh up until every host is ready and fresh. */
export async function startMesh(count: number, options: StandOptions = {}): Promise<MeshStand> {
  const { floorUrl, coordinators = 1, isHostless = false } = options;
  const dir = mkdtempSync(join(tmpdir(), "ostraka-bench-"));
  const authority = createNatsAuthority("bench");
  const nats = await startServers(authority, coordinators);
  const { kit, seeds } = newKit(count, coordinators);
  const channels = channelsOf(kit.mesh);
  const seedOf = (key: Bytes) => Buffer.from(seeds.get(hex(key)) as Bytes).toString("base64");
  const issue = (name: string, permissions: NatsPermissions): string => {
    const folder = join(dir, name);
    mkdirSync(folder);
    const user = createNatsUserKey();
    const jwt = authority.issueUser({ name, publicKey: user.publicKey, permissions });
    writeSecretFile(join(folder, "nats.creds"), credsFile(jwt, user.seed));
    return folder;
  };
  const places = () =>
    kit.hosts.map(({ name, signer: { publicKey } }): HostPlace => {
      const folder = issue(name, hostPermissions(channels, publicKey));
      return { name, folder, seed: seedOf(publicKey) };
    });
  const starts = kit.coordinators.map(({ name, signer: { publicKey } }): CoordinatorStart => {
    const folder = issue(name, coordinatorPermissions(channels, publicKey));
    const genesis = genesisText(kit);
    return {
      name,
      folder,
      urls: nats.urls,
      seed: seedOf(publicKey),
      genesis,
      replicas: coordinators,
    };
  });
  const [first, ...others] = starts as [CoordinatorStart, ...CoordinatorStart[]];
  const colleagues = others.map((start) => forkChild("coordinator-host.ts", start));
  const hosts: StandHost[] = [];
  const sealed = { ms: 0, index: 0 };
  const runtime = await startCoordinator(kit, first, sealed);
  const stop = async () => {
    for (const host of hosts) await host.close();
    for (const colleague of colleagues) await endChild(colleague);
    await runtime.stop();
    await nats[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    await submitAll(runtime, kit);
    for (const place of isHostless ? [] : places()) {
      const at = { ...place, url: nats.url };
      hosts.push(startHost(kit, { ...at, ...(floorUrl !== undefined && { floorUrl }) }));
    }
    const isSettled = () => hosts.every((h) => h.isFresh) || hosts.some((h) => h.isEnded);
    await until(isSettled, "every sidecar is fresh", 60_000);
    const ended = hosts.find((host) => host.isEnded);
    if (ended !== undefined) throw new Error(`${ended.name} ended while it started`);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...{ url: nats.url, urls: nats.urls, kit, runtime, hosts, places },
    get sealedMs() {
      return sealed.ms;
    },
    get sealedIndex() {
      return sealed.index;
    },
    creds: join(first.folder, "nats.creds"),
    floorCreds: join(issue("floor", { publish: [">"], subscribe: [">"] }), "nats.creds"),
    submit: (command, privates = []) => submit(runtime, command, privates),
    [Symbol.asyncDispose]: stop,
  };
}

async function startServers(
  authority: ReturnType<typeof createNatsAuthority>,
  count: 1 | 3,
): Promise<AsyncDisposable & { readonly url: string; readonly urls: readonly string[] }> {
  if (count === 1) {
    const nats = await startNats(authority);
    return {
      url: nats.url,
      urls: [nats.url],
      [Symbol.asyncDispose]: () => nats[Symbol.asyncDispose](),
    };
  }
  const cluster = await NatsCluster.start({ authority });
  const [url] = cluster.urls as [string];
  return { url, urls: cluster.urls, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
}

export function genesisText(kit: MeshKit): string {
  return Buffer.from(encode(EnvelopeSchema, kit.genesis.envelope)).toString("base64");
}

function newKit(
  hosts: number,
  coordinators: number,
): { readonly kit: MeshKit; readonly seeds: Map<string, Bytes> } {
  const seeds = new Map<string, Bytes>();
  const kit = new MeshKit({
    crypto: openCrypto(),
    openSigner: (seed) => {
      const signer = openSigner(seed);
      seeds.set(hex(signer.publicKey), seed);
      return signer;
    },
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    hosts,
    coordinators,
    changeRoster: (roster) => {
      roster.faultDomains = roster.faultDomains.slice(0, DOMAINS_MAX);
    },
  });
  return { kit, seeds };
}

async function startCoordinator(
  kit: MeshKit,
  start: CoordinatorStart,
  sealed: { ms: number; index: number },
): Promise<CoordinatorRuntime> {
  const { crypto, genesis } = kit;
  const parts = { crypto, genesis, start, onPhase: () => noteSealed(runtime, sealed) };
  const runtime = benchCoordinator(parts);
  await runtime.start();
  await until(() => runtime.isTaking, "the coordinator takes commands");
  return runtime;
}

function noteSealed(runtime: CoordinatorRuntime, sealed: { ms: number; index: number }): void {
  const index = Number(runtime.node.status(Ledger.SIGNALS).sealed?.head.index ?? 0);
  if (index === sealed.index) return;
  sealed.index = index;
  sealed.ms = monotonicMs();
}

/** The policy, then every host: a grant of two operators, so that each is a witness. */
async function submitAll(runtime: CoordinatorRuntime, kit: MeshKit): Promise<void> {
  const nowMs = Date.now();
  const { document, activation } = kit.policy(1, nowMs);
  for (const command of [document, activation]) await submit(runtime, command);
  for (let from = 0; from < kit.hosts.length; from += JOINS_AT_ONCE) {
    const joins = kit.hosts.slice(from, from + JOINS_AT_ONCE).map((host, i) => {
      const domain = `rack-${((from + i) % DOMAINS_MAX) + 1}`;
      return kit.join({ ...host, domain }, nowMs);
    });
    await Promise.all(joins.map(({ grant }) => submit(runtime, grant)));
    await Promise.all(joins.map(({ membership }) => submit(runtime, membership)));
  }
}

async function submit(
  runtime: CoordinatorRuntime,
  command: Envelope,
  privates: readonly PrivatePart[] = [],
): Promise<EnteredCommand> {
  const answer = await runtime.submit(command, privates, WAIT_MS);
  if (answer.outcome !== "ok") throw new Error(`not taken: ${JSON.stringify(answer)}`);
  return answer;
}

export function forkChild(file: string, start: object): ChildProcess {
  const path = fileURLToPath(new URL(`./children/${file}`, import.meta.url));
  return fork(path, [JSON.stringify(start)]);
}

function startHost(kit: MeshKit, start: Omit<HostStart, "genesis">): StandHost {
  const child = forkChild("sidecar-host.ts", { ...start, genesis: genesisText(kit) });
  const host: StandHost = {
    name: start.name,
    folder: start.folder,
    seed: new Uint8Array(Buffer.from(start.seed, "base64")),
    isFresh: false,
    isEnded: false,
    sentMs: undefined,
    heardMs: undefined,
    enforcedMs: new Map(),
    order: (order) => child.send(order),
    close: () => endChild(child),
  };
  child.on("exit", () => {
    host.isEnded = true;
  });
  child.on("message", (report: HostReport) => onReport(host, report));
  return host;
}

function onReport(host: StandHost, report: HostReport): void {
  if (report.type === "fresh") host.isFresh = true;
  else if (report.type === "sent") host.sentMs = report.atMs;
  else if (report.type === "heard") host.heardMs = report.atMs;
  else host.enforcedMs.set(report.subject, report.atMs);
}

export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.send({ type: "close" } satisfies HostOrder);
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await exit;
  clearTimeout(timer);
}
