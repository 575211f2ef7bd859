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
import {
  coordinatorPermissions,
  createNatsAuthority,
  createNatsUserKey,
  credsFile,
  hostPermissions,
  type NatsPermissions,
  openClock,
  openCrypto,
  openLog,
  openSigner,
  openSqliteStore,
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
import { CoordinatorRuntime } from "../../coordinator/src/runtime.ts";
import { startNats, until } from "../integration/nats-server.ts";
import { type HostOrder, type HostReport, type HostStart, monotonicMs } from "./host-line.ts";

const WAIT_MS = 10_000;

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

export interface MeshStand {
  readonly url: string;
  readonly kit: MeshKit;
  readonly hosts: readonly StandHost[];
  /** When the signals ledger last had a newer entry sealed. */
  readonly sealedMs: number;
  readonly sealedIndex: number;
  /** The coordinator's credentials file: it may publish into both journals. */
  readonly creds: string;
  /** Hands a command to the coordinator. @throws when it is not entered. */
  submit(command: Envelope, privates?: readonly PrivatePart[]): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Brings a mesh up until every host is ready and fresh. @param floorUrl where bare hops run */
export async function startMesh(count: number, floorUrl?: string): Promise<MeshStand> {
  const dir = mkdtempSync(join(tmpdir(), "ostraka-bench-"));
  const authority = createNatsAuthority("bench");
  const nats = await startNats(authority);
  const { kit, seeds } = newKit(count);
  const channels = channelsOf(kit.mesh);
  const issue = (name: string, permissions: NatsPermissions): string => {
    const folder = join(dir, name);
    mkdirSync(folder);
    const user = createNatsUserKey();
    const jwt = authority.issueUser({ name, publicKey: user.publicKey, permissions });
    writeSecretFile(join(folder, "nats.creds"), credsFile(jwt, user.seed));
    return folder;
  };
  const sealed = { ms: 0, index: 0 };
  const [middle] = kit.coordinators as [MeshKit["coordinators"][number]];
  const folder = issue(middle.name, coordinatorPermissions(channels, middle.signer.publicKey));
  const runtime = await startCoordinator(kit, folder, nats.url, sealed);
  await submitAll(runtime, kit);
  const hosts = kit.hosts.map(({ name, signer: { publicKey } }) =>
    startHost(kit, {
      name,
      folder: issue(name, hostPermissions(channels, publicKey)),
      url: nats.url,
      ...(floorUrl !== undefined && { floorUrl }),
      seed: Buffer.from(seeds.get(hex(publicKey)) as Bytes).toString("base64"),
    }),
  );
  const stop = async () => {
    for (const host of hosts) await host.close();
    await runtime.stop();
    await nats[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const isSettled = () => hosts.every((h) => h.isFresh) || hosts.some((h) => h.isEnded);
    await until(isSettled, "every sidecar is fresh", 60_000);
    const ended = hosts.find((host) => host.isEnded);
    if (ended !== undefined) throw new Error(`${ended.name} ended while it started`);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: nats.url,
    kit,
    hosts,
    get sealedMs() {
      return sealed.ms;
    },
    get sealedIndex() {
      return sealed.index;
    },
    creds: join(folder, "nats.creds"),
    submit: (command, privates = []) => submit(runtime, command, privates),
    [Symbol.asyncDispose]: stop,
  };
}

function newKit(hosts: number): { readonly kit: MeshKit; readonly seeds: Map<string, Bytes> } {
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
  });
  return { kit, seeds };
}

async function startCoordinator(
  kit: MeshKit,
  folder: string,
  url: string,
  sealed: { ms: number; index: number },
): Promise<CoordinatorRuntime> {
  const [{ name, signer }] = kit.coordinators as [MeshKit["coordinators"][number]];
  const store = join(folder, "state.sqlite");
  const listen = { listen: "127.0.0.1:0", tls: "" };
  const runtime = new CoordinatorRuntime({
    config: {
      ...{ name, store, genesis: "", signingKey: "" },
      nats: { urls: [url], creds: join(folder, "nats.creds"), replicas: 1 },
      ...{ api: listen, join: listen, ca: { certificate: "", key: "" }, natsAccount: { seed: "" } },
      log: { level: "warn" },
    },
    crypto: kit.crypto,
    genesis: kit.genesis,
    signer,
    store: openSqliteStore(store),
    clock: openClock(),
    log: openLog({ name, level: "warn" }),
    onPhase: () => noteSealed(runtime, sealed),
    onFailure: (error) => {
      throw error;
    },
  });
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
  const commands: Envelope[] = [document, activation];
  for (const host of kit.hosts) {
    const { grant, membership } = kit.join(host, nowMs);
    commands.push(grant, membership);
  }
  for (const command of commands) await submit(runtime, command);
}

async function submit(
  runtime: CoordinatorRuntime,
  command: Envelope,
  privates: readonly PrivatePart[] = [],
): Promise<void> {
  const answer = await runtime.submit(command, privates, WAIT_MS);
  if (answer.outcome !== "ok") throw new Error(`not taken: ${JSON.stringify(answer)}`);
}

function startHost(kit: MeshKit, start: Omit<HostStart, "genesis">): StandHost {
  const path = fileURLToPath(new URL("./children/sidecar-host.ts", import.meta.url));
  const genesis = encode(EnvelopeSchema, kit.genesis.envelope);
  const whole: HostStart = { ...start, genesis: Buffer.from(genesis).toString("base64") };
  const child = fork(path, [JSON.stringify(whole)]);
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
    close: () => close(child),
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

async function close(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.send({ type: "close" } satisfies HostOrder);
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await exit;
  clearTimeout(timer);
}
