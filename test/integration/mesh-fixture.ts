// A mesh for tests: keys, CA, NATS authority and server, and coordinators as child processes over
// a data directory laid out as `init` lays it out. Owns what it starts and removes it all when
// disposed of.

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { OpenedGenesis } from "@ostraka/agents/node";
import { type AdminClient, connectAdmin } from "@ostraka/coordinator";
import {
  type Bus,
  connectBus,
  coordinatorPermissions,
  createNatsAuthority,
  createNatsUserKey,
  credsFile,
  inboxPrefix,
  keyPem,
  type NatsAuthority,
  openCrypto,
  openLog,
  openSigner,
  writeSecretFile,
} from "@ostraka/host";
import { createMeshCa, type MeshCa } from "@ostraka/host/mesh-ca";
import {
  type Crypto,
  channelsOf,
  type Envelope,
  EnvelopeSchema,
  encode,
  OstrakaError,
  type PrivatePart,
  type Signer,
} from "@ostraka/proto";
import { Outcome, type SubmitResponse } from "@ostraka/proto/gen/admin";
import { MeshCommands, makeGenesis, PEOPLE } from "./mesh-commands.ts";
import { startNats, type TestNats } from "./nats-server.ts";

const READY_MS_MAX = 20_000;
const LOG_KEPT = 200_000;
const COORDINATOR_MAIN = fileURLToPath(new URL("../../coordinator/src/main.ts", import.meta.url));

export interface MeshOptions {
  readonly coordinators?: 1 | 3;
  /** Default `rack-1` to `rack-3`. */
  readonly faultDomains?: readonly string[];
}

export interface TestCoordinator {
  /** `host:port` of its listeners. */
  readonly api: string;
  readonly join: string;
  /** A client with the certificate of `olga`. */
  readonly admin: AdminClient;
  readonly child: ChildProcess;
  /** What it wrote to stderr, cut at the front. */
  log(): string;
  /** Sends a signal and waits for the end. @returns the exit code; null after a kill. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export class MeshFixture {
  readonly dir: string;
  readonly crypto: Crypto;
  readonly authority: NatsAuthority;
  readonly ca: MeshCa;
  readonly nats: TestNats;
  readonly genesis: OpenedGenesis;
  readonly commands: MeshCommands;
  readonly #seeds: ReadonlyMap<string, Uint8Array>;
  readonly #running = new Set<TestCoordinator>();

  private constructor(parts: {
    readonly dir: string;
    readonly authority: NatsAuthority;
    readonly ca: MeshCa;
    readonly nats: TestNats;
    readonly coordinators: readonly string[];
    readonly faultDomains: readonly string[];
  }) {
    const { coordinators, faultDomains } = parts;
    this.dir = parts.dir;
    this.authority = parts.authority;
    this.ca = parts.ca;
    this.nats = parts.nats;
    this.crypto = openCrypto();
    const names = [...PEOPLE.map(([name]) => name), ...coordinators];
    this.#seeds = new Map(names.map((name) => [name, new Uint8Array(randomBytes(32))]));
    const signer = (name: string) => this.signer(name);
    this.genesis = makeGenesis(this.crypto, this.ca, signer, coordinators, faultDomains);
    this.commands = new MeshCommands(this.crypto, this.genesis.mesh, signer);
  }

  /** Makes a mesh and starts its NATS server; no coordinator runs yet. */
  static async make(options: MeshOptions = {}): Promise<MeshFixture> {
    const count = options.coordinators ?? 1;
    const coordinators = Array.from({ length: count }, (_, i) => `coordinator-${i + 1}`);
    const faultDomains = options.faultDomains ?? ["rack-1", "rack-2", "rack-3"];
    const authority = createNatsAuthority("test");
    const ca = await createMeshCa("test");
    const nats = await startNats(authority);
    const dir = mkdtempSync(join(tmpdir(), "ostraka-mesh-"));
    const fixture = new MeshFixture({ dir, authority, ca, nats, coordinators, faultDomains });
    fixture.#writeShared();
    for (const name of coordinators) await fixture.#writeCoordinator(name);
    return fixture;
  }

  /** Signing key of a person or a coordinator, by holder name. */
  signer(name: string): Signer {
    const seed = this.#seeds.get(name);
    if (seed === undefined) throw new Error(`nobody is called ${name}`);
    return openSigner(seed);
  }

  /**
   * Starts a coordinator and waits until it says that it is ready.
   * @param main entry of its process: that of another release, to run the two side by side.
   */
  async startCoordinator(
    name = "coordinator-1",
    env: Readonly<Record<string, string>> = {},
    main = COORDINATOR_MAIN,
  ): Promise<TestCoordinator> {
    const config = join(this.dir, "coordinators", name, "config.yaml");
    const child = spawn(process.execPath, [main, "--config", config], {
      env: { PATH: process.env["PATH"], NODE_ENV: "test", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = `${said}${chunk.toString("utf8")}`.slice(-LOG_KEPT);
    });
    const { api, join: joinAt } = await readyLine(child, () => said);
    const admin = await this.connect([api]);
    const coordinator: TestCoordinator = {
      api,
      join: joinAt,
      admin,
      child,
      log: () => said,
      end: async (signal) => {
        this.#running.delete(coordinator);
        admin.close();
        if (child.exitCode === null && child.signalCode === null) {
          const exit = once(child, "exit");
          child.kill(signal);
          await exit;
        }
        return child.exitCode;
      },
    };
    this.#running.add(coordinator);
    return coordinator;
  }

  /** A client of the admin API with a new certificate of the mesh CA. */
  async connect(addresses: readonly string[], name = "olga"): Promise<AdminClient> {
    const { certPem, keyPem: key } = await this.ca.issue({ name, use: "client" });
    return connectAdmin({ addresses, ca: this.ca.certPem, certificate: certPem, key });
  }

  /** NATS credentials that may do what a coordinator may. */
  natsCreds(): string {
    const { publicKey } = this.signer("coordinator-1");
    return this.#natsCreds("watcher", publicKey);
  }

  /** A bus with a coordinator's rights; the caller closes it. */
  watch(): Promise<Bus> {
    return connectBus({
      urls: [this.nats.url],
      creds: this.natsCreds(),
      name: "watcher",
      inboxPrefix: inboxPrefix(this.signer("coordinator-1").publicKey),
      log: openLog({ name: "watcher", level: "fatal" }),
    });
  }

  /** Ends every coordinator and NATS, and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((coordinator) => coordinator.end("SIGKILL")));
    await this.nats[Symbol.asyncDispose]();
    rmSync(this.dir, { recursive: true, force: true });
  }

  #writeShared(): void {
    const { mesh, envelope } = this.genesis;
    const text = Buffer.from(encode(EnvelopeSchema, envelope)).toString("base64");
    const saved = { mesh, name: "test", envelope: text };
    writeFileSync(join(this.dir, "genesis.json"), `${JSON.stringify(saved)}\n`);
    mkdirSync(join(this.dir, "ca"));
    writeFileSync(join(this.dir, "ca", "ca.pem"), this.ca.certPem);
    writeSecretFile(join(this.dir, "ca", "ca-key.pem"), this.ca.keyPem);
  }

  async #writeCoordinator(name: string): Promise<void> {
    const dir = join(this.dir, "coordinators", name);
    mkdirSync(dir, { recursive: true });
    const seed = this.#seeds.get(name) as Uint8Array;
    const { certPem, keyPem: key } = await this.ca.issue({ name, use: "both" });
    writeSecretFile(join(dir, "signing.pem"), keyPem(seed));
    writeSecretFile(join(dir, "tls.pem"), `${certPem.trimEnd()}\n${key}`);
    writeSecretFile(join(dir, "nats.creds"), this.#natsCreds(name, this.signer(name).publicKey));
    writeSecretFile(join(dir, "nats-account.seed"), this.authority.secretText());
    const config = {
      name,
      genesis: "../../genesis.json",
      signingKey: "signing.pem",
      store: "state.sqlite",
      nats: { urls: [this.nats.url], creds: "nats.creds" },
      api: { listen: "127.0.0.1:0", tls: "tls.pem" },
      join: { listen: "127.0.0.1:0" },
      ca: { certificate: "../../ca/ca.pem", key: "../../ca/ca-key.pem" },
      natsAccount: { seed: "nats-account.seed" },
      log: { level: "info" },
    };
    writeFileSync(join(dir, "config.yaml"), JSON.stringify(config));
  }

  #natsCreds(name: string, coordinatorKey: Uint8Array): string {
    const user = createNatsUserKey();
    const permissions = coordinatorPermissions(channelsOf(this.genesis.mesh), coordinatorKey);
    const jwt = this.authority.issueUser({ name, publicKey: user.publicKey, permissions });
    return credsFile(jwt, user.seed);
  }
}

/** Submits until the outcome is known: what a client does with UNKNOWN. */
export async function submit(
  admin: AdminClient,
  command: Envelope,
  privates: readonly PrivatePart[] = [],
): Promise<SubmitResponse> {
  const deadline = performance.now() + READY_MS_MAX;
  for (;;) {
    const request = { command, privates: [...privates], waitMs: 5_000 };
    try {
      const answer = await admin.command.submit(request);
      if (answer.outcome !== Outcome.UNKNOWN) return answer;
    } catch (error) {
      const isRetried = error instanceof OstrakaError && error.code === "OSTRAKA_UNREACHABLE";
      if (!isRetried || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (performance.now() > deadline) throw new Error("waited in vain for an outcome");
  }
}

/** Submits and expects OK. @returns the answer. */
export async function submitOk(
  admin: AdminClient,
  command: Envelope,
  privates: readonly PrivatePart[] = [],
): Promise<SubmitResponse> {
  const answer = await submit(admin, command, privates);
  if (answer.outcome !== Outcome.OK) throw new Error(`refused: ${answer.code}`);
  return answer;
}

/** Resolves when an asynchronous look says so. */
export async function eventually(
  isSo: () => Promise<boolean>,
  what: string,
  timeMsMax = READY_MS_MAX,
): Promise<void> {
  const deadline = performance.now() + timeMsMax;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function readyLine(
  child: ChildProcess,
  said: () => string,
): Promise<{ readonly api: string; readonly join: string }> {
  return new Promise((resolve, fail) => {
    const timer = setTimeout(() => fail(new Error(`not ready: ${said()}`)), READY_MS_MAX);
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      if (!text.includes("\n")) return;
      clearTimeout(timer);
      resolve(JSON.parse(text));
    });
    child.once("exit", (code) => {
      clearTimeout(timer);
      fail(new Error(`the coordinator ended with ${code}: ${said()}`));
    });
  });
}
